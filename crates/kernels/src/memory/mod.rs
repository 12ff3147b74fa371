//! An external memory: attention over its rows, reading, writing. See `fused::memory` for the equations.
//!
//! Everything is done example by example, as one row of [`rows`](super::rows). The rows of a memory are short (20 numbers, say), so that what is
//! left over by wide vectors matters: the loops here go by eight, then by four, then by one.

mod attention;
mod links;
mod read;
mod shift;
mod step;
mod write;

pub use attention::{Attended, Attention};
pub use links::{links, links_gradients};
pub use read::{read, read_gradients};
pub use step::{Step, Stepped};
pub use write::{write, write_gradients};

use crate::Float;
use crate::simd::Lane;

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

/// Σ xᵢ.
#[inline(always)]
fn total<F: Float, const FMA: bool>(x: &[F]) -> F {
    let (mut four, mut one) = ([Lane::<F, FMA>(F::zero()); 4], Lane(F::zero()));
    let (fours, rest) = x.as_chunks::<4>();
    for x in fours {
        for i in 0..4 {
            four[i] += Lane(x[i]);
        }
    }
    for &x in rest {
        one += Lane(x);
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
    update_all::<F, FMA, 1, N>([out], x, |[out], x| [f(out, x)]);
}

/// [`update`] of several slices at once.
#[inline(always)]
fn update_all<F: Float, const FMA: bool, const M: usize, const N: usize>(
    mut out: [&mut [F]; M],
    x: [&[F]; N],
    f: impl Fn([Lane<F, FMA>; M], [Lane<F, FMA>; N]) -> [Lane<F, FMA>; M],
) {
    let n = out[0].len();
    let mut at = 0;
    while at + 8 <= n {
        part::<F, FMA, M, N, 8>(&mut out, x, at, &f);
        at += 8;
    }
    if at + 4 <= n {
        part::<F, FMA, M, N, 4>(&mut out, x, at, &f);
        at += 4;
    }
    while at < n {
        part::<F, FMA, M, N, 1>(&mut out, x, at, &f);
        at += 1;
    }
}

#[inline(always)]
fn part<F: Float, const FMA: bool, const M: usize, const N: usize, const K: usize>(
    out: &mut [&mut [F]; M],
    x: [&[F]; N],
    at: usize,
    f: &impl Fn([Lane<F, FMA>; M], [Lane<F, FMA>; N]) -> [Lane<F, FMA>; M],
) {
    // Everything is read before anything is written: the compiler makes vectors of whole arrays, and not of numbers that might be
    // one and the same. Plain loops, because an array's own `map` is not always inlined, and is then compiled for the baseline.
    let mut xs = [[Lane(F::zero()); K]; N];
    for (to, from) in xs.iter_mut().zip(&x) {
        load(from, at, to);
    }
    let mut blocks = [[Lane(F::zero()); K]; M];
    for (to, from) in blocks.iter_mut().zip(&*out) {
        load(from, at, to);
    }
    for i in 0..K {
        let (mut old, mut x) = ([Lane(F::zero()); M], [Lane(F::zero()); N]);
        for (to, block) in old.iter_mut().zip(&blocks) {
            *to = block[i];
        }
        for (to, block) in x.iter_mut().zip(&xs) {
            *to = block[i];
        }
        let new = f(old, x);
        for (block, &new) in blocks.iter_mut().zip(&new) {
            block[i] = new;
        }
    }
    for (out, block) in out.iter_mut().zip(&blocks) {
        let out = out[at..].first_chunk_mut::<K>().expect("the caller counts");
        for (out, x) in out.iter_mut().zip(block) {
            *out = x.0;
        }
    }
}

#[inline(always)]
fn load<F: Float, const FMA: bool, const K: usize>(
    from: &[F],
    at: usize,
    to: &mut [Lane<F, FMA>; K],
) {
    let from = from[at..].first_chunk::<K>().expect("all are as long");
    for (to, &x) in to.iter_mut().zip(from) {
        *to = Lane(x);
    }
}

/// `out = f(out, wₕ, xₕ)` for one head after another, where x has a row for each of them. Four at once: `out` is loaded and stored a
/// quarter as often.
#[inline(always)]
fn update_by_heads<F: Float, const FMA: bool>(
    out: &mut [F],
    w: impl Fn(usize) -> F,
    x: &[F],
    f: impl Fn(Lane<F, FMA>, Lane<F, FMA>, Lane<F, FMA>) -> Lane<F, FMA>,
) {
    let width = out.len();
    let mut fours = x.chunks_exact(4 * width);
    let mut head = 0;
    for x in &mut fours {
        let (first, second) = x.split_at(2 * width);
        let ((a, b), (c, d)) = (first.split_at(width), second.split_at(width));
        let w = [Lane(w(head)), Lane(w(head + 1)), Lane(w(head + 2)), Lane(w(head + 3))];
        update::<F, FMA, 4>(out, [a, b, c, d], |out, x| {
            let out = f(f(out, w[0], x[0]), w[1], x[1]);
            f(f(out, w[2], x[2]), w[3], x[3])
        });
        head += 4;
    }
    for x in fours.remainder().chunks_exact(width) {
        let w = Lane(w(head));
        update::<F, FMA, 1>(out, [x], |out, [x]| f(out, w, x));
        head += 1;
    }
}

/// `out += c x`.
#[inline(always)]
fn add_scaled<F: Float, const FMA: bool>(out: &mut [F], c: F, x: &[F]) {
    update::<F, FMA, 1>(out, [x], |out, [x]| x.mul_add(Lane(c), out));
}
