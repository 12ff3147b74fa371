//! Softmax and its relatives over the middle axis of an array seen as `outer × n × inner`, and their
//! gradients.
//!
//! With `m` the largest of a group, `Σ exp(x − m)` neither overflows nor vanishes. Where `m` is not finite it is
//! replaced by 0: a group of −∞ then has the sum 0. The logarithm of the softmax is `(x − m) − ln Σ exp(x − m)`, in this order: where the elements are large
//! `m + ln Σ` would lose the logarithm. And it is taken of the sum less one, as `ln(1 + …)`: where one element outweighs all others, what the
//! others add to the 1 of it is all there is.

mod columns;
pub(crate) mod row_sum;
mod rows;

use super::par;
use super::simd::{self, Kernel};
use crate::{Float, buffers};

/// What a group becomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `exp(x) / Σ exp(x)`; 0 in a group of −∞.
    Softmax,
    /// `x − ln Σ exp(x)`; −∞ in a group of −∞.
    LogSoftmax,
}

/// About how many scalar operations an element costs.
const WORK: usize = 16;

/// Elements a task takes at once.
const CHUNK: usize = 1 << 13;

/// Softmax or log-softmax.
pub fn forward<F: Float>(kind: Kind, x: &[F], [n, inner]: [usize; 2]) -> Vec<F> {
    let mut out = buffers::zeros(x.len());
    over_groups(&mut out, n, inner, |at, out| {
        let x = &x[at..][..out.len()];
        if inner == 1 {
            simd::dispatch(rows::Forward { kind, x, n, out });
        } else {
            simd::dispatch(columns::Forward { kind, x, inner, out });
        }
    });
    out
}

/// The gradient of `x`, given the value `y` and its gradient `g`:
/// `y (g − Σ g y)`, or `g − exp(y) Σ g` for the logarithm.
pub fn backward<F: Float>(kind: Kind, y: &[F], g: &[F], [n, inner]: [usize; 2]) -> Vec<F> {
    let mut out = buffers::zeros(y.len());
    over_groups(&mut out, n, inner, |at, out| {
        let (y, g) = (&y[at..][..out.len()], &g[at..][..out.len()]);
        if inner == 1 {
            simd::dispatch(rows::Backward { kind, y, g, n, out });
        } else {
            simd::dispatch(columns::Backward { kind, y, g, inner, out });
        }
    });
    out
}

/// `ln Σ exp(x)` over the middle axis; −∞ where there is nothing to add.
pub fn log_sum_exp<F: Float>(x: &[F], outer: usize, n: usize, inner: usize) -> Vec<F> {
    let mut out = vec![F::neg_infinity(); outer * inner];
    if x.is_empty() {
        return out;
    }
    let groups = if inner == 1 { (CHUNK / n).max(1) } else { inner };
    par::chunks_mut(&mut out, groups, x.len() * WORK, |i, out| {
        let x = &x[i * groups * n..][..out.len() * n];
        if inner == 1 {
            simd::dispatch(rows::LogSumExp { x, n, out });
        } else {
            simd::dispatch(columns::LogSumExp { x, out });
        }
    });
    out
}

/// Calls `f` with the place and the output of some whole groups.
fn over_groups<F: Float>(
    out: &mut [F],
    n: usize,
    inner: usize,
    f: impl Fn(usize, &mut [F]) + Send + Sync,
) {
    if out.is_empty() {
        return;
    }
    // The kernel of columns takes one block of rows at a time.
    let groups = if inner == 1 { (CHUNK / n).max(1) } else { inner };
    let chunk = groups * n;
    let work = out.len() * WORK;
    par::chunks_mut(out, chunk, work, |i, out| f(i * chunk, out));
}
