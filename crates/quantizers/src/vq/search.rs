//! The nearest code of each vector.
//!
//! `‖x − e‖² = ‖x‖² − 2(x·e − ‖e‖²/2)`: the nearest code has the largest `x·e − ‖e‖²/2`. Scores of a block of vectors and a block of
//! codes are one matrix product, of which the two largest are kept, so that the matrix of all distances never exists.
//!
//! Scores have rounding errors, and differences of close ones mean nothing. Where the two largest are closer than these
//! errors can be, the distances of all codes that come into question are computed in double precision. So the code that is found is the
//! nearest, and of equally near ones the first: on every machine, in whatever order the products are summed.

use std::cell::RefCell;

use seedbed_kernels::gemm::{Mat, Store, gemm};
use seedbed_kernels::simd::{self, Kernel};

use super::{Codebook, Metric};
use crate::error::not_finite;
use crate::{Index, QuantizerError};

/// Vectors in a block.
const ROWS: usize = 96;
/// Codes in a block: with the vectors of a block their scores stay in the second-level cache.
const CODES: usize = 512;
/// Scores that are compared side by side.
const LANES: usize = 16;

/// Scores of a block, kept from call to call by each thread.
fn with_buffer<R>(len: usize, f: impl FnOnce(&mut [f32]) -> R) -> R {
    thread_local! {
        static BUFFER: RefCell<Vec<f32>> = const { RefCell::new(Vec::new()) };
    }
    let mut buffer = BUFFER.take();
    if buffer.len() < len {
        buffer.resize(len, 0.0);
    }
    let result = f(&mut buffer[..len]);
    BUFFER.replace(buffer);
    result
}

/// The two largest scores of a vector, and the code of the largest.
#[derive(Clone, Copy)]
struct Leader {
    best: f32,
    second: f32,
    code: u32,
}

impl Leader {
    const NONE: Self = Self { best: f32::NEG_INFINITY, second: f32::NEG_INFINITY, code: 0 };

    #[inline(always)]
    fn join(self, other: Self) -> Self {
        // The first of equals, though equals are looked at again.
        let (high, low) =
            if other.best > self.best || other.best == self.best && other.code < self.code {
                (other, self)
            } else {
                (self, other)
            };
        Self { second: high.second.max(low.best), ..high }
    }
}

/// The leaders of some rows of scores, from which `half_norms` are subtracted.
struct Leaders<'a> {
    scores: &'a [f32],
    half_norms: &'a [f32],
    first: u32,
    leaders: &'a mut [Leader],
}

impl Kernel for Leaders<'_> {
    type Out = ();

    #[inline(always)]
    fn run<const FMA: bool>(self) {
        let n = self.half_norms.len();
        let (norms, last_norms) = self.half_norms.as_chunks::<LANES>();
        for (leader, row) in self.leaders.iter_mut().zip(self.scores.chunks_exact(n)) {
            let (blocks, last) = row.as_chunks::<LANES>();
            let mut best = [f32::NEG_INFINITY; LANES];
            let mut second = [f32::NEG_INFINITY; LANES];
            let mut code = [0_u32; LANES];
            for (i, (scores, norms)) in blocks.iter().zip(norms).enumerate() {
                for l in 0..LANES {
                    let s = scores[l] - norms[l];
                    let lower = if s < best[l] { s } else { best[l] };
                    second[l] = if second[l] > lower { second[l] } else { lower };
                    code[l] = if s > best[l] { i as u32 } else { code[l] };
                    best[l] = if s > best[l] { s } else { best[l] };
                }
            }
            let mut all = *leader;
            for l in 0..LANES {
                let code = self.first + code[l] * LANES as u32 + l as u32;
                all = all.join(Leader { best: best[l], second: second[l], code });
            }
            let from = self.first + (blocks.len() * LANES) as u32;
            for (j, (s, norm)) in last.iter().zip(last_norms).enumerate() {
                let (best, second) = (s - norm, f32::NEG_INFINITY);
                all = all.join(Leader { best, second, code: from + j as u32 });
            }
            *leader = all;
        }
    }
}

/// Writes the nearest code of each vector. Returns how many vectors were looked at twice.
pub(super) fn nearest<I: Index>(
    codebook: &Codebook,
    metric: Metric,
    x: &[f32],
    indices: &mut [I],
) -> Result<usize, QuantizerError> {
    let (dim, size) = (codebook.dim(), codebook.len());
    let zeros = [0.0; CODES];
    let mut twice = 0;
    for (block, (x, indices)) in x.chunks(ROWS * dim).zip(indices.chunks_mut(ROWS)).enumerate() {
        let rows = indices.len();
        let mut leaders = [Leader::NONE; ROWS];
        for first in (0..size).step_by(CODES) {
            let codes = CODES.min(size - first);
            with_buffer(rows * codes, |scores| {
                let (a, b) = (Mat::new(x, dim), Mat::new(&codebook.transposed[first..], size));
                gemm([rows, codes, dim], a, b, scores, Store::Set);
                let half_norms = match metric {
                    Metric::Euclidean => &codebook.half_norms[first..first + codes],
                    Metric::Cosine => &zeros[..codes],
                };
                let leaders = &mut leaders[..rows];
                simd::dispatch(Leaders { scores, half_norms, first: first as u32, leaders });
            });
        }
        for (i, (index, leader)) in indices.iter_mut().zip(&leaders).enumerate() {
            let x = &x[i * dim..][..dim];
            let norm = x.iter().map(|&x| f64::from(x) * f64::from(x)).sum::<f64>().sqrt();
            if norm.is_nan() || norm == f64::INFINITY {
                let error = not_finite(x, dim).expect("squares of finite f32 are finite in f64");
                return Err(error.shifted(block * ROWS + i, 1));
            }
            let error = score_error(codebook, norm);
            // Also where scores overflowed: NaN compares to nothing.
            let clear = leader.best - leader.second > 2.0 * error;
            *index = I::of(if clear && leader.best.is_finite() {
                u64::from(leader.code)
            } else {
                twice += 1;
                exactly(codebook, metric, x, error)
            });
        }
    }
    Ok(twice)
}

