//! Sums of exponentials along a row, and their logarithms.

use crate::Float;
use crate::simd::Lane;
use crate::sums::{LANES, in_blocks, of_block};

/// Exponentials that are computed at once, before they are added up.
const BUFFER: usize = 256;

/// Where a sum of exponentials less one is smaller than this, adding the one would cost digits.
const SMALL: f64 = 0.125;

/// The largest element, or 0 where that is not finite.
#[inline(always)]
pub(crate) fn shift<F: Float>(x: &[F]) -> F {
    let max = largest(x);
    if max.is_finite() { max } else { F::zero() }
}

/// The largest element, NaN left aside; −∞ if there is none.
#[inline(always)]
fn largest<F: Float>(x: &[F]) -> F {
    let larger = |a: F, b: F| if b > a { b } else { a };
    let (chunks, rest) = x.as_chunks::<LANES>();
    let rest = rest.iter().fold(F::neg_infinity(), |m, &x| larger(m, x));
    if chunks.is_empty() {
        return rest;
    }
    let mut lanes = [F::neg_infinity(); LANES];
    for chunk in chunks {
        for (lane, &x) in lanes.iter_mut().zip(chunk) {
            *lane = larger(*lane, x);
        }
    }
    let mut width = LANES;
    while width > 1 {
        width /= 2;
        for i in 0..width {
            lanes[i] = larger(lanes[i], lanes[i + width]);
        }
    }
    larger(lanes[0], rest)
}

/// `Σ exp(x − shift) − 1`, where `shift` is the largest element (or 0, as [`self::shift`] says): so small as it is where one element outweighs
/// all others, that the sum itself would be 1. −1 for a row of nothing but −∞.
#[inline(always)]
pub(crate) fn sum_exp_m1<F: Float, const FMA: bool>(x: &[F], shift: F) -> F {
    let mut buffer = [F::zero(); BUFFER];
    let [ones, others] = in_blocks!(BUFFER, x.len(), |range| {
        let values = &mut buffer[..range.len()];
        for (e, &x) in values.iter_mut().zip(&x[range]) {
            *e = Lane::<F, FMA>(x - shift).exp_nonpositive().0;
        }
        let sum = of_block(values);
        if sum >= F::one() && sum < F::of(1.0 + SMALL) {
            without_one(values, sum)
        } else {
            [F::zero(), sum]
        }
    });
    (ones - F::one()) + others
}

/// The sum of numbers of which at most one is 1, as this 1 and the sum of the others.
#[inline(always)]
fn without_one<F: Float>(x: &mut [F], sum: F) -> [F; 2] {
    // Without a branch for each number, so that it is looked for in vectors.
    let has = |x: &&mut [F]| x.iter().fold(false, |any, &x| any | (x == F::one()));
    let chunk = x.chunks_mut(LANES).find(has);
    let Some(one) = chunk.and_then(|chunk| chunk.iter_mut().find(|x| **x == F::one())) else {
        return [F::zero(), sum];
    };
    *one = F::zero();
    [F::one(), of_block(x)]
}

/// `ln Σ exp(x − shift)`, given [`sum_exp_m1`]; 0 for a row of nothing but −∞.
#[inline(always)]
pub(crate) fn log_sum<F: Float>(sum_m1: F) -> F {
    if sum_m1 <= -F::one() {
        F::zero()
    } else if sum_m1 < F::of(SMALL) {
        sum_m1.ln_1p()
    } else {
        (sum_m1 + F::one()).ln()
    }
}

/// ln p from which an element outweighs all others.
const CONFIDENT_LOG: f64 = -0.125;

/// Whether an element of log-softmax outweighs all others.
#[inline(always)]
pub(crate) fn is_confident<F: Float>(y: F) -> bool {
    y > F::of(CONFIDENT_LOG)
}

/// The gradient of log-softmax at such an element: g − p Σg = g (1 − p) − p (Σg − g), with 1 − p from ln p.
#[inline(always)]
pub(crate) fn gradient_of_confident<F: Float>(y: F, g: F, sum: F) -> F {
    -(g * y.exp_m1()) - y.exp() * (sum - g)
}
