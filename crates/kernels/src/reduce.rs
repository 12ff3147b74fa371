//! Sums over the middle axis of an array seen as `outer × n × inner`.
//!
//! Sums are blocked: a partial sum adds few elements, and partial sums are added in turn, so that the error grows with
//! the logarithm of the length. The blocks depend on the shape alone.

use super::par;
use super::simd::{self, Kernel};
use crate::{Float, buffers};

/// Elements that one partial sum of a row takes.
const BLOCK: usize = 1 << 11;

/// Elements that a task takes.
const CHUNK: usize = 1 << 15;

/// Rows that one partial sum of columns takes.
const ROWS: usize = 128;

/// What is added up.
trait Term<F>: Copy + Send + Sync {
    /// The terms of the groups from `first` on.
    fn from(self, first: usize) -> Self;

    /// The term of an element of the `i`-th group.
    fn at(self, x: F, i: usize) -> F;
}

/// The elements themselves.
#[derive(Clone, Copy)]
struct Plain;

impl<F> Term<F> for Plain {
    #[inline(always)]
    fn from(self, _: usize) -> Self {
        self
    }
    #[inline(always)]
    fn at(self, x: F, _: usize) -> F {
        x
    }
}

/// `(x − mean)²`.
#[derive(Clone, Copy)]
struct SquaredDeviation<'a, F>(&'a [F]);

impl<F: Float> Term<F> for SquaredDeviation<'_, F> {
    #[inline(always)]
    fn from(self, first: usize) -> Self {
        Self(&self.0[first..])
    }
    #[inline(always)]
    fn at(self, x: F, i: usize) -> F {
        let d = x - self.0[i];
        d * d
    }
}

/// `Σ x`.
pub fn sum<F: Float>(x: &[F], outer: usize, n: usize, inner: usize) -> Vec<F> {
    if n == 1 {
        return x.to_vec();
    }
    sum_of(Plain, x, outer, n, inner)
}

/// `Σ (x − mean)² / divisor`: in two passes, so that nothing cancels.
pub fn variance<F: Float>(x: &[F], outer: usize, n: usize, inner: usize, divisor: f64) -> Vec<F> {
    let mut mean = sum(x, outer, n, inner);
    divide(&mut mean, F::of(n as f64));
    let mut variance = sum_of(SquaredDeviation(&mean), x, outer, n, inner);
    divide(&mut variance, F::of(divisor));
    variance
}

/// `x /= divisor`.
pub fn divide<F: Float>(x: &mut [F], divisor: F) {
    x.iter_mut().for_each(|x| *x /= divisor);
}

fn sum_of<F: Float, T: Term<F>>(term: T, x: &[F], outer: usize, n: usize, inner: usize) -> Vec<F> {
    debug_assert_eq!(x.len(), outer * n * inner);
    if x.is_empty() {
        return buffers::zeros(outer * inner);
    }
    match (outer, inner) {
        (1, 1) => vec![sum_all(term, x)],
        (_, 1) => sum_rows(term, x, n),
        _ => sum_columns(term, x, outer, n, inner),
    }
}

fn sum_all<F: Float, T: Term<F>>(term: T, x: &[F]) -> F {
    if x.len() <= CHUNK {
        return simd::dispatch(SumSlice { term, x });
    }
    let partial = par::map(x.len().div_ceil(CHUNK), x.len(), |i| {
        simd::dispatch(SumSlice { term, x: &x[i * CHUNK..x.len().min((i + 1) * CHUNK)] })
    });
    sum_all(Plain, &partial)
}

fn sum_rows<F: Float, T: Term<F>>(term: T, x: &[F], n: usize) -> Vec<F> {
    let mut out = buffers::zeros(x.len() / n);
    let rows = (CHUNK / n).max(1);
    par::chunks_mut(&mut out, rows, x.len(), |i, out| {
        let (x, term) = (&x[i * rows * n..][..out.len() * n], term.from(i * rows));
        simd::dispatch(SumRows { term, x, n, out });
    });
    out
}

