//! The block that all convolutional networks of this crate are made of.

use seedbed_autodiff::{ConvOptions, Float, Rng, Tensor, module};
use seedbed_nn::{BatchNorm, Conv2d};

/// A convolution without bias and a normalisation by the statistics of the batch, in training and afterwards.
#[derive(Clone, Debug)]
pub struct NormedConv<F: Float = f32> {
    conv: Conv2d<F>,
    norm: BatchNorm<F>,
}
module!(NormedConv<F> { conv, norm });

impl<F: Float> NormedConv<F> {
    /// A kernel of an odd side `kernel` that keeps the size of the image, or divides it by `stride`.
    pub fn new(inputs: usize, outputs: usize, kernel: usize, stride: usize, rng: &mut Rng) -> Self {
        let options =
            ConvOptions { stride: [stride; 2], padding: [kernel / 2; 2], ..Default::default() };
        let conv = Conv2d::new(inputs, outputs, [kernel; 2], options, rng).without_bias();
        Self { conv, norm: BatchNorm::new(outputs) }
    }

    /// `[samples, height, width, inputs]` to `[samples, height / stride, width / stride, outputs]`, sizes rounded up.
    ///
    /// # Panics
    /// If `x` has another rank or other channels.
    #[track_caller]
    pub fn forward(&self, x: &Tensor<F>) -> Tensor<F> {
        let (y, statistics) = self.norm.forward_train(&self.conv.forward(x));
        statistics.discard();
        y
    }
}
