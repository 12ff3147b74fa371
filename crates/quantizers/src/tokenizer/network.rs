//! Encoders and decoders.

use seedbed_autodiff::{Activation, ConvOptions, Float, Rng, Tensor, module};
use seedbed_nn::{Conv2d, ConvTranspose2d, Mlp};

use super::{Architecture, TokenizerConfig};

/// Each halving of a picture.
const HALVE: ConvOptions<2> =
    ConvOptions { stride: [2, 2], padding: [1, 1], dilation: [1, 1], groups: 1 };

/// Pictures `[count, height, width, channels]` to vectors `[count, height/stride, width/stride, latent]`.
#[derive(Clone, Debug)]
pub struct Encoder<F: Float = f32> {
    /// Through patches.
    pub mlp: Option<Mlp<F>>,
    /// Halvings, then a map of each vector.
    pub convolutions: Vec<Conv2d<F>>,
    normalize: bool,
    stride: usize,
}
module!(Encoder<F> { mlp, convolutions } config { normalize, stride });

/// Sizes of an MLP's layers.
fn sizes(inputs: usize, hidden: usize, layers: usize, outputs: usize) -> Vec<usize> {
    [vec![inputs], vec![hidden; layers], vec![outputs]].concat()
}

impl<F: Float> Encoder<F> {
    pub(super) fn new(config: &TokenizerConfig, rng: &mut Rng) -> Self {
        let (mut mlp, mut convolutions) = (None, Vec::new());
        match &config.architecture {
            Architecture::PatchMlp { patch, hidden, layers } => {
                let inputs = patch * patch * config.channels;
                let sizes = sizes(inputs, *hidden, *layers, config.latent);
                mlp = Some(Mlp::new(&sizes, Activation::Relu, rng));
            }
            Architecture::Conv { channels } => {
                let mut inputs = config.channels;
                for &outputs in channels {
                    convolutions.push(Conv2d::new(inputs, outputs, [4, 4], HALVE, rng));
                    inputs = outputs;
                }
                convolutions.push(Conv2d::same(inputs, config.latent, [1, 1], rng));
            }
        }
        Self { mlp, convolutions, normalize: config.normalize, stride: config.stride() }
    }

    /// The vectors of pictures.
    ///
    /// # Panics
    /// If the pictures are not `[count, height, width, channels]`, or their sides no multiples of the stride.
    #[track_caller]
    pub fn forward(&self, pictures: &Tensor<F>) -> Tensor<F> {
        let &[n, h, w, c] = pictures.shape() else {
            panic!(
                "Encoder: pictures are [count, height, width, channels], not {:?}",
                pictures.shape()
            )
        };
        let s = self.stride;
        assert!(
            h.is_multiple_of(s) && w.is_multiple_of(s),
            "Encoder: the sides of {h}×{w} pictures must be multiples of {s}"
        );
        let mut x = match &self.mlp {
            Some(mlp) => {
                let rows = pictures.reshape(&[n, h / s, s, w / s, s, c]);
                let patches = rows.permute(&[0, 1, 3, 2, 4, 5]);
                mlp.forward(&patches.reshape(&[n, h / s, w / s, s * s * c]))
            }
            None => {
                let mut x = pictures.clone();
                for (i, convolution) in self.convolutions.iter().enumerate() {
                    x = convolution.forward(&x);
                    if i + 1 < self.convolutions.len() {
                        x = x.relu();
                    }
                }
                x
            }
        };
        if self.normalize {
            let centred = &x - x.mean_keepdim(-1);
            x = &centred * (centred.square().mean_keepdim(-1) + 1e-5).rsqrt();
        }
        x
    }
}

/// Vectors to pictures: the mirror image of the [`Encoder`].
#[derive(Clone, Debug)]
pub struct Decoder<F: Float = f32> {
    /// To patches.
    pub mlp: Option<Mlp<F>>,
    /// A map of each vector.
    pub first: Option<Conv2d<F>>,
    /// Doublings.
    pub convolutions: Vec<ConvTranspose2d<F>>,
    channels: usize,
    stride: usize,
}
module!(Decoder<F> { mlp, first, convolutions } config { channels, stride });

impl<F: Float> Decoder<F> {
    pub(super) fn new(config: &TokenizerConfig, rng: &mut Rng) -> Self {
        let (mut mlp, mut first, mut convolutions) = (None, None, Vec::new());
        match &config.architecture {
            Architecture::PatchMlp { patch, hidden, layers } => {
                let outputs = patch * patch * config.channels;
                let sizes = sizes(config.latent, *hidden, *layers, outputs);
                mlp = Some(Mlp::new(&sizes, Activation::Relu, rng));
            }
            Architecture::Conv { channels } => {
                let mut inputs = *channels.last().expect("checked to have a halving");
                first = Some(Conv2d::same(config.latent, inputs, [1, 1], rng));
                let outputs = channels.iter().rev().skip(1).chain([&config.channels]);
                for &outputs in outputs {
                    convolutions.push(ConvTranspose2d::new(inputs, outputs, [4, 4], HALVE, rng));
                    inputs = outputs;
                }
            }
        }
        let (channels, stride) = (config.channels, config.stride());
        Self { mlp, first, convolutions, channels, stride }
    }

    /// The pictures of vectors `[count, rows, columns, latent]`.
    ///
    /// # Panics
    /// If the vectors have another shape.
    #[track_caller]
    pub fn forward(&self, vectors: &Tensor<F>) -> Tensor<F> {
        let &[n, h, w, _] = vectors.shape() else {
            panic!("Decoder: vectors are [count, rows, columns, latent], not {:?}", vectors.shape())
        };
        let (s, c) = (self.stride, self.channels);
        if let Some(mlp) = &self.mlp {
            let patches = mlp.forward(vectors).reshape(&[n, h, w, s, s, c]);
            return patches.permute(&[0, 1, 3, 2, 4, 5]).reshape(&[n, h * s, w * s, c]);
        }
        let mut x = vectors.clone();
        if let Some(first) = &self.first {
            x = first.forward(&x);
        }
        for convolution in &self.convolutions {
            x = convolution.forward(&x.relu());
        }
        x
    }
}
