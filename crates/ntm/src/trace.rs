//! What the heads did, for drawing.

use seedbed_autodiff::{Float, Tensor};

use crate::NtmState;
use crate::memory::{HeadOptions, HeadParameters};

/// What the heads did in one step, as constants.
#[derive(Clone, Debug)]
pub struct Snapshot<F: Float = f32> {
    /// wₜ of all read heads, then of all write heads, `[batch, heads, N]`.
    pub attention: Tensor<F>,
    /// rₜ, `[batch, read heads, M]`.
    pub read: Tensor<F>,
    /// e, `[batch, write heads, M]`.
    pub erase: Tensor<F>,
    /// a, `[batch, write heads, M]`.
    pub add: Tensor<F>,
    /// The memory after the step, `[batch, N, M]`.
    pub memory: Tensor<F>,
    /// How the heads addressed the memory.
    pub addressing: AddressingSnapshot<F>,
}

/// The parameters by which heads address the memory, after their activations. The last three are empty (of width 0) where addressing is by content alone.
#[derive(Clone, Debug)]
pub struct AddressingSnapshot<F: Float = f32> {
    /// k, `[batch, heads, M]`.
    pub key: Tensor<F>,
    /// β, `[batch, heads, 1]`.
    pub strength: Tensor<F>,
    /// g, `[batch, heads, 1]`.
    pub gate: Tensor<F>,
    /// s, the shifts from −R to R, `[batch, heads, 2R + 1]`.
    pub shift: Tensor<F>,
    /// γ, `[batch, heads, 1]`.
    pub sharpness: Tensor<F>,
}

impl<F: Float> AddressingSnapshot<F> {
    fn new(raw: &Tensor<F>, heads: &HeadOptions) -> Self {
        let shifts = heads.addressing.shifts;
        let one = usize::from(shifts.is_some());
        let sizes = [heads.width, 1, one, shifts.unwrap_or(0), one];
        let parts = raw.stop_gradient().split(2, &sizes);
        Self {
            key: parts[0].clone(),
            strength: parts[1].softplus(),
            gate: parts[2].sigmoid(),
            shift: parts[3].softmax(2),
            sharpness: parts[4].softplus() + 1.0,
        }
    }
}

impl<F: Float> Snapshot<F> {
    pub(crate) fn new<S>(
        state: &NtmState<F, S>,
        parameters: &HeadParameters<F>,
        heads: &HeadOptions,
    ) -> Self {
        let batch = state.memory.shape()[0];
        Self {
            attention: state.attention.stop_gradient(),
            read: state.read.stop_gradient().reshape(&[batch, heads.reads, heads.width]),
            erase: parameters.erase.stop_gradient(),
            add: parameters.add.stop_gradient(),
            memory: state.memory.stop_gradient(),
            addressing: AddressingSnapshot::new(&parameters.addressing, heads),
        }
    }
}

/// What the heads did over a whole sequence: a [`Snapshot`] with the time as the first axis of everything.
#[derive(Clone, Debug)]
pub struct Trace<F: Float = f32> {
    /// wₜ of all read heads, then of all write heads, `[time, batch, heads, N]`.
    pub attention: Tensor<F>,
    /// rₜ, `[time, batch, read heads, M]`.
    pub read: Tensor<F>,
    /// e, `[time, batch, write heads, M]`.
    pub erase: Tensor<F>,
    /// a, `[time, batch, write heads, M]`.
    pub add: Tensor<F>,
    /// The memory after each step, `[time, batch, N, M]`.
    pub memory: Tensor<F>,
    /// How the heads addressed the memory.
    pub addressing: AddressingSnapshot<F>,
}

impl<F: Float> Trace<F> {
    #[track_caller]
    pub(crate) fn new(steps: &[Snapshot<F>]) -> Self {
        assert!(!steps.is_empty(), "Trace: there is no step to show");
        let all = |get: fn(&Snapshot<F>) -> &Tensor<F>| {
            Tensor::stack(&steps.iter().map(get).collect::<Vec<_>>(), 0)
        };
        Self {
            attention: all(|s| &s.attention),
            read: all(|s| &s.read),
            erase: all(|s| &s.erase),
            add: all(|s| &s.add),
            memory: all(|s| &s.memory),
            addressing: AddressingSnapshot {
                key: all(|s| &s.addressing.key),
                strength: all(|s| &s.addressing.strength),
                gate: all(|s| &s.addressing.gate),
                shift: all(|s| &s.addressing.shift),
                sharpness: all(|s| &s.addressing.sharpness),
            },
        }
    }
}
