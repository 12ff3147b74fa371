//! The networks that are trained.

use seedbed::autodiff::{Activation, Rng, Tensor};
use seedbed::nn::{Conv2d, Dropout, Init, Layer, Linear, Sequential};
use seedbed::rho_selection::train::Outputs;

/// The kinds of networks for images of 784 pixels in ten classes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Arch {
    /// Hidden layers of these widths with ReLU.
    Mlp(&'static [usize]),
    /// The same with tanh.
    Tanh(&'static [usize]),
    /// With dropout of ½ after each hidden layer.
    Dropout(&'static [usize]),
    /// Two convolutions, each with a pool, and one hidden layer.
    Cnn,
}

const PIXELS: usize = 784;
const CLASSES: usize = 10;

impl Arch {
    /// A fresh network. Weights before a ReLU are He's, all others Glorot's.
    pub(crate) fn init(self, rng: &mut Rng) -> Sequential {
        match self {
            Self::Mlp(hidden) => mlp(hidden, Activation::Relu, None, rng),
            Self::Tanh(hidden) => mlp(hidden, Activation::Tanh, None, rng),
            Self::Dropout(hidden) => mlp(hidden, Activation::Relu, Some(Dropout::new(0.5)), rng),
            Self::Cnn => Sequential::new()
                .push(Conv2d::same(1, 8, [3, 3], rng))
                .push(Activation::Relu)
                .push(Layer::max_pool2d([2, 2]))
                .push(Conv2d::same(8, 16, [3, 3], rng))
                .push(Activation::Relu)
                .push(Layer::max_pool2d([2, 2]))
                .push(Layer::Flatten)
                .push(Linear::with_init(16 * 49, 64, Init::HeUniform, rng))
                .push(Activation::Relu)
                .push(Linear::with_init(64, CLASSES, Init::GlorotUniform, rng)),
        }
    }
}

fn mlp(
    hidden: &[usize],
    activation: Activation,
    dropout: Option<Dropout>,
    rng: &mut Rng,
) -> Sequential {
    let init = match activation {
        Activation::Relu => Init::HeUniform,
        _ => Init::GlorotUniform,
    };
    let (mut net, mut width) = (Sequential::new(), PIXELS);
    for &next in hidden {
        net = net.push(Linear::with_init(width, next, init, rng)).push(activation);
        if let Some(dropout) = dropout {
            net = net.push(dropout);
        }
        width = next;
    }
    net.push(Linear::with_init(width, CLASSES, Init::GlorotUniform, rng))
}

/// Logits `[rows, 10]` and features of images `[rows, 784]`, for inference.
pub(crate) fn outputs(net: &Sequential, x: &Tensor) -> Outputs {
    let (last, body) = net.layers.split_last().expect("a network has layers");
    let features = body.iter().fold(shaped(net, x), |x, layer| layer.forward(&x));
    Outputs { logits: last.forward(&features), features: Some(features) }
}

/// Samples of logits with dropout. What comes before the first dropout is the same in all of them, and computed once.
pub(crate) fn dropout_samples(
    net: &Sequential,
    x: &Tensor,
    samples: usize,
    rng: &mut Rng,
) -> Outputs {
    let first = net.layers.iter().position(|layer| matches!(layer, Layer::Dropout(_)));
    let (before, after) = net.layers.split_at(first.unwrap_or(0));
    let fixed = before.iter().fold(shaped(net, x), |x, layer| layer.forward(&x));
    let after = Sequential { layers: after.to_vec() };
    Outputs::samples(samples, |_| after.forward_train(&fixed, rng).0)
}

/// Logits in training, with dropout.
pub(crate) fn logits_in_training(net: &Sequential, x: &Tensor, rng: &mut Rng) -> Tensor {
    net.forward_train(&shaped(net, x), rng).0
}

/// Convolutions see an image, other layers its pixels.
fn shaped(net: &Sequential, x: &Tensor) -> Tensor {
    match net.layers.first() {
        Some(Layer::Conv2d(_)) => x.reshape(&[x.shape()[0], 28, 28, 1]),
        _ => x.clone(),
    }
}
