//! An external memory: attention over its rows, reading, writing. See `fused::memory` for the equations.
//!
//! Everything is done example by example, as one row of [`rows`](super::rows). The rows of a memory are short (20 numbers, say), so that what is
//! left over by wide vectors matters: the loops here go by eight, then by four, then by one.

mod attention;
mod read;
mod write;

pub(crate) use attention::{Attended, Attention};
pub(crate) use read::{read, read_gradients};
pub(crate) use write::{write, write_gradients};

use super::lane::Lane;
use crate::Float;

/// Σ aᵢ bᵢ.
#[inline(always)]
fn dot<F: Float, const FMA: bool>(a: &[F], b: &[F]) -> F {
    let (mut eight, mut four, mut one) =
        ([Lane(F::zero()); 8], [Lane(F::zero()); 4], Lane(F::zero()));
    let (a8, a) = a.as_chunks::<8>();
    let (b8, b) = b.as_chunks::<8>();
    for (a, b) in a8.iter().zip(b8) {
        multiply_add::<F, FMA, 8>(&mut eight, a, b);
    }
    for i in 0..4 {
        four[i] = eight[i] + eight[i + 4];
    }
    let (a4, a) = a.as_chunks::<4>();
    let (b4, b) = b.as_chunks::<4>();
    for (a, b) in a4.iter().zip(b4) {
        multiply_add::<F, FMA, 4>(&mut four, a, b);
    }
    for (&a, &b) in a.iter().zip(b) {
        one = Lane::<F, FMA>(a).mul_add(Lane(b), one);
    }
    ((four[0] + four[2]) + (four[1] + four[3]) + one).0
}

#[inline(always)]
fn multiply_add<F: Float, const FMA: bool, const K: usize>(
    sum: &mut [Lane<F, FMA>; K],
    a: &[F; K],
    b: &[F; K],
) {
    for i in 0..K {
        sum[i] = Lane(a[i]).mul_add(Lane(b[i]), sum[i]);
    }
}

/// `outᵢ = f(outᵢ, xᵢ)` with the `i`-th elements of all `x`.
#[inline(always)]
fn update<F: Float, const FMA: bool, const N: usize>(
    out: &mut [F],
    x: [&[F]; N],
    f: impl Fn(Lane<F, FMA>, [Lane<F, FMA>; N]) -> Lane<F, FMA>,
) {
    let n = out.len();
    let x = x.map(|x| &x[..n]);
    let mut at = 0;
    while at + 8 <= n {
        part::<F, FMA, N, 8>(out, x, at, &f);
        at += 8;
    }
    if at + 4 <= n {
        part::<F, FMA, N, 4>(out, x, at, &f);
        at += 4;
    }
    while at < n {
        part::<F, FMA, N, 1>(out, x, at, &f);
        at += 1;
    }
}

#[inline(always)]
fn part<F: Float, const FMA: bool, const N: usize, const K: usize>(
    out: &mut [F],
    x: [&[F]; N],
    at: usize,
    f: &impl Fn(Lane<F, FMA>, [Lane<F, FMA>; N]) -> Lane<F, FMA>,
) {
    // Everything is read before anything is written: the compiler makes vectors of whole arrays, and not of numbers that might be
    // one and the same.
    let out = out[at..].first_chunk_mut::<K>().expect("the caller counts");
    let x = x.map(|x| x[at..].first_chunk::<K>().expect("all are as long").map(Lane));
    let mut block = out.map(Lane);
    for i in 0..K {
        block[i] = f(block[i], x.map(|x| x[i]));
    }
    *out = block.map(|x| x.0);
}

/// `out += c x`.
#[inline(always)]
fn add_scaled<F: Float, const FMA: bool>(out: &mut [F], c: F, x: &[F]) {
    update::<F, FMA, 1>(out, [x], |out, [x]| x.mul_add(Lane(c), out));
}
