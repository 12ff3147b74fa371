//! Codes that move with the data as a whole: affine re-parametrisation (Huh et al. 2023, section 3.1).
//!
//! Codes are kept in a space of their own and compared as `e' = (e − μₑ) · σₓ/σₑ + μₓ`, with running means and deviations of the vectors (x) and of the codes (e), number by
//! number. So all codes follow a drift of the vectors at once, those that are never used, too.

use seedbed_autodiff::{Float, Tensor};
use seedbed_nn::{Check, ConfigError};
use serde::{Deserialize, Serialize};

/// How fast the running moments follow.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AffineMoments {
    /// What is kept of the vectors' moments at each update.
    pub batch_decay: f64,
    /// What is kept of the codes' moments.
    pub codebook_decay: f64,
}

impl Default for AffineMoments {
    /// The reference's.
    fn default() -> Self {
        Self { batch_decay: 0.99, codebook_decay: 0.9 }
    }
}

impl AffineMoments {
    pub(super) fn validate(self, check: Check) -> Result<(), ConfigError> {
        check.decay_rate("affine.batch_decay", self.batch_decay)?;
        check.decay_rate("affine.codebook_decay", self.codebook_decay)
    }
}

/// Variances below this are taken for it.
const LEAST: f64 = 1e-5;

/// Rows of the moments of a codebook: mean and variance of the vectors, then of the codes; and 1 once they are known.
pub(super) const ROWS: usize = 5;

/// The running moments of one codebook.
#[derive(Clone, Debug)]
pub(super) struct Moments<F: Float>(pub(super) Tensor<F>);

impl<F: Float> Moments<F> {
    fn row(&self, i: isize) -> Tensor<F> {
        self.0.index(0, i)
    }

    fn are_known(&self) -> bool {
        self.0.data().last().is_some_and(|&known| known != F::zero())
    }

    /// The same after these vectors, which are at least one, and codes: the first are taken as they are.
    pub(super) fn after(&self, x: &Tensor<F>, codes: &Tensor<F>, decay: AffineMoments) -> Self {
        let moments = |t: &Tensor<F>| {
            let t = t.stop_gradient();
            let mean = t.mean(0);
            let variance = (&t - &mean).square().mean(0);
            [mean, variance]
        };
        let [[mean_x, variance_x], [mean_e, variance_e]] = [moments(x), moments(codes)];
        let known = Tensor::ones(mean_x.shape());
        let fresh = [mean_x, variance_x, mean_e, variance_e, known];
        if !self.are_known() {
            return Self(Tensor::stack(&fresh, 0));
        }
        let keep =
            [decay.batch_decay, decay.batch_decay, decay.codebook_decay, decay.codebook_decay, 0.0];
        let rows: Vec<_> = (0..ROWS)
            .map(|i| self.row(i as isize) * keep[i] + &fresh[i] * (1.0 - keep[i]))
            .collect();
        Self(Tensor::stack(&rows, 0))
    }

    fn deviation(&self, i: isize) -> Tensor<F> {
        self.row(i).maximum(LEAST).sqrt()
    }

    /// Codes where vectors are.
    pub(super) fn to_vectors(&self, codes: &Tensor<F>) -> Tensor<F> {
        if !self.are_known() {
            return codes.clone();
        }
        (codes - self.row(2)) * (self.deviation(1) / self.deviation(3)) + self.row(0)
    }

    /// The way back: vectors where codes are kept.
    pub(super) fn to_codes(&self, x: &Tensor<F>) -> Tensor<F> {
        if !self.are_known() {
            return x.clone();
        }
        (x - self.row(0)) * (self.deviation(3) / self.deviation(1)) + self.row(2)
    }
}
