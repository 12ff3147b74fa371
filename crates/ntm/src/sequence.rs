//! What all models of sequences have in common.

use seedbed_autodiff::{Float, Module, Rng, Tensor};
use seedbed_nn::Linear;

use crate::controller::Controller;
use crate::{Ntm, NtmError};

/// A model from sequences `[time, batch, inputs]` to logits `[time, batch, outputs]`: an [`Ntm`], or what it is compared with.
pub trait SequenceModel<F: Float>: Module<F> {
    /// Elements of one input vector.
    fn inputs(&self) -> usize;

    /// Rows of the memory; `None` for a model without one.
    fn slots(&self) -> Option<usize> {
        None
    }

    /// The logits `[time, batch, outputs]`.
    ///
    /// # Panics
    /// If the shapes do not fit.
    #[track_caller]
    fn logits(&self, sequence: &Tensor<F>) -> Tensor<F>;

    /// The logits of a pass to learn from, with noise of this standard deviation on the head parameters; see
    /// [`Ntm::forward_noisy`]. Models that know of no such noise give their [`logits`](Self::logits).
    ///
    /// # Panics
    /// If the shapes do not fit.
    #[track_caller]
    fn noisy_logits(&self, sequence: &Tensor<F>, _std: f64, _rng: &mut Rng) -> Tensor<F> {
        self.logits(sequence)
    }
}

impl<F: Float, C: Controller<F>> SequenceModel<F> for Ntm<F, C> {
    fn inputs(&self) -> usize {
        self.controller.inputs()
    }

    fn slots(&self) -> Option<usize> {
        Some(Ntm::slots(self))
    }

    #[track_caller]
    fn logits(&self, sequence: &Tensor<F>) -> Tensor<F> {
        self.forward(sequence)
    }

    #[track_caller]
    fn noisy_logits(&self, sequence: &Tensor<F>, std: f64, rng: &mut Rng) -> Tensor<F> {
        self.forward_noisy(sequence, std, rng)
    }
}

/// Time and batch of a sequence `[time, batch, inputs]`.
#[track_caller]
pub(crate) fn dims<F: Float>(model: &str, sequence: &Tensor<F>, inputs: usize) -> [usize; 2] {
    match *sequence.shape() {
        [time, batch, width] if width == inputs => [time, batch],
        _ => {
            panic!("{model}: needs a sequence [time, batch, {inputs}], got {:?}", sequence.shape())
        }
    }
}

/// What the outputs of a sequence are computed from: hₜ `[batch, hidden]` and rₜ `[batch, reads]` of every step.
pub(crate) struct Features<F: Float> {
    hidden: Vec<Tensor<F>>,
    reads: Vec<Tensor<F>>,
}

impl<F: Float> Features<F> {
    pub(crate) fn new(time: usize) -> Self {
        Self { hidden: Vec::with_capacity(time), reads: Vec::with_capacity(time) }
    }

    pub(crate) fn push(&mut self, h: Tensor<F>, read: &Tensor<F>) {
        self.hidden.push(h);
        self.reads.push(read.clone());
    }

    /// The outputs `[time, batch, outputs]` of all steps, as one product on [hₜ, rₜ].
    #[track_caller]
    pub(crate) fn outputs(&self, output: &Linear<F>, batch: usize) -> Tensor<F> {
        if self.hidden.is_empty() {
            return Tensor::zeros(&[0, batch, output.weight.shape()[1]]);
        }
        let [hidden, reads] = [&self.hidden, &self.reads].map(|steps| Tensor::stack(steps, 0));
        output.forward(&Tensor::concat(&[hidden, reads], 2))
    }
}

/// Whether a memory has a row for each vector.
pub(crate) fn check_capacity(slots: usize, vectors: usize) -> Result<(), NtmError> {
    if vectors <= slots { Ok(()) } else { Err(NtmError::MemoryTooSmall { slots, vectors }) }
}

/// Whether a sequence has the right shape and is finite.
pub(crate) fn check<F: Float>(sequence: &Tensor<F>, inputs: usize) -> Result<(), NtmError> {
    let &[_, batch, width] = sequence.shape() else {
        return Err(NtmError::Shape { shape: sequence.shape().to_vec(), inputs });
    };
    if width != inputs {
        return Err(NtmError::Shape { shape: sequence.shape().to_vec(), inputs });
    }
    match sequence.data().iter().position(|x| !x.is_finite()) {
        None => Ok(()),
        Some(i) => Err(NtmError::NotFinite {
            time: i / (batch * width),
            example: i / width % batch,
            channel: i % width,
            value: sequence.data()[i].f64(),
        }),
    }
}
