//! Sums over one axis of an array seen as `outer × n × inner`.
//!
//! Sums are blocked: a partial sum adds few elements, and partial sums are added in turn, so that the error grows with
//! the logarithm of the length. The blocks depend on the shape alone.

use super::par;
use super::simd::{self, Job};
use crate::Float;

/// Elements that one partial sum of a row takes.
const BLOCK: usize = 1 << 11;

/// Elements of a row that a task takes.
const CHUNK: usize = 1 << 15;

/// Rows that one partial sum of columns takes.
const ROWS: usize = 128;

/// Sums over the middle axis.
pub(crate) fn sum<F: Float>(x: &[F], outer: usize, n: usize, inner: usize) -> Vec<F> {
    debug_assert_eq!(x.len(), outer * n * inner);
    if x.is_empty() {
        return vec![F::zero(); outer * inner];
    }
    match (outer, n, inner) {
        (_, 1, _) => x.to_vec(),
        (1, _, 1) => vec![sum_all(x)],
        (_, _, 1) => sum_rows(x, n),
        _ => sum_columns(x, outer, n, inner),
    }
}

/// The sum of all elements.
pub(crate) fn sum_all<F: Float>(x: &[F]) -> F {
    if x.len() <= CHUNK {
        return simd::dispatch(SumSlice(x));
    }
    let partial = par::map(x.len().div_ceil(CHUNK), x.len(), |i| {
        simd::dispatch(SumSlice(&x[i * CHUNK..x.len().min((i + 1) * CHUNK)]))
    });
    sum_all(&partial)
}

/// The sum of each row of length `n`.
fn sum_rows<F: Float>(x: &[F], n: usize) -> Vec<F> {
    let mut out = vec![F::zero(); x.len() / n];
    let rows = (CHUNK / n).max(1);
    par::chunks_mut(&mut out, rows, x.len(), |i, out| {
        simd::dispatch(SumRows { x: &x[i * rows * n..][..out.len() * n], n, out });
    });
    out
}

/// Sums over the middle axis, in blocks of rows: each level shortens the axis by [`ROWS`].
fn sum_columns<F: Float>(x: &[F], outer: usize, n: usize, inner: usize) -> Vec<F> {
    let blocks = n.div_ceil(ROWS);
    let mut out = vec![F::zero(); outer * blocks * inner];
    par::chunks_mut(&mut out, inner, x.len(), |i, out| {
        let (o, b) = (i / blocks, i % blocks);
        let rows = ROWS.min(n - b * ROWS);
        let x = &x[(o * n + b * ROWS) * inner..][..rows * inner];
        simd::dispatch(SumColumns { x, out });
    });
    if blocks == 1 { out } else { sum_columns(&out, outer, blocks, inner) }
}

struct SumSlice<'a, F>(&'a [F]);

impl<F: Float> Job for SumSlice<'_, F> {
    type Out = F;
    #[inline(always)]
    fn run<const FMA: bool>(self) -> F {
        pairwise(self.0)
    }
}

struct SumRows<'a, F> {
    x: &'a [F],
    n: usize,
    out: &'a mut [F],
}

impl<F: Float> Job for SumRows<'_, F> {
    type Out = ();
    #[inline(always)]
    fn run<const FMA: bool>(self) {
        for (o, row) in self.out.iter_mut().zip(self.x.chunks_exact(self.n)) {
            *o = pairwise(row);
        }
    }
}

/// Block sums, added in pairs as a binary counter carries.
#[inline(always)]
fn pairwise<F: Float>(x: &[F]) -> F {
    if x.len() <= BLOCK {
        return sum_block(x);
    }
    // A power of two blocks are open at each level: as many as fit into `usize`.
    let mut levels = [F::zero(); usize::BITS as usize];
    for (i, block) in x.chunks(BLOCK).enumerate() {
        let mut sum = sum_block(block);
        let carries = (i + 1).trailing_zeros() as usize;
        for level in &levels[..carries] {
            sum += *level;
        }
        levels[carries] = sum;
    }
    let blocks = x.len().div_ceil(BLOCK);
    (0..levels.len()).filter(|&l| blocks >> l & 1 == 1).fold(F::zero(), |s, l| s + levels[l])
}

#[inline(always)]
fn sum_block<F: Float>(x: &[F]) -> F {
    const LANES: usize = 32;
    let (chunks, rest) = x.as_chunks::<LANES>();
    let rest = rest.iter().fold(F::zero(), |s, &x| s + x);
    if chunks.is_empty() {
        return rest;
    }
    let mut lanes = [F::zero(); LANES];
    for chunk in chunks {
        for (lane, &x) in lanes.iter_mut().zip(chunk) {
            *lane += x;
        }
    }
    let mut width = LANES;
    while width > 1 {
        width /= 2;
        for i in 0..width {
            lanes[i] = lanes[i] + lanes[i + width];
        }
    }
    lanes[0] + rest
}

/// Adds every row of `x` to `out`.
struct SumColumns<'a, F> {
    x: &'a [F],
    out: &'a mut [F],
}

impl<F: Float> Job for SumColumns<'_, F> {
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
