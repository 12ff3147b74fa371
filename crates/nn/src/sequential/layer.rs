use seedbed_autodiff::{Activation, Float, Module, Path, Rng, Role, Tensor};

use super::Sequential;
use crate::{
    BatchNorm, BatchStatistics, Conv1d, Conv2d, ConvTranspose1d, ConvTranspose2d, Dropout,
    GroupNorm, LayerNorm, Linear, RmsNorm,
};

/// A window that moves over an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Height and width.
    pub kernel: [usize; 2],
    /// Steps down and across.
    pub stride: [usize; 2],
}

/// Defines [`Layer`]: first the layers that are modules, then those without tensors.
macro_rules! layers {
    ($($(#[$meta:meta])* $Name:ident($T:ty),)*) => {
        /// A layer of a [`Sequential`]. Its tensors have the paths that they have in the layer itself.
        #[derive(Clone, Debug)]
        #[non_exhaustive]
        pub enum Layer<F: Float = f32> {
            $($(#[$meta])* $Name($T),)*
            /// An elementwise function.
            Activation(Activation),
            /// All axes but the first become one.
            Flatten,
            /// The largest number of each window; see [`Tensor::max_pool2d`].
            MaxPool2d(Window),
            /// The mean of each window; see [`Tensor::avg_pool2d`].
            AvgPool2d(Window),
            /// The means of so many parts down and across; see [`Tensor::adaptive_avg_pool2d`].
            AdaptiveAvgPool2d([usize; 2]),
            /// The mean over all axes but the first and the last: one number a channel.
            GlobalMean,
        }

        $(impl<F: Float> From<$T> for Layer<F> {
            fn from(layer: $T) -> Self {
                Self::$Name(layer)
            }
        })*

        impl<F: Float> Module<F> for Layer<F> {
            fn walk(&self, path: &mut Path, f: &mut dyn FnMut(&Path, Role, &Tensor<F>)) {
                match self {
                    $(Self::$Name(layer) => Module::<F>::walk(layer, path, f),)*
                    _ => {}
                }
            }
            fn walk_mut(&mut self, path: &mut Path, f: &mut dyn FnMut(&Path, Role, &mut Tensor<F>)) {
                match self {
                    $(Self::$Name(layer) => Module::<F>::walk_mut(layer, path, f),)*
                    _ => {}
                }
            }
        }
    };
}

layers! {
    /// [`Linear`].
    Linear(Linear<F>),
    /// [`Conv1d`].
    Conv1d(Conv1d<F>),
    /// [`Conv2d`].
    Conv2d(Conv2d<F>),
    /// [`ConvTranspose1d`].
    ConvTranspose1d(ConvTranspose1d<F>),
    /// [`ConvTranspose2d`].
    ConvTranspose2d(ConvTranspose2d<F>),
    /// [`LayerNorm`].
    LayerNorm(LayerNorm<F>),
    /// [`RmsNorm`].
    RmsNorm(RmsNorm<F>),
    /// [`GroupNorm`].
    GroupNorm(GroupNorm<F>),
    /// [`BatchNorm`].
    BatchNorm(BatchNorm<F>),
    /// [`Dropout`].
    Dropout(Dropout),
    /// Layers within.
    Sequential(Sequential<F>),
}

impl<F: Float> From<Activation> for Layer<F> {
    fn from(activation: Activation) -> Self {
        Self::Activation(activation)
    }
}

impl<F: Float> Layer<F> {
    /// The largest number of each window, the windows side by side.
    pub fn max_pool2d(kernel: [usize; 2]) -> Self {
        Self::MaxPool2d(Window { kernel, stride: kernel })
    }

    /// The mean of each window, the windows side by side.
    pub fn avg_pool2d(kernel: [usize; 2]) -> Self {
        Self::AvgPool2d(Window { kernel, stride: kernel })
    }

    /// Inference.
    ///
    /// # Panics
    /// If the shape does not fit.
    #[track_caller]
    pub fn forward(&self, x: &Tensor<F>) -> Tensor<F> {
        match self {
            Self::Linear(layer) => layer.forward(x),
            Self::Conv1d(layer) => layer.forward(x),
            Self::Conv2d(layer) => layer.forward(x),
            Self::ConvTranspose1d(layer) => layer.forward(x),
            Self::ConvTranspose2d(layer) => layer.forward(x),
            Self::LayerNorm(layer) => layer.forward(x),
            Self::RmsNorm(layer) => layer.forward(x),
            Self::GroupNorm(layer) => layer.forward(x),
            Self::BatchNorm(layer) => layer.forward(x),
            Self::Dropout(layer) => layer.forward(x),
            Self::Sequential(layer) => layer.forward(x),
            Self::Activation(activation) => activation.apply(x),
            Self::Flatten => {
                let samples = samples("Flatten", x);
                let features = x.shape()[1..].iter().fold(1, |n: usize, &of| n.saturating_mul(of));
                x.reshape(&[samples, features])
            }
            Self::MaxPool2d(Window { kernel, stride }) => x.max_pool2d(*kernel, *stride, [0, 0]),
            Self::AvgPool2d(Window { kernel, stride }) => x.avg_pool2d(*kernel, *stride, [0, 0]),
            Self::AdaptiveAvgPool2d(size) => x.adaptive_avg_pool2d(*size),
            Self::GlobalMean => {
                samples("GlobalMean", x);
                x.mean((1..x.ndim() as isize - 1).collect::<Vec<_>>())
            }
        }
    }

    /// Training; statistics of batches are added to `statistics`.
    #[track_caller]
    pub(super) fn forward_train(
        &self,
        x: &Tensor<F>,
        rng: &mut Rng,
        statistics: &mut Vec<BatchStatistics<F>>,
    ) -> Tensor<F> {
        match self {
            Self::Dropout(layer) => layer.forward_train(x, rng),
            Self::BatchNorm(layer) => {
                let (y, found) = layer.forward_train(x);
                statistics.push(found);
                y
            }
            Self::Sequential(inner) => {
                let (y, found) = inner.forward_train(x, rng);
                statistics.extend(found);
                y
            }
            _ => self.forward(x),
        }
    }

    /// Takes what belongs to this layer; false if there is too little.
    pub(super) fn update<'a>(
        &mut self,
        rest: &mut impl Iterator<Item = &'a BatchStatistics<F>>,
    ) -> bool {
        match self {
            Self::BatchNorm(layer) => rest.next().map(|found| layer.update(found)).is_some(),
            // A vtable ends the recursion of types.
            Self::Sequential(inner) => {
                let rest: &mut dyn Iterator<Item = _> = rest;
                inner.layers.iter_mut().all(|layer| layer.update(&mut &mut *rest))
            }
            _ => true,
        }
    }
}

#[track_caller]
fn samples<F: Float>(layer: &str, x: &Tensor<F>) -> usize {
    *x.shape().first().unwrap_or_else(|| panic!("{layer}: needs an axis of samples, got a scalar"))
}
