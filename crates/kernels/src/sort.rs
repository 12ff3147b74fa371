//! Orders of the elements of the middle axis of an array seen as `outer × n × inner`.

use std::cmp::Ordering;

use super::par;
use crate::Float;

/// From the smallest to the largest; NaN is larger than everything.
fn ascending<F: Float>(a: F, b: F) -> Ordering {
    a.partial_cmp(&b).unwrap_or_else(|| a.is_nan().cmp(&b.is_nan()))
}

/// The places of the elements in ascending order; equal ones stay in their order.
pub fn argsort<F: Float>(x: &[F], n: usize, inner: usize) -> Vec<usize> {
    order(x, [n, n, inner], |group| group.sort_by(|a, b| ascending(a.0, b.0)))
}

/// The places of the `k` largest elements, the largest first; of equal ones the first.
pub fn top<F: Float>(x: &[F], k: usize, n: usize, inner: usize) -> Vec<usize> {
    let descending = |a: &(F, usize), b: &(F, usize)| ascending(b.0, a.0).then(a.1.cmp(&b.1));
    order(x, [n, k, inner], |group| {
        if k < n {
            group.select_nth_unstable_by(k, descending);
        }
        group[..k].sort_unstable_by(descending);
    })
}

/// The places of the first `k` elements of each group after `arrange` has put it in order.
fn order<F: Float>(
    x: &[F],
    [n, k, inner]: [usize; 3],
    arrange: impl Fn(&mut [(F, usize)]) + Send + Sync,
) -> Vec<usize> {
    let outer = x.len() / (n * inner).max(1);
    let mut out = vec![0; outer * k * inner];
    if out.is_empty() {
        return out;
    }
    let work = x.len() * 8 * n.ilog2().max(1) as usize;
    par::chunks_mut(&mut out, k * inner, work, |o, out| {
        let x = &x[o * n * inner..][..n * inner];
        let mut group = Vec::with_capacity(n);
        for j in 0..inner {
            group.clear();
            group.extend(x[j..].iter().step_by(inner).copied().zip(0..));
            arrange(&mut group);
            for (o, &(_, i)) in out[j..].iter_mut().step_by(inner).zip(&group) {
                *o = i;
            }
        }
    });
    out
}
