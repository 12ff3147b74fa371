//! How heads address a memory, and what their parameters mean.

use seedbed_autodiff::{Float, Tensor};

use crate::{AddActivation, Sharpening};

/// How heads address a memory.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AddressingOptions {
    /// 2R + 1, the number of shifts that a head chooses from; `None` for addressing by content alone.
    pub shifts: Option<usize>,
    /// ε in the cosine.
    pub similarity_eps: f64,
    /// How attention is normalised after sharpening.
    pub sharpening: Sharpening,
}

impl AddressingOptions {
    /// Parameters of a head on a memory whose rows have `width` elements: k and β, and g, s, γ unless it goes by content alone.
    pub fn parameters(&self, width: usize) -> usize {
        width + 1 + self.shifts.map_or(0, |shifts| shifts + 2)
    }
}

/// The heads of a machine that all see the memory as the last step left it.
///
/// Their raw parameters stand one after the other: of every head, all that read before all that write, those that
/// [`addressing`](crate::memory::addressing) takes; then, of every write head, e and a, of `width` elements each.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HeadOptions {
    /// Heads that read.
    pub reads: usize,
    /// Heads that write.
    pub writes: usize,
    /// M, the elements of a row of the memory.
    pub width: usize,
    /// How they address the memory.
    pub addressing: AddressingOptions,
    /// Raw parameters are clipped to ±this; ∞ for no clipping.
    pub clip: f64,
    /// What an add vector a goes through.
    pub add: AddActivation,
}

/// Decoded head parameters: clipped, and those that change the memory through their activations.
#[derive(Clone, Debug)]
pub struct HeadParameters<F: Float = f32> {
    /// The raw parameters by which every head addresses the memory, `[batch, heads, parameters]`: see [`addressing`](crate::memory::addressing).
    pub addressing: Tensor<F>,
    /// e of every write head, in (0, 1), `[batch, write heads, M]`.
    pub erase: Tensor<F>,
    /// a of every write head, `[batch, write heads, M]`.
    pub add: Tensor<F>,
}

impl HeadOptions {
    /// Read and write heads.
    pub fn heads(&self) -> usize {
        self.reads + self.writes
    }

    /// Raw parameters of all heads.
    pub fn parameters(&self) -> usize {
        self.lengths().iter().sum()
    }

    /// How many raw parameters say where all heads look, and how many what all write heads write.
    pub(crate) fn lengths(&self) -> [usize; 2] {
        [self.heads() * self.addressing.parameters(self.width), 2 * self.writes * self.width]
    }

    /// What raw parameters `[batch, parameters]` mean.
    ///
    /// # Panics
    /// If the shape does not fit.
    #[track_caller]
    pub fn decode<F: Float>(&self, raw: &Tensor<F>) -> HeadParameters<F> {
        let batch = raw.shape()[0];
        let parts = raw.clamp(-self.clip, self.clip).split(1, &self.lengths());
        let change = parts[1].reshape(&[batch, self.writes, 2 * self.width]).chunk(2, 2);
        let parameters = self.addressing.parameters(self.width);
        HeadParameters {
            addressing: parts[0].reshape(&[batch, self.heads(), parameters]),
            erase: change[0].sigmoid(),
            add: match self.add {
                AddActivation::Identity => change[1].clone(),
                AddActivation::Tanh => change[1].tanh(),
            },
        }
    }
}
