//! Softmax cross-entropy, row by row: ℓ = −Σⱼ tⱼ ln softmax(x)ⱼ.
//!
//! The softmax itself is never stored. The forward pass keeps two numbers a row, the largest logit `m` and
//! `s = Σⱼ exp(xⱼ − m) − 1`; the gradient computes the exponentials again, which is cheaper than writing them to
//! memory and reading them back. With the 1 of the largest logit left out of `s`, the loss and the gradient of a row on which the model is sure keep
//! their digits: they are about as small as `s`.
//!
//! A class with the logit −∞ is absent. It has probability 0; where its target is 0 it adds nothing to the loss, and has no gradient. Where every
//! class is absent the loss is infinite. Rows whose incoming gradient is 0 have none, whatever their logits are.

use super::rows::{self, Lanes, Rows, WIDTH, fold, map};
use super::softmax::row_sum::{log_sum, shift, sum_exp_m1};
use super::sums::{self, in_blocks};
use crate::Float;
use crate::simd::Lane;

/// About what a logit costs, in scalar operations.
const WORK: usize = 24;

/// What is found out about a row: the largest logit, Σⱼ exp(xⱼ − max) − 1, and the loss.
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

/// The gradient with respect to the target distribution `t`: −g ln softmax(x).
pub fn target_gradient<F: Float>(x: &[F], t: &[F], Saved(found): &Saved<F>, g: &[F]) -> Vec<F> {
    let (n, classes) = (g.len(), x.len() / g.len().max(1));
    let [out] = rows::collect(TargetGradient, n, x.len() * 4, [x, t, found, g], [classes]);
    out
}

#[derive(Clone, Copy)]
struct Forward<'a, F>(Target<'a, F>);

impl<F: Float> Rows<F, 1, 1> for Forward<'_, F> {
    #[inline(always)]
    fn row<const FMA: bool>(self, row: usize, [x]: [&[F]; 1], [found]: [&mut [F]; 1]) {
        let zero = F::zero();
        let max = shift(x);
        let sum_m1 = sum_exp_m1::<_, FMA>(x, max);
        let log_sum = log_sum(sum_m1);
        // −ln softmax(x)ⱼ, by the distance to the largest logit: large logits cost no accuracy.
        let surprise = |x: F| log_sum + (max - x);
        let loss = match self.0 {
            Target::Labels { labels, smoothing } => {
                let of_label = surprise(x[labels[row]]);
                if smoothing == zero {
                    of_label
                } else {
                    let [below] = in_blocks!(x.len(), |block| {
                        [fold::<_, FMA>(&x[block], max, zero, |s, x| s + (Lane(max) - x)).sum()]
                    });
                    let mean = log_sum + below / F::of(x.len() as f64);
                    if smoothing == F::one() {
                        mean
                    } else {
                        (F::one() - smoothing) * of_label + smoothing * mean
                    }
                }
            }
            Target::Dense(t) => {
                let t = &t[row * x.len()..][..x.len()];
                let [loss] = in_blocks!(x.len(), |block| {
                    let mut loss = Lanes::<F, FMA>::splat(zero);
                    for at in block.step_by(WIDTH) {
                        let surprise = Lanes::load(x, at, max).map(|x| Lane(surprise(x.0)));
                        let t = Lanes::<F, FMA>::load(t, at, zero);
                        loss = loss + t.zip(surprise, |t, x| t.eq(0.0).select(0.0, t * x));
                    }
                    [loss.sum()]
                });
                loss
            }
        };
        found.copy_from_slice(&[max, sum_m1, loss]);
    }
}

#[derive(Clone, Copy)]
struct Gradient<'a, F>(Target<'a, F>);

impl<F: Float> Rows<F, 3, 1> for Gradient<'_, F> {
    #[inline(always)]
    fn row<const FMA: bool>(self, row: usize, [x, found, g]: [&[F]; 3], [out]: [&mut [F]; 1]) {
        let (max, sum_m1, g) = (found[0], found[1], g[0]);
        if g == F::zero() {
            return;
        }
        let sum = sum_m1 + F::one();
        // g over the sum; where every class is absent, no class has a probability.
        let scale = if sum == F::zero() { F::zero() } else { g / sum };
        match self.0 {
            Target::Labels { labels, smoothing } => {
                let (label, spread) = (labels[row], g * smoothing / F::of(x.len() as f64));
                map::<_, FMA>(x, out, |x| {
                    (x - Lane(max)).exp_nonpositive().mul_add(Lane(scale), -Lane(spread))
                });
                if x[label] == max {
                    // p − 1 is −Σ of the other classes' p.
                    out[label] = g * smoothing - (scale * sum_m1 + spread);
                } else {
                    out[label] -= g * (F::one() - smoothing);
                }
            }
            Target::Dense(t) => {
                let t = &t[row * x.len()..][..x.len()];
                let total = sums::sum(t);
                let of_all = scale * total;
                for at in (0..x.len()).step_by(WIDTH) {
                    let p = Lanes::<F, FMA>::load(x, at, max)
                        .map(|x| (x - Lane(max)).exp_nonpositive() * Lane(of_all));
                    let t = Lanes::load(t, at, F::zero()).map(|t| t * Lane(g));
                    (p - t).store(out, at);
                }
                if sum_m1 < F::one()
                    && let Some(largest) = place_of(x, max)
                {
                    // As above: p Σt − t = (Σt − t) − (1 − p) Σt.
                    out[largest] = g * (total - t[largest]) - of_all * sum_m1;
                }
            }
        }
    }
}

/// The first place of a number.
#[inline(always)]
fn place_of<F: Float>(x: &[F], number: F) -> Option<usize> {
    // Without a branch for each element, so that it is done in vectors.
    let has = |x: &[F]| x.iter().fold(false, |any, &x| any | (x == number));
    let chunk = x.chunks(4 * WIDTH).position(has)?;
    let first = chunk * 4 * WIDTH;
    x[first..].iter().position(|&x| x == number).map(|i| first + i)
}

#[derive(Clone, Copy)]
struct TargetGradient;

impl<F: Float> Rows<F, 4, 1> for TargetGradient {
    #[inline(always)]
    fn row<const FMA: bool>(self, _: usize, [x, t, found, g]: [&[F]; 4], [out]: [&mut [F]; 1]) {
        let (max, log_sum, g) = (found[0], log_sum(found[1]), g[0]);
        if g == F::zero() {
            return;
        }
        for (out, (&x, &t)) in out.iter_mut().zip(x.iter().zip(t)) {
            let absent = (x == F::neg_infinity()) & (t == F::zero());
            *out = if absent { F::zero() } else { g * (log_sum + (max - x)) };
        }
    }
}
