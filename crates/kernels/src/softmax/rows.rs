//! Groups that lie in one piece.

use super::{Kernel, Kind};
use crate::Float;
use crate::simd::Lane;

/// Independent accumulators: they fill the vector registers, and fix the order of the additions.
const LANES: usize = 32;

/// Exponentials that are computed at once, before they are added up.
const BLOCK: usize = 256;

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
                    let sum = exp_and_sum::<F, FMA>(x, shift, out);
                    let scale = if sum == F::zero() { F::zero() } else { sum.recip() };
                    for o in out {
                        *o *= scale;
                    }
                }
                Kind::LogSoftmax => {
                    let sum = sum_exp::<F, FMA>(x, shift);
                    let offset = shift + if sum == F::zero() { F::zero() } else { sum.ln() };
                    for (o, &x) in out.iter_mut().zip(x) {
                        *o = x - offset;
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
                    let sum = fold(out, F::zero(), |s, &x| s + x);
                    for ((o, &y), &g) in out.iter_mut().zip(y).zip(g) {
                        *o = y * (g - sum);
                    }
                }
                Kind::LogSoftmax => {
                    let sum = fold(g, F::zero(), |s, &g| s + g);
                    for ((o, &y), &g) in out.iter_mut().zip(y).zip(g) {
                        *o = g - Lane::<F, FMA>(y).exp_nonpositive().0 * sum;
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
            *o = shift + sum_exp::<F, FMA>(x, shift).ln();
            // ∞ − ∞, unless there was a NaN before.
            if o.is_nan() && !x.iter().any(|x| x.is_nan()) {
                *o = F::infinity();
            }
        }
    }
}

/// The largest element, or 0 where that is not finite.
#[inline(always)]
fn shift<F: Float>(x: &[F]) -> F {
    let max = fold(x, F::neg_infinity(), |m, &x| if x > m { x } else { m });
    if max.is_finite() { max } else { F::zero() }
}

/// `Σ exp(x − shift)`.
#[inline(always)]
fn sum_exp<F: Float, const FMA: bool>(x: &[F], shift: F) -> F {
    let mut block = [F::zero(); BLOCK];
    let mut sum = F::zero();
    for x in x.chunks(BLOCK) {
        sum += exp_and_sum::<F, FMA>(x, shift, &mut block[..x.len()]);
    }
    sum
}

/// Writes `exp(x − shift)`, and returns the sum. In two loops: accumulators would take the registers from the exponentials.
#[inline(always)]
fn exp_and_sum<F: Float, const FMA: bool>(x: &[F], shift: F, out: &mut [F]) -> F {
    for (o, &x) in out.iter_mut().zip(x) {
        *o = Lane::<F, FMA>(x - shift).exp_nonpositive().0;
    }
    fold(out, F::zero(), |s, &x| s + x)
}

/// `f` over all elements, in [`LANES`] strands that are joined at the end; `f` must be associative but for
/// rounding.
#[inline(always)]
fn fold<F: Float>(x: &[F], start: F, f: impl Fn(F, &F) -> F) -> F {
    let (chunks, rest) = x.as_chunks::<LANES>();
    let rest = rest.iter().fold(start, &f);
    if chunks.is_empty() {
        return rest;
    }
    let mut lanes = [start; LANES];
    for chunk in chunks {
        for (lane, x) in lanes.iter_mut().zip(chunk) {
            *lane = f(*lane, x);
        }
    }
    f(join(lanes, &|a, b| f(a, &b)), &rest)
}

#[inline(always)]
fn join<F: Float>(mut lanes: [F; LANES], f: &impl Fn(F, F) -> F) -> F {
    let mut width = LANES;
    while width > 1 {
        width /= 2;
        for i in 0..width {
            lanes[i] = f(lanes[i], lanes[i + width]);
        }
    }
    lanes[0]
}
