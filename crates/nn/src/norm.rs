//! Normalisation as layers.

mod batch;
mod handover;
mod rms;

pub use batch::{BatchNorm, BatchStatistics};
pub use rms::RmsNorm;

use seedbed_autodiff::{Float, Tensor, module};

/// What is added to a variance, by default.
const EPS: f64 = 1e-5;

/// Layer normalisation over the last axis (Ba, Kiros & Hinton 2016).
#[derive(Clone, Debug)]
pub struct LayerNorm<F: Float = f32> {
    /// Gain `[channels]`, 1 at first.
    pub weight: Tensor<F>,
    /// Shift `[channels]`, 0 at first.
    pub bias: Tensor<F>,
    /// Added to the variance.
    pub eps: f64,
}
module!(LayerNorm<F> { weight, bias } config { eps });

impl<F: Float> LayerNorm<F> {
    /// For inputs `[…, channels]`, with ε = 10⁻⁵.
    #[track_caller]
    pub fn new(channels: usize) -> Self {
        Self { weight: Tensor::ones(&[channels]), bias: Tensor::zeros(&[channels]), eps: EPS }
    }

    /// Every row normalised, times the gain plus the shift; see [`Tensor::layer_norm`].
    ///
    /// # Panics
    /// If the last axis has not `channels` elements.
    #[track_caller]
    pub fn forward(&self, x: &Tensor<F>) -> Tensor<F> {
        x.layer_norm(&self.weight, &self.bias, self.eps)
    }
}

/// Group normalisation of `[samples, …, channels]` (Wu & He 2018).
#[derive(Clone, Debug)]
pub struct GroupNorm<F: Float = f32> {
    /// Gain `[channels]`, 1 at first.
    pub weight: Tensor<F>,
    /// Shift `[channels]`, 0 at first.
    pub bias: Tensor<F>,
    /// Groups of neighbouring channels.
    pub groups: usize,
    /// Added to the variance.
    pub eps: f64,
}
module!(GroupNorm<F> { weight, bias } config { groups, eps });

impl<F: Float> GroupNorm<F> {
    /// `channels` in `groups`, with ε = 10⁻⁵.
    ///
    /// # Panics
    /// If the channels do not split into the groups.
    #[track_caller]
    pub fn new(groups: usize, channels: usize) -> Self {
        assert!(
            groups > 0 && channels.is_multiple_of(groups),
            "GroupNorm: {channels} channels do not split into {groups} groups"
        );
        let (weight, bias) = (Tensor::ones(&[channels]), Tensor::zeros(&[channels]));
        Self { weight, bias, groups, eps: EPS }
    }

    /// Every group of every sample normalised, times the gain plus the shift; see [`Tensor::group_norm`].
    ///
    /// # Panics
    /// If there are fewer than two axes, or the last has not `channels` elements.
    #[track_caller]
    pub fn forward(&self, x: &Tensor<F>) -> Tensor<F> {
        x.group_norm(self.groups, &self.weight, &self.bias, self.eps)
    }
}
