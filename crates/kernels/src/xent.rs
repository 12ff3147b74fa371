//! Softmax cross-entropy, row by row: ℓ = −Σⱼ tⱼ ln softmax(x)ⱼ.
//!
//! The softmax itself is never stored. The forward pass keeps two numbers a row, the largest logit `m` and
//! `s = Σⱼ exp(xⱼ − m)`; the gradient computes the exponentials again, which is cheaper than writing them to
//! memory and reading them back.

use super::rows::{self, Lanes, Rows, WIDTH, fold, map, sum_of};
use crate::Float;
use crate::simd::Lane;

/// About what a logit costs, in scalar operations.
const WORK: usize = 24;

/// What is found out about a row: the largest logit, Σⱼ exp(xⱼ − max), and the loss.
const FOUND: usize = 3;

/// What rows are compared with.
#[derive(Clone, Copy, Debug)]
pub enum Target<'a, F> {
    /// The class `labels[i]` with probability 1 − ε, and ε spread evenly over all classes.
    Labels {
        /// The class of every row.
        labels: &'a [usize],
        /// ε.
        smoothing: F,
    },
    /// A distribution a row.
    Dense(&'a [F]),
}

/// What the forward pass keeps.
#[derive(Debug)]
pub struct Saved<F>(Vec<F>);

/// The loss of every row of the logits `x`.
pub fn forward<F: Float>(x: &[F], classes: usize, target: Target<'_, F>) -> (Vec<F>, Saved<F>) {
    let n = x.len() / classes;
    let [found] = rows::collect(Forward(target), n, x.len() * WORK, [x], [FOUND]);
    (found.iter().skip(2).step_by(FOUND).copied().collect(), Saved(found))
}

/// The gradient of Σᵢ gᵢ ℓᵢ with respect to the logits: g (softmax(x) Σt − t).
pub fn gradient<F: Float>(
    x: &[F],
    target: Target<'_, F>,
    Saved(found): &Saved<F>,
    g: &[F],
) -> Vec<F> {
    let (n, classes) = (g.len(), x.len() / g.len().max(1));
    let [out] = rows::collect(Gradient(target), n, x.len() * WORK, [x, found, g], [classes]);
    out
}

/// The gradient with respect to a target distribution: −g ln softmax(x).
pub fn target_gradient<F: Float>(x: &[F], Saved(found): &Saved<F>, g: &[F]) -> Vec<F> {
    let (n, classes) = (g.len(), x.len() / g.len().max(1));
    let [out] = rows::collect(TargetGradient, n, x.len() * 4, [x, found, g], [classes]);
    out
}

#[derive(Clone, Copy)]
struct Forward<'a, F>(Target<'a, F>);

impl<F: Float> Rows<F, 1, 1> for Forward<'_, F> {
    #[inline(always)]
    fn row<const FMA: bool>(self, row: usize, [x]: [&[F]; 1], [found]: [&mut [F]; 1]) {
        let (zero, lowest) = (F::zero(), F::neg_infinity());
        let max = fold::<_, FMA>(x, lowest, lowest, |m, x| x.gt(m).select(x, m))
            .reduce(|a, b| a.gt(b).select(a, b));
        let sum = sum_of::<_, FMA>(x, |x| (x - Lane(max)).exp_nonpositive());
        let log_sum = sum.ln();
        // −ln softmax(x)ⱼ, by the distance to the largest logit: large logits cost no accuracy.
        let surprise = |x: F| log_sum + (max - x);
        let loss = match self.0 {
            Target::Labels { labels, smoothing } => {
                let of_label = surprise(x[labels[row]]);
                if smoothing == zero {
                    of_label
                } else {
                    let below = fold::<_, FMA>(x, max, zero, |s, x| s + (Lane(max) - x)).sum();
                    let mean = log_sum + below / F::of(x.len() as f64);
                    of_label + smoothing * (mean - of_label)
                }
            }
            Target::Dense(t) => {
                let t = &t[row * x.len()..][..x.len()];
                let mut loss = Lanes::<F, FMA>::splat(zero);
                for at in (0..x.len()).step_by(WIDTH) {
                    let surprise = Lanes::load(x, at, max).map(|x| Lane(surprise(x.0)));
                    loss = loss + surprise * Lanes::load(t, at, zero);
                }
                loss.sum()
            }
        };
        found.copy_from_slice(&[max, sum, loss]);
    }
}

#[derive(Clone, Copy)]
struct Gradient<'a, F>(Target<'a, F>);

impl<F: Float> Rows<F, 3, 1> for Gradient<'_, F> {
    #[inline(always)]
    fn row<const FMA: bool>(self, row: usize, [x, found, g]: [&[F]; 3], [out]: [&mut [F]; 1]) {
        let (max, sum, g) = (found[0], found[1], g[0]);
        match self.0 {
            Target::Labels { labels, smoothing } => {
                let (scale, spread) = (g / sum, g * smoothing / F::of(x.len() as f64));
                map::<_, FMA>(x, out, |x| {
                    (x - Lane(max)).exp_nonpositive().mul_add(Lane(scale), -Lane(spread))
                });
                out[labels[row]] -= g * (F::one() - smoothing);
            }
            Target::Dense(t) => {
                let t = &t[row * x.len()..][..x.len()];
                let total = fold::<_, FMA>(t, F::zero(), F::zero(), |s, t| s + t).sum();
                let scale = g / sum * total;
                for at in (0..x.len()).step_by(WIDTH) {
                    let p = Lanes::<F, FMA>::load(x, at, max)
                        .map(|x| (x - Lane(max)).exp_nonpositive() * Lane(scale));
                    let t = Lanes::load(t, at, F::zero()).map(|t| t * Lane(g));
                    (p - t).store(out, at);
                }
            }
        }
    }
}

#[derive(Clone, Copy)]
struct TargetGradient;

impl<F: Float> Rows<F, 3, 1> for TargetGradient {
    #[inline(always)]
    fn row<const FMA: bool>(self, _: usize, [x, found, g]: [&[F]; 3], [out]: [&mut [F]; 1]) {
        let (max, log_sum, g) = (found[0], found[1].ln(), g[0]);
        for (out, &x) in out.iter_mut().zip(x) {
            *out = g * (log_sum + (max - x));
        }
    }
}
