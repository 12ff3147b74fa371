//! The discriminator: how much an image looks like one of the canonical distribution.

use seedbed_autodiff::{Float, Rng, Tensor, module};
use seedbed_nn::{Activation, Check, Checked, Config, ConfigError, Conv2d, Linear};
use serde::{Deserialize, Serialize};

use super::expert::SAME;
use super::spectral;

/// What a [`Discriminator`] is made of.
///
/// ```
/// use seedbed_mechanisms::network::DiscriminatorConfig;
/// use seedbed_nn::Config;
/// let small = DiscriminatorConfig { image: [4, 4, 1], ..DiscriminatorConfig::default() };
/// let error = small.check().unwrap_err().to_string();
/// assert_eq!(error, "DiscriminatorConfig.image is 4×4, but should be at least 8×8, so that 3 halvings leave a pixel");
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DiscriminatorConfig {
    /// Height, width and channels of an image.
    pub image: [usize; 3],
    /// The channels of the 3×3 convolutions; each block ends with the mean over 2×2 pixels.
    pub blocks: Vec<Vec<usize>>,
    /// Units of the layer before the logit.
    pub hidden: usize,
    /// Whether every weight is divided by its largest singular value.
    pub spectral: bool,
}

impl Default for DiscriminatorConfig {
    /// As in the paper, on grey images of 32×32: convolutions of 16, 16, 16; 32, 32; 64, 64 channels, then 1024 units.
    fn default() -> Self {
        let blocks = vec![vec![16; 3], vec![32; 2], vec![64; 2]];
        Self { image: [32, 32, 1], blocks, hidden: 1024, spectral: false }
    }
}

impl DiscriminatorConfig {
    /// Every width divided by two, and so about a quarter of the work.
    #[must_use]
    pub fn half(mut self) -> Self {
        self.blocks.iter_mut().flatten().for_each(|width| *width = (*width / 2).max(1));
        self.hidden = (self.hidden / 2).max(1);
        self
    }

    /// The weights of all layers.
    pub(crate) fn elements(&self) -> f64 {
        let mut widths = vec![self.image[2] as f64];
        widths.extend(self.blocks.iter().flatten().map(|&width| width as f64));
        let convs: f64 = widths.windows(2).map(|pair| 9.0 * pair[0] * pair[1]).sum();
        let [height, width] = self.last_size().map(|side| side as f64);
        convs + (widths[widths.len() - 1] * height * width + 1.0) * self.hidden as f64
    }

    /// Height and width after all blocks.
    pub(crate) fn last_size(&self) -> [usize; 2] {
        [0, 1].map(|axis| self.image[axis].checked_shr(self.blocks.len() as u32).unwrap_or(0))
    }
}

impl Config for DiscriminatorConfig {
    fn validate(&self) -> Result<(), ConfigError> {
        let check = Check::of("DiscriminatorConfig");
        for (axis, n) in self.image.into_iter().enumerate().rev() {
            // The sides of an image are looked at below.
            if axis == 2 || n > 0 {
                check.size(format!("image[{axis}]"), n)?;
            }
        }
        check.at_least_one("blocks", self.blocks.len() as u64)?;
        check.size("hidden", self.hidden)?;
        for (i, block) in self.blocks.iter().enumerate() {
            check.at_least_one(format!("blocks[{i}]"), block.len() as u64)?;
            for (j, &width) in block.iter().enumerate() {
                check.size(format!("blocks[{i}][{j}]"), width)?;
            }
        }
        let halvings = self.blocks.len();
        let least = 1_u128.checked_shl(halvings as u32).unwrap_or(u128::MAX);
        let [height, width, _] = self.image;
        let expected =
            format!("at least {least}×{least}, so that {halvings} halvings leave a pixel");
        let leaves_a_pixel = !self.last_size().contains(&0);
        check.that(leaves_a_pixel, "image", format!("{height}×{width}"), expected)?;
        check.elements("hidden", self.elements())
    }
}

