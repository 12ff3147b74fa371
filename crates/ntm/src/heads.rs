//! The heads of a machine.

use seedbed_autodiff::{Float, Rng, Tensor, module};
use seedbed_nn::Linear;

use crate::memory::HeadOptions;

/// The heads of a machine: one linear map from the controller's output to the raw parameters of all of them.
#[derive(Clone, Debug)]
pub struct Heads<F: Float = f32> {
    /// From h to the raw head parameters, in the order that [`HeadOptions`] says.
    pub linear: Linear<F>,
    /// How many heads there are, and what their parameters mean.
    pub options: HeadOptions,
}
module!(Heads<F> { linear } config { options });

impl<F: Float> Heads<F> {
    /// Heads on `hidden` elements of the controller.
    pub(crate) fn new(options: HeadOptions, hidden: usize, rng: &mut Rng) -> Self {
        Self { linear: Linear::new(hidden, options.parameters(), rng), options }
    }

    /// Noise for the raw parameters in every step of a sequence, `[time, batch, parameters]`.
    pub(crate) fn noise(&self, [time, batch]: [usize; 2], std: f64, rng: &mut Rng) -> Tensor<F> {
        Tensor::normal(&[time, batch, self.options.parameters()], 0.0, std, rng)
    }

    /// The raw parameters from h, with noise `[batch, parameters]` if there is any.
    #[track_caller]
    pub(crate) fn raw(&self, h: &Tensor<F>, noise: Option<&Tensor<F>>) -> Tensor<F> {
        let raw = self.linear.forward(h);
        match noise {
            Some(noise) => raw + noise,
            None => raw,
        }
    }
}
