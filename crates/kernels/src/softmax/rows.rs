//! Groups that lie in one piece.

use super::row_sum::{gradient_of_confident, is_confident, log_sum, shift, sum_exp_m1};
use super::{Kernel, Kind};
use crate::Float;
use crate::simd::Lane;
use crate::sums;

pub(super) struct Forward<'a, F> {
    pub(super) kind: Kind,
    pub(super) x: &'a [F],
    pub(super) n: usize,
    pub(super) out: &'a mut [F],
}

impl<F: Float> Kernel for Forward<'_, F> {
    type Out = ();

    #[inline(always)]
    fn run<const FMA: bool>(self) {
        for (x, out) in self.x.chunks_exact(self.n).zip(self.out.chunks_exact_mut(self.n)) {
            let shift = shift(x);
            match self.kind {
                Kind::Softmax => {
                    for (o, &x) in out.iter_mut().zip(x) {
                        *o = Lane::<F, FMA>(x - shift).exp_nonpositive().0;
                    }
                    let sum = sums::sum(out);
                    let scale = if sum == F::zero() { F::zero() } else { sum.recip() };
                    for o in out {
                        *o *= scale;
                    }
                }
                Kind::LogSoftmax => {
                    let log_sum = log_sum(sum_exp_m1::<F, FMA>(x, shift));
                    for (o, &x) in out.iter_mut().zip(x) {
                        // In this order: the distance to the largest element loses nothing, however large both are.
                        *o = (x - shift) - log_sum;
                    }
                }
            }
        }
    }
}

pub(super) struct Backward<'a, F> {
    pub(super) kind: Kind,
    pub(super) y: &'a [F],
    pub(super) g: &'a [F],
    pub(super) n: usize,
    pub(super) out: &'a mut [F],
}

impl<F: Float> Kernel for Backward<'_, F> {
    type Out = ();

    #[inline(always)]
    fn run<const FMA: bool>(self) {
        let n = self.n;
        let rows = self.y.chunks_exact(n).zip(self.g.chunks_exact(n));
        for ((y, g), out) in rows.zip(self.out.chunks_exact_mut(n)) {
            match self.kind {
                Kind::Softmax => {
                    for ((o, &y), &g) in out.iter_mut().zip(y).zip(g) {
                        *o = y * g;
                    }
                    let sum = sums::sum(out);
                    for ((o, &y), &g) in out.iter_mut().zip(y).zip(g) {
                        *o = y * (g - sum);
                    }
                }
                Kind::LogSoftmax => {
                    let sum = sums::sum(g);
                    let mut any = false;
                    for ((o, &y), &g) in out.iter_mut().zip(y).zip(g) {
                        *o = g - Lane::<F, FMA>(y).exp_nonpositive().0 * sum;
                        any |= is_confident(y);
                    }
                    if any && let Some(i) = y.iter().position(|&y| is_confident(y)) {
                        out[i] = gradient_of_confident(y[i], g[i], sum);
                    }
                }
            }
        }
    }
}

pub(super) struct LogSumExp<'a, F> {
    pub(super) x: &'a [F],
    pub(super) n: usize,
    pub(super) out: &'a mut [F],
}

impl<F: Float> Kernel for LogSumExp<'_, F> {
    type Out = ();

    #[inline(always)]
    fn run<const FMA: bool>(self) {
        for (o, x) in self.out.iter_mut().zip(self.x.chunks_exact(self.n)) {
            let shift = shift(x);
            let sum = sum_exp_m1::<F, FMA>(x, shift);
            *o = if sum <= -F::one() { F::neg_infinity() } else { shift + log_sum(sum) };
            // ∞ − ∞, unless there was a NaN before.
            if o.is_nan() && !x.iter().any(|x| x.is_nan()) {
                *o = F::infinity();
            }
        }
    }
}
