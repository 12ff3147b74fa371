//! An expert: a small convolutional network from images to images.

use seedbed_autodiff::{ConvOptions, Float, Rng, Tensor, module};
use seedbed_nn::{
    BatchNorm, BatchStatistics, Check, Checked, Config, ConfigError, Conv2d, GroupNorm,
};
use serde::{Deserialize, Serialize};

/// What an [`Expert`] is made of.
///
/// ```
/// use seedbed_mechanisms::network::ExpertConfig;
/// use seedbed_nn::Config;
/// let error = ExpertConfig { layers: 1, ..ExpertConfig::default() }.check().unwrap_err();
/// assert_eq!(error.to_string(), "ExpertConfig.layers is 1, but should be at least 2");
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ExpertConfig {
    /// Channels of an image.
    pub channels: usize,
    /// Channels of the hidden layers.
    pub width: usize,
    /// Convolutions of 3×3. Each sees one pixel further: with n of them a shift of n pixels can be undone, and no larger one.
    pub layers: usize,
    /// What normalises the hidden layers.
    pub norm: Norm,
    /// What becomes of the last layer.
    pub head: Head,
}

/// What normalises the hidden layers of an [`Expert`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind", deny_unknown_fields)]
pub enum Norm {
    /// Over the batch, as in the paper.
    Batch,
    /// Over groups of channels of each image: what an expert makes of an image does not depend on the others.
    Group {
        /// How many groups.
        groups: usize,
    },
    /// Nothing.
    None,
}

/// What becomes of the last layer f(x) of an [`Expert`].
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind", deny_unknown_fields)]
pub enum Head {
    /// σ(f(x)), as in the paper. The expert has to learn the identity first.
    Sigmoid,
    /// x + f(x), where the last layer begins with normal weights of this standard deviation: 0 is exactly the identity before the first step.
    Residual {
        /// Of the weights of the last layer.
        std: f64,
    },
}

impl Default for ExpertConfig {
    /// Five layers of 32 channels on grey images, without normalisation, exactly the identity at first.
    fn default() -> Self {
        Self {
            channels: 1,
            width: 32,
            layers: 5,
            norm: Norm::None,
            head: Head::Residual { std: 0.0 },
        }
    }
}

impl ExpertConfig {
    /// As in the paper: five layers of 32 channels, batch normalisation, a sigmoid at the end.
    pub fn paper() -> Self {
        Self { norm: Norm::Batch, head: Head::Sigmoid, ..Self::default() }
    }
}

impl ExpertConfig {
    /// The weights of all convolutions.
    pub(crate) fn elements(&self) -> f64 {
        let (width, channels) = (self.width as f64, self.channels as f64);
        (self.layers as f64 - 2.0) * 9.0 * width * width + 18.0 * width * channels
    }
}

impl Config for ExpertConfig {
    fn validate(&self) -> Result<(), ConfigError> {
        let check = Check::of("ExpertConfig");
        check.size("channels", self.channels)?;
        check.size("width", self.width)?;
        check.that(self.layers >= 2, "layers", self.layers, "at least 2")?;
        check.size("layers", self.layers)?;
        check.elements("width", self.elements())?;
        if let Norm::Group { groups } = self.norm {
            let divides = groups > 0 && self.width.is_multiple_of(groups);
            let expected = format!("a divisor of {}, the width", self.width);
            check.that(divides, "norm.groups", groups, expected)?;
        }
        match self.head {
            Head::Residual { std } => {
                check.non_negative("head.std", std)?;
                check.that(std <= 1e6, "head.std", std, "at most 1e6")
            }
            Head::Sigmoid => Ok(()),
        }
    }
}

/// Images `[n, h, w, channels]` to images: 3×3 convolutions with zeros around the image, and between them normalisation and ELU.
#[derive(Clone, Debug)]
pub struct Expert<F: Float = f32> {
    /// From the image to the image.
    pub convs: Vec<Conv2d<F>>,
    /// One a hidden layer, if that is the norm.
    pub batch_norms: Vec<BatchNorm<F>>,
    /// One a hidden layer, if that is the norm.
    pub group_norms: Vec<GroupNorm<F>>,
    /// What becomes of the last layer.
    pub head: Head,
}
module!(Expert<F> { convs, batch_norms, group_norms } config { head });

/// Means and variances of the hidden layers on a batch; none where nothing is normalised over the batch.
pub type Moments<F> = Vec<BatchStatistics<F>>;