/// A bound of the error of any score of a vector of this length: of the products' sum in any order (Higham 2002, §3.1), of the
/// subtracted norm, and of what underflows.
fn score_error(codebook: &Codebook, norm: f64) -> f32 {
    let unit = f64::from(f32::EPSILON) / 2.0;
    let (dim, longest) = (codebook.dim() as f64, codebook.longest);
    let error = unit * ((dim + 3.0) * norm * longest + 2.0 * longest * longest);
    ((error + dim * f64::from(f32::MIN_POSITIVE)) * 1.01) as f32
}

/// The nearest code, by distances in double precision, the first of equals.
#[cold]
fn exactly(codebook: &Codebook, metric: Metric, x: &[f32], error: f32) -> u64 {
    let (dim, size) = (codebook.dim(), codebook.len());
    with_buffer(size, |scores| {
        let (a, b) = (Mat::new(x, dim), Mat::new(&codebook.transposed, size));
        gemm([1, size, dim], a, b, scores, Store::Set);
        if metric == Metric::Euclidean {
            scores.iter_mut().zip(&codebook.half_norms).for_each(|(s, norm)| *s -= norm);
        }
        let best = scores.iter().fold(f32::NEG_INFINITY, |max, &s| max.max(s));
        let from = best - 2.0 * error;
        // Where scores overflowed, they say nothing.
        let all = scores.iter().any(|s| !s.is_finite()) || !from.is_finite();
        let mut nearest: Option<usize> = None;
        for (k, &score) in scores.iter().enumerate() {
            let is_nearer = |a| metric.is_nearer(x, codebook.code(a), codebook.code(k));
            if (all || score >= from) && nearest.is_none_or(is_nearer) {
                nearest = Some(k);
            }
        }
        nearest.expect("the best score is a candidate") as u64
    })
}

/// The `count` nearest codes of each of some vectors, the nearest first and of equally near ones the first, with their squared distances: in double
/// precision, for codes that are compared by distance. `found` has `count` entries a vector, at most as many as there are codes.
pub(super) fn nearest_few(codebook: &Codebook, x: &[f32], count: usize, found: &mut [(f64, u32)]) {
    let (dim, size) = (codebook.dim(), codebook.len());
    let rows = x.len() / dim;
    with_buffer(rows * size, |scores| {
        let (a, b) = (Mat::new(x, dim), Mat::new(&codebook.transposed, size));
        gemm([rows, size, dim], a, b, scores, Store::Set);
        let mut candidates = Vec::new();
        for (row, (scores, found)) in
            scores.chunks_exact_mut(size).zip(found.chunks_exact_mut(count)).enumerate()
        {
            let x = &x[row * dim..][..dim];
            scores.iter_mut().zip(&codebook.half_norms).for_each(|(s, norm)| *s -= norm);
            let norm = x.iter().map(|&x| f64::from(x) * f64::from(x)).sum::<f64>().sqrt();
            let margin = 2.0 * score_error(codebook, norm);
            // Where scores overflowed, they say nothing.
            let all = scores.iter().any(|s| !s.is_finite()) || !margin.is_finite();
            let least = if all { f32::NEG_INFINITY } else { kth_largest(scores, count) - margin };
            candidates.clear();
            for (k, &score) in scores.iter().enumerate() {
                if all || score >= least {
                    candidates.push((distance(x, codebook.code(k)), k as u32));
                }
            }
            candidates.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
            found.copy_from_slice(&candidates[..count]);
        }
    });
}

/// The `k`-th largest of finite numbers: `k` passes of an insertion into a short list.
fn kth_largest(scores: &[f32], k: usize) -> f32 {
    let mut largest = Vec::with_capacity(k + 1);
    for &score in scores {
        if largest.len() == k && score <= largest[k - 1] {
            continue;
        }
        let at = largest.partition_point(|&l| l >= score);
        largest.insert(at, score);
        largest.truncate(k);
    }
    largest[k - 1]
}

/// `‖x − e‖²` in double precision.
fn distance(x: &[f32], e: &[f32]) -> f64 {
    x.iter().zip(e).map(|(&x, &e)| (f64::from(x) - f64::from(e)).powi(2)).sum()
}
