//! Recurrent networks: cells, and stacks of them over sequences.
//!
//! Sequences are batch-first: `[batch, time, features]`. A state is a plain value that goes in and comes out; it is a
//! [`Module`](seedbed_autodiff::Module), too, so that an initial state can be learnt.

mod gru;
mod lstm;

pub use gru::{Gru, GruCell};
pub use lstm::{Lstm, LstmCell, LstmState};

use seedbed_autodiff::{Float, Tensor};

/// The size of so many gates together.
#[track_caller]
fn gates(op: &str, number: usize, hidden: usize) -> usize {
    number
        .checked_mul(hidden)
        .unwrap_or_else(|| panic!("{op}: {hidden} units have more numbers than can be counted"))
}

/// What a sequence needs to know of a cell.
trait Cell<F: Float> {
    type State: Clone;

    fn zero_state(&self, batch: usize) -> Self::State;

    #[track_caller]
    fn step(&self, x: &Tensor<F>, state: &Self::State) -> Self::State;

    /// What the next layer sees.
    fn output(state: &Self::State) -> &Tensor<F>;
}

/// Runs layers of cells over a sequence `[batch, time, features]`: the outputs of the last layer `[batch, time, hidden]`, and the
/// last state of every layer. Without `initial` states, all are zero.
#[track_caller]
fn unroll<F: Float, C: Cell<F>>(
    op: &str,
    layers: &[C],
    x: &Tensor<F>,
    initial: Option<&[C::State]>,
) -> (Tensor<F>, Vec<C::State>) {
    let &[batch, time, _] = x.shape() else {
        panic!("{op}: needs a sequence [batch, time, features], got {:?}", x.shape())
    };
    let mut states = match initial {
        Some(states) => states.to_vec(),
        None => layers.iter().map(|cell| cell.zero_state(batch)).collect(),
    };
    assert!(
        states.len() == layers.len(),
        "{op}: {} layers need as many initial states, got {}",
        layers.len(),
        states.len()
    );
    let mut outputs = Vec::with_capacity(time);
    for t in 0..time {
        // Layer after layer, so that no sequence is put together in between.
        let mut features = x.index(1, t as isize);
        for (cell, state) in layers.iter().zip(&mut states) {
            *state = cell.step(&features, state);
            features = C::output(state).clone();
        }
        outputs.push(features);
    }
    if outputs.is_empty() {
        let width = states.last().map_or(0, |state| C::output(state).shape()[1]);
        return (Tensor::zeros(&[batch, 0, width]), states);
    }
    (Tensor::stack(&outputs, 1), states)
}