impl<F: Float> Expert<F> {
    /// Weights by He's uniform rule, but the last layer of [`Head::Residual`].
    pub fn new(config: &Checked<ExpertConfig>, rng: &mut Rng) -> Self {
        let (width, hidden) = (config.width, config.layers - 1);
        let mut convs: Vec<Conv2d<F>> = (0..hidden)
            .map(|layer| {
                let inputs = if layer == 0 { config.channels } else { width };
                let conv = Conv2d::same(inputs, width, [3, 3], rng);
                if config.norm == Norm::Batch { conv.without_bias() } else { conv }
            })
            .collect();
        let mut last = Conv2d::same(width, config.channels, [3, 3], rng);
        if let Head::Residual { std } = config.head {
            let shape = last.weight.shape().to_vec();
            last.weight = match std {
                0.0 => Tensor::zeros(&shape),
                std => Tensor::normal(&shape, 0.0, std, rng),
            };
        }
        convs.push(last);
        let (batch, groups) = match config.norm {
            Norm::Batch => (hidden, None),
            Norm::Group { groups } => (0, Some(groups)),
            Norm::None => (0, None),
        };
        let group_norm = |groups| vec![GroupNorm::new(groups, width); hidden];
        Self {
            convs,
            batch_norms: vec![BatchNorm::new(width); batch],
            group_norms: groups.map_or_else(Vec::new, group_norm),
            head: config.head,
        }
    }

    /// Inference: batch normalisation by the running statistics.
    ///
    /// # Panics
    /// If `x` is not `[n, h, w, channels]`.
    #[track_caller]
    pub fn forward(&self, x: &Tensor<F>) -> Tensor<F> {
        self.run(x, |norm, _, h| norm.forward(h))
    }

    /// Training: batch normalisation by the statistics of this batch, which come with the images.
    ///
    /// # Panics
    /// If `x` is not `[n, h, w, channels]`.
    #[track_caller]
    pub fn forward_train(&self, x: &Tensor<F>) -> (Tensor<F>, Moments<F>) {
        let mut moments = Vec::new();
        let y = self.run(x, |norm, _, h| {
            let (y, of_batch) = norm.forward_train(h);
            moments.push(of_batch);
            y
        });
        (y, moments)
    }

    /// On some images of a batch, with the statistics of all of it as constants: the same outputs as [`forward_train`](Self::forward_train) has for
    /// these images. Were the few images normalised by their own statistics, what is learnt would not be what won.
    ///
    /// # Panics
    /// If `x` is not `[n, h, w, channels]`, or the moments are of another expert.
    #[track_caller]
    pub fn forward_with(&self, x: &Tensor<F>, moments: &Moments<F>) -> Tensor<F> {
        self.run(x, |norm, layer, h| {
            let BatchStatistics { mean, var, .. } = &moments[layer];
            h.batch_norm_with(mean, var, &norm.weight, &norm.bias, norm.eps)
        })
    }

    /// Takes the statistics of a batch into the running ones.
    pub fn update(&mut self, moments: &Moments<F>) {
        self.batch_norms.iter_mut().zip(moments).for_each(|(norm, of_batch)| norm.update(of_batch));
    }

    #[track_caller]
    fn run(
        &self,
        x: &Tensor<F>,
        mut batch_norm: impl FnMut(&BatchNorm<F>, usize, &Tensor<F>) -> Tensor<F>,
    ) -> Tensor<F> {
        let (last, hidden) = self.convs.split_last().expect("an expert has at least two layers");
        let mut h = x.clone();
        for (layer, conv) in hidden.iter().enumerate() {
            h = conv.forward(&h);
            if let Some(norm) = self.batch_norms.get(layer) {
                h = batch_norm(norm, layer, &h);
            }
            if let Some(norm) = self.group_norms.get(layer) {
                h = norm.forward(&h);
            }
            h = h.elu(1.0);
        }
        let f = last.forward(&h);
        match self.head {
            Head::Sigmoid => f.sigmoid(),
            Head::Residual { .. } => x + f,
        }
    }

    /// Floating-point operations of the convolutions on one image.
    pub fn flops(&self, height: usize, width: usize) -> f64 {
        let weights: usize = self.convs.iter().map(|conv| conv.weight.len()).sum();
        2.0 * (weights * height * width) as f64
    }
}

/// Options of a convolution that keeps the size.
pub(super) const SAME: ConvOptions<2> =
    ConvOptions { stride: [1, 1], padding: [1, 1], dilation: [1, 1], groups: 1 };
