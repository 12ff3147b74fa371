//! Batch normalisation with running statistics.

use seedbed_autodiff::{Float, Tensor, module};

use super::EPS;
use super::handover::Handover;

/// Batch normalisation over all axes but the last (Ioffe & Szegedy 2015).
///
/// Nothing is hidden: [`forward_train`](Self::forward_train) normalises by the statistics of the batch and returns them;
/// [`update`](Self::update) takes them into the running statistics after the step; [`forward`](Self::forward) uses those. A debug build
/// warns where the statistics are dropped instead.
///
/// ```
/// use seedbed_autodiff::{Rng, Tensor, value_and_grad_aux};
/// use seedbed_nn::BatchNorm;
///
/// let mut norm = BatchNorm::<f32>::new(3);
/// let x = Tensor::normal(&[64, 3], 5.0, 2.0, &mut Rng::new(0));
/// let (_loss, statistics, _gradient) = value_and_grad_aux(&norm, |norm| {
///     let (y, statistics) = norm.forward_train(&x);
///     (y.square().mean(..), statistics)
/// });
/// norm.update(&statistics);
/// assert!(norm.running_mean.data().iter().all(|m| (m - 0.5).abs() < 0.1)); // 0.9 · 0 + 0.1 · 5
/// ```
#[derive(Clone, Debug)]
pub struct BatchNorm<F: Float = f32> {
    /// Gain `[channels]`, 1 at first.
    pub weight: Tensor<F>,
    /// Shift `[channels]`, 0 at first.
    pub bias: Tensor<F>,
    /// Mean of the batches so far `[channels]`, 0 at first.
    pub running_mean: Tensor<F>,
    /// Variance of the batches so far `[channels]`, 1 at first.
    pub running_var: Tensor<F>,
    /// Added to the variance.
    pub eps: f64,
    /// The share of a new batch in the running statistics.
    pub momentum: f64,
}
module!(BatchNorm<F> { weight, bias } buffers { running_mean, running_var } config { eps, momentum });

/// What a batch says of the distribution of its channels; constants, without a gradient.
#[derive(Clone, Debug)]
#[must_use = "without BatchNorm::update the running statistics stay as they are"]
pub struct BatchStatistics<F: Float = f32> {
    /// `[channels]`.
    pub mean: Tensor<F>,
    /// `[channels]`, the sum of squares divided by `count`.
    pub var: Tensor<F>,
    /// Numbers a channel.
    pub count: usize,
    handover: Handover,
}

impl<F: Float> BatchStatistics<F> {
    /// Statistics from elsewhere, the mean over several devices for example.
    #[track_caller]
    pub fn new(mean: Tensor<F>, var: Tensor<F>, count: usize) -> Self {
        Self { mean, var, count, handover: Handover::default() }
    }

    /// Says that the running statistics are meant to stay as they are, so that nothing warns.
    pub fn discard(self) {
        self.handover.taken();
    }
}

impl<F: Float> BatchNorm<F> {
    /// For inputs `[…, channels]`, with ε = 10⁻⁵ and a share of 0.1 for a new batch.
    #[track_caller]
    pub fn new(channels: usize) -> Self {
        let (ones, zeros) = (Tensor::ones(&[channels]), Tensor::zeros(&[channels]));
        Self {
            weight: ones.clone(),
            bias: zeros.clone(),
            running_mean: zeros,
            running_var: ones,
            eps: EPS,
            momentum: 0.1,
        }
    }

    /// Inference: normalised by the running statistics.
    ///
    /// # Panics
    /// If the last axis has not `channels` elements.
    #[track_caller]
    pub fn forward(&self, x: &Tensor<F>) -> Tensor<F> {
        let (mean, var) = (&self.running_mean, &self.running_var);
        x.batch_norm_with(mean, var, &self.weight, &self.bias, self.eps)
    }

    /// Training: normalised by the statistics of the batch, which are returned for [`update`](Self::update).
    ///
    /// # Panics
    /// If the last axis has not `channels` elements.
    #[track_caller]
    pub fn forward_train(&self, x: &Tensor<F>) -> (Tensor<F>, BatchStatistics<F>) {
        let (y, mean, var) = x.batch_norm(&self.weight, &self.bias, self.eps);
        let count = x.len() / self.weight.len();
        (y, BatchStatistics { mean, var, count, handover: Handover::pending() })
    }

    /// Takes the statistics of a batch into the running ones: running ← (1 − momentum) running + momentum batch, the variance without
    /// bias (Ioffe & Szegedy 2015, algorithm 2, line 10). Fewer than two numbers a channel have no such variance, and
    /// change nothing.
    pub fn update(&mut self, batch: &BatchStatistics<F>) {
        batch.handover.taken();
        if batch.count < 2 {
            return;
        }
        let unbiased = batch.count as f64 / (batch.count - 1) as f64;
        let towards = |running: &Tensor<F>, new: &Tensor<F>, factor: f64| {
            running * (1.0 - self.momentum) + new * (self.momentum * factor)
        };
        let mean = towards(&self.running_mean, &batch.mean, 1.0).stop_gradient();
        let var = towards(&self.running_var, &batch.var, unbiased).stop_gradient();
        (self.running_mean, self.running_var) = (mean, var);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use seedbed_autodiff::Rng;

    #[test]
    fn running_statistics_approach_those_of_the_data() {
        let rng = &mut Rng::new(0);
        let mut norm = BatchNorm::<f64>::new(2);
        for _ in 0..200 {
            let x = Tensor::normal(&[256, 2], 3.0, 2.0, rng);
            let (_, statistics) = norm.forward_train(&x);
            norm.update(&statistics);
        }
        assert!(norm.running_mean.data().iter().all(|m| (m - 3.0).abs() < 0.1));
        assert!(norm.running_var.data().iter().all(|v| (v - 4.0).abs() < 0.3));
        let y = norm.forward(&Tensor::normal(&[4096, 2], 3.0, 2.0, rng));
        assert!(y.mean(..).item().abs() < 0.1);
        assert!((y.square().mean(..).item() - 1.0).abs() < 0.1);
    }

    #[test]
    fn a_batch_without_a_variance_changes_nothing() {
        let mut norm = BatchNorm::<f32>::new(2);
        for n in [0, 1] {
            let (_, statistics) = norm.forward_train(&Tensor::ones(&[n, 2]));
            norm.update(&statistics);
        }
        assert_eq!(norm.running_mean, Tensor::zeros(&[2]));
        assert_eq!(norm.running_var, Tensor::ones(&[2]));
    }
}
