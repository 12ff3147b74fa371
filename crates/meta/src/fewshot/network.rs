//! The convolutional network of few-shot learning on Omniglot.

use seedbed_autodiff::{Float, Rng, Tensor, module};
use seedbed_nn::Linear;

use crate::NormedConv;

/// Four blocks of a 3×3 convolution with stride 2, batch normalisation by the batch's own statistics, and ReLU (Finn et al. 2017, the
/// convolutional network without pooling).
#[derive(Clone, Debug)]
pub struct Body<F: Float = f32> {
    blocks: Vec<NormedConv<F>>,
}
module!(Body<F> { blocks });

impl<F: Float> Body<F> {
    /// For images with so many `inputs` channels, `channels` wide.
    pub fn new(inputs: usize, channels: usize, rng: &mut Rng) -> Self {
        let sizes = [inputs, channels, channels, channels, channels];
        let blocks = sizes.windows(2).map(|s| NormedConv::new(s[0], s[1], 3, 2, rng));
        Self { blocks: blocks.collect() }
    }

    /// Images `[n, height, width, channels]` to features `[n, f]`.
    ///
    /// # Panics
    /// If the images have other channels.
    #[track_caller]
    pub fn forward(&self, images: &Tensor<F>) -> Tensor<F> {
        let mut x = images.clone();
        for block in &self.blocks {
            x = block.forward(&x).relu();
        }
        let n = x.shape()[0];
        x.reshape(&[n, x.len() / n])
    }

    /// Features of an image of this side.
    pub fn features(side: usize, channels: usize) -> usize {
        let side = (0..4).fold(side, |side, _| side.div_ceil(2));
        side * side * channels
    }
}

/// A body, and a linear layer from its features to classes.
#[derive(Clone, Debug)]
pub struct FewShotNet<F: Float = f32> {
    /// Features.
    pub body: Body<F>,
    /// Classes.
    pub head: Linear<F>,
}
module!(FewShotNet<F> { body, head });

impl<F: Float> FewShotNet<F> {
    /// For square grey images of this `side`.
    pub fn new(side: usize, channels: usize, ways: usize, rng: &mut Rng) -> Self {
        let body = Body::new(1, channels, rng);
        Self { body, head: Linear::new(Body::<F>::features(side, channels), ways, rng) }
    }
}
