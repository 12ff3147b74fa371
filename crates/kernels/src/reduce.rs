//! Sums over the middle axis of an array seen as `outer × n × inner`.
//!
//! Sums are blocked, along the axis as [`sums`] says and across it in blocks of [`ROWS`] rows whose sums are added in turn, so that the
//! error hardly grows with the length. The blocks depend on the shape alone.

use super::simd::{self, Kernel};
use super::sums::{self, ROWS};
use super::{moments, par};
use crate::{Float, buffers};

/// Elements that a task takes.
const CHUNK: usize = 1 << 15;

/// `Σ x`.
pub fn sum<F: Float>(x: &[F], outer: usize, n: usize, inner: usize) -> Vec<F> {
    debug_assert_eq!(x.len(), outer * n * inner);
    if n == 1 {
        return x.to_vec();
    }
    if x.is_empty() {
        return buffers::zeros(outer * inner);
    }
    match (outer, inner) {
        (1, 1) => vec![sum_all(x)],
        (_, 1) => sum_rows(x, n),
        _ => sum_columns(x, outer, n, inner),
    }
}

/// `Σ (x − mean)² / divisor`.
pub fn variance<F: Float>(x: &[F], outer: usize, n: usize, inner: usize, divisor: f64) -> Vec<F> {
    let moments = moments::of_groups(x, outer, n, inner);
    moments.into_iter().map(|moment| F::of(moment.squares / divisor)).collect()
}

/// `x /= divisor`.
pub fn divide<F: Float>(x: &mut [F], divisor: F) {
    x.iter_mut().for_each(|x| *x /= divisor);
}

fn sum_all<F: Float>(x: &[F]) -> F {
    if x.len() <= CHUNK {
        return simd::dispatch(SumSlice(x));
    }
    let partial = par::map(x.len().div_ceil(CHUNK), x.len(), |i| {
        simd::dispatch(SumSlice(&x[i * CHUNK..x.len().min((i + 1) * CHUNK)]))
    });
    sum_all(&partial)
}

fn sum_rows<F: Float>(x: &[F], n: usize) -> Vec<F> {
    let mut out = buffers::zeros(x.len() / n);
    let rows = (CHUNK / n).max(1);
    par::chunks_mut(&mut out, rows, x.len(), |i, out| {
        let x = &x[i * rows * n..][..out.len() * n];
        simd::dispatch(SumRows { x, n, out });
    });
    out
}

/// In blocks of rows: each level shortens the axis by [`ROWS`].
fn sum_columns<F: Float>(x: &[F], outer: usize, n: usize, inner: usize) -> Vec<F> {
    let blocks = n.div_ceil(ROWS);
    let mut out = buffers::zeros(outer * blocks * inner);
    par::chunks_mut(&mut out, inner, x.len(), |i, out| {
        let (o, b) = (i / blocks, i % blocks);
        let rows = ROWS.min(n - b * ROWS);
        let x = &x[(o * n + b * ROWS) * inner..][..rows * inner];
        simd::dispatch(SumColumns { x, out });
    });
    if blocks == 1 { out } else { sum_columns(&out, outer, blocks, inner) }
}

struct SumSlice<'a, F>(&'a [F]);

impl<F: Float> Kernel for SumSlice<'_, F> {
    type Out = F;
    #[inline(always)]
    fn run<const FMA: bool>(self) -> F {
        sums::sum(self.0)
    }
}

struct SumRows<'a, F> {
    x: &'a [F],
    n: usize,
    out: &'a mut [F],
}

impl<F: Float> Kernel for SumRows<'_, F> {
    type Out = ();
    #[inline(always)]
    fn run<const FMA: bool>(self) {
        for (o, row) in self.out.iter_mut().zip(self.x.chunks_exact(self.n)) {
            *o = sums::sum(row);
        }
    }
}

/// Adds every row of `x` to `out`.
struct SumColumns<'a, F> {
    x: &'a [F],
    out: &'a mut [F],
}

impl<F: Float> Kernel for SumColumns<'_, F> {
    type Out = ();
    #[inline(always)]
    fn run<const FMA: bool>(self) {
        let n = self.out.len();
        let mut fours = self.x.chunks_exact(4 * n);
        for four in &mut fours {
            let (ab, cd) = four.split_at(2 * n);
            let ((a, b), (c, d)) = (ab.split_at(n), cd.split_at(n));
            for i in 0..n {
                self.out[i] += (a[i] + b[i]) + (c[i] + d[i]);
            }
        }
        for row in fours.remainder().chunks_exact(n) {
            for (o, &x) in self.out.iter_mut().zip(row) {
                *o += x;
            }
        }
    }
}