/// Images `[n, h, w, channels]` to logits `[n]`: positive where an image looks canonical.
#[derive(Clone, Debug)]
pub struct Discriminator<F: Float = f32> {
    /// The convolutions of each block.
    pub blocks: Vec<Vec<Conv2d<F>>>,
    /// To the units before the logit.
    pub hidden: Linear<F>,
    /// To the logit.
    pub output: Linear<F>,
    /// With spectral normalisation the vectors of the power iteration, one a weight; else none.
    pub singular: Vec<Tensor<F>>,
}
module!(Discriminator<F> { blocks, hidden, output } buffers { singular });

impl<F: Float> Discriminator<F> {
    /// Weights by He's uniform rule.
    pub fn new(config: &Checked<DiscriminatorConfig>, rng: &mut Rng) -> Self {
        let mut channels = config.image[2];
        let mut conv = |width: &usize| {
            let conv = Conv2d::new(channels, *width, [3, 3], SAME, rng);
            channels = *width;
            conv
        };
        let blocks: Vec<Vec<Conv2d<F>>> =
            config.blocks.iter().map(|block| block.iter().map(&mut conv).collect()).collect();
        let [height, width] = config.last_size();
        let hidden = Linear::new(height * width * channels, config.hidden, rng);
        let output = Linear::new(config.hidden, 1, rng);
        let mut model = Self { blocks, hidden, output, singular: Vec::new() };
        if config.spectral {
            let widths: Vec<usize> =
                model.weights().iter().map(|w| w.shape()[w.ndim() - 1]).collect();
            model.singular =
                widths.into_iter().map(|n| Tensor::normal(&[n], 0.0, 1.0, rng)).collect();
            // So that σ is right from the first step on.
            (0..10).for_each(|_| model.update());
        }
        model
    }

    /// Logits, `[n]`.
    ///
    /// # Panics
    /// If `x` is not of the size that it was made for.
    #[track_caller]
    pub fn forward(&self, x: &Tensor<F>) -> Tensor<F> {
        let mut layer = 0;
        let mut weight = |w: &Tensor<F>| {
            layer += 1;
            match self.singular.get(layer - 1) {
                Some(u) => spectral::normalised(w, u),
                None => w.clone(),
            }
        };
        let mut h = x.clone();
        for block in &self.blocks {
            for conv in block {
                let bias = conv.bias.as_ref().expect("made with a bias");
                h = (h.conv2d(&weight(&conv.weight), conv.options) + bias).elu(1.0);
            }
            h = h.avg_pool2d([2, 2], [2, 2], [0, 0]);
        }
        let n = x.shape()[0];
        let features = h.reshape(&[n, h.len() / n.max(1)]);
        let mut dense = |linear: &Linear<F>, x: &Tensor<F>, activation| {
            let weight = weight(&linear.weight);
            Linear { weight, ..linear.clone() }.forward_with(x, activation)
        };
        let hidden = dense(&self.hidden, &features, Activation::Identity).elu(1.0);
        dense(&self.output, &hidden, Activation::Identity).reshape(&[n])
    }

    /// One power iteration of each weight, if they are normalised: after a step of the optimiser.
    pub fn update(&mut self) {
        let next: Vec<Tensor<F>> = self
            .weights()
            .iter()
            .zip(&self.singular)
            .map(|(w, u)| spectral::iterate(w, u).0)
            .collect();
        self.singular = next;
    }

    fn weights(&self) -> Vec<&Tensor<F>> {
        let convs = self.blocks.iter().flatten().map(|conv| &conv.weight);
        convs.chain([&self.hidden.weight, &self.output.weight]).collect()
    }

    /// Floating-point operations of convolutions and products on one image of this size.
    pub fn flops(&self, mut height: usize, mut width: usize) -> f64 {
        let mut flops = 0;
        for block in &self.blocks {
            flops += block.iter().map(|conv| conv.weight.len() * height * width).sum::<usize>();
            (height, width) = (height / 2, width / 2);
        }
        2.0 * (flops + self.hidden.weight.len() + self.output.weight.len()) as f64
    }
}
