//! Numbers that become digits: what is kept for long must not drift.

use seedbed_autodiff::{Float, Rng, Tensor};
use seedbed_neural_gpu::Perturbation;

/// How a machine runs: what is done to what it computes, so that it learns to keep digits.
///
/// In training, noise and rounding come by chance, and gradients pass as if nothing was done. A machine is used with
/// [`EXACT`](Self::EXACT): no noise, every state, strip and gate rounded, and every head at one slot.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Digital {
    /// What is done to the states of cells.
    pub cells: Perturbation,
    /// The share of strips' numbers and gates that is rounded.
    pub rounding: f64,
    /// The share of heads that look at one slot alone.
    pub one_slot: f64,
    /// The standard deviation of the noise on the parameters of heads.
    pub head_noise: f64,
}

impl Digital {
    /// Everything is rounded; no noise.
    pub const EXACT: Self =
        Self { cells: Perturbation::ROUNDED, rounding: 1.0, one_slot: 1.0, head_noise: 0.0 };

    /// Nothing is done.
    pub const SOFT: Self =
        Self { cells: Perturbation::NONE, rounding: 0.0, one_slot: 0.0, head_noise: 0.0 };

    /// x with a share of its elements rounded to the nearest of −1, 0 and 1.
    pub(crate) fn ternary<F: Float>(&self, x: &Tensor<F>, rng: &mut Rng) -> Tensor<F> {
        let half = F::of(0.5);
        self.rounded(x, rng, |x| {
            if x > half {
                F::one()
            } else if x < -half {
                -F::one()
            } else if x.is_nan() {
                x
            } else {
                F::zero()
            }
        })
    }

    /// Gates with a share of them rounded to 0 or 1.
    pub(crate) fn binary<F: Float>(&self, x: &Tensor<F>, rng: &mut Rng) -> Tensor<F> {
        let half = F::of(0.5);
        self.rounded(x, rng, |x| {
            if x.is_nan() {
                x
            } else if x > half {
                F::one()
            } else {
                F::zero()
            }
        })
    }

    fn rounded<F: Float>(&self, x: &Tensor<F>, rng: &mut Rng, digit: impl Fn(F) -> F) -> Tensor<F> {
        if self.rounding <= 0.0 {
            return x.clone();
        }
        let mut value = |&x: &F| {
            let rounds = self.rounding >= 1.0 || rng.bernoulli(self.rounding);
            if rounds { digit(x) } else { x }
        };
        passed(x, x.data().iter().map(&mut value).collect())
    }

    /// Attention `[batch, heads, N]` with a share of the heads at their foremost slot alone.
    pub(crate) fn one_slot<F: Float>(&self, attention: &Tensor<F>, rng: &mut Rng) -> Tensor<F> {
        let slots = attention.shape()[2];
        if self.one_slot <= 0.0 || slots == 0 {
            return attention.clone();
        }
        let mut values = attention.to_vec();
        for row in values.chunks_exact_mut(slots) {
            // What went wrong must not become a slot.
            if (self.one_slot >= 1.0 || rng.bernoulli(self.one_slot))
                && let Some(first) = foremost(row)
            {
                row.fill(F::zero());
                row[first] = F::one();
            }
        }
        passed(attention, values)
    }

    /// x with noise of the heads.
    pub(crate) fn noisy<F: Float>(&self, x: &Tensor<F>, rng: &mut Rng) -> Tensor<F> {
        if self.head_noise <= 0.0 {
            return x.clone();
        }
        x + Tensor::normal(x.shape(), 0.0, self.head_noise, rng)
    }
}

/// These values, with the gradient of x.
fn passed<F: Float>(x: &Tensor<F>, values: Vec<F>) -> Tensor<F> {
    // The difference is 0 exactly, or NaN where x is not finite.
    Tensor::new(values, x.shape()) + (x - x.stop_gradient())
}

/// The place of the greatest number, the first of several; `None` if one is NaN, or there is none.
pub(crate) fn foremost<F: Float>(row: &[F]) -> Option<usize> {
    let mut first = None;
    for (i, x) in row.iter().enumerate() {
        if x.is_nan() {
            return None;
        }
        if first.is_none_or(|first: usize| *x > row[first]) {
            first = Some(i);
        }
    }
    first
}