/// In blocks of rows: each level shortens the axis by [`ROWS`].
fn sum_columns<F: Float, T: Term<F>>(
    term: T,
    x: &[F],
    outer: usize,
    n: usize,
    inner: usize,
) -> Vec<F> {
    let blocks = n.div_ceil(ROWS);
    let mut out = buffers::zeros(outer * blocks * inner);
    par::chunks_mut(&mut out, inner, x.len(), |i, out| {
        let (o, b) = (i / blocks, i % blocks);
        let rows = ROWS.min(n - b * ROWS);
        let x = &x[(o * n + b * ROWS) * inner..][..rows * inner];
        simd::dispatch(SumColumns { term: term.from(o * inner), x, out });
    });
    if blocks == 1 { out } else { sum_columns(Plain, &out, outer, blocks, inner) }
}

struct SumSlice<'a, F, T> {
    term: T,
    x: &'a [F],
}

impl<F: Float, T: Term<F>> Kernel for SumSlice<'_, F, T> {
    type Out = F;
    #[inline(always)]
    fn run<const FMA: bool>(self) -> F {
        pairwise(self.x, |x| self.term.at(x, 0))
    }
}

struct SumRows<'a, F, T> {
    term: T,
    x: &'a [F],
    n: usize,
    out: &'a mut [F],
}

impl<F: Float, T: Term<F>> Kernel for SumRows<'_, F, T> {
    type Out = ();
    #[inline(always)]
    fn run<const FMA: bool>(self) {
        for (i, (o, row)) in self.out.iter_mut().zip(self.x.chunks_exact(self.n)).enumerate() {
            *o = pairwise(row, |x| self.term.at(x, i));
        }
    }
}

/// Lanes sums, added in pairs as a binary counter carries.
#[inline(always)]
fn pairwise<F: Float>(x: &[F], term: impl Fn(F) -> F + Copy) -> F {
    if x.len() <= BLOCK {
        return sum_block(x, term);
    }
    // `levels[k]` holds the sum of 2ᵏ blocks while bit k of the number of blocks is set.
    let mut levels = [F::zero(); usize::BITS as usize];
    for (i, block) in x.chunks(BLOCK).enumerate() {
        let mut sum = sum_block(block, term);
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
fn sum_block<F: Float>(x: &[F], term: impl Fn(F) -> F) -> F {
    const LANES: usize = 32;
    let (chunks, rest) = x.as_chunks::<LANES>();
    if chunks.is_empty() {
        return rest.iter().fold(F::zero(), |s, &x| s + term(x));
    }
    let mut lanes = [F::zero(); LANES];
    for chunk in chunks {
        for (lane, &x) in lanes.iter_mut().zip(chunk) {
            *lane += term(x);
        }
    }
    for (lane, &x) in lanes.iter_mut().zip(rest) {
        *lane += term(x);
    }
    let mut width = LANES;
    while width > 1 {
        width /= 2;
        for i in 0..width {
            lanes[i] += lanes[i + width];
        }
    }
    lanes[0]
}

/// Adds every row of `x` to `out`.
struct SumColumns<'a, F, T> {
    term: T,
    x: &'a [F],
    out: &'a mut [F],
}

impl<F: Float, T: Term<F>> Kernel for SumColumns<'_, F, T> {
    type Out = ();
    #[inline(always)]
    fn run<const FMA: bool>(self) {
        let (n, term) = (self.out.len(), self.term);
        let mut fours = self.x.chunks_exact(4 * n);
        for four in &mut fours {
            let (ab, cd) = four.split_at(2 * n);
            let ((a, b), (c, d)) = (ab.split_at(n), cd.split_at(n));
            for i in 0..n {
                let (ab, cd) =
                    (term.at(a[i], i) + term.at(b[i], i), term.at(c[i], i) + term.at(d[i], i));
                self.out[i] += ab + cd;
            }
        }
        for row in fours.remainder().chunks_exact(n) {
            for (i, (o, &x)) in self.out.iter_mut().zip(row).enumerate() {
                *o += term.at(x, i);
            }
        }
    }
}
