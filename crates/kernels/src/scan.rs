//! Running sums over the middle axis of an array seen as `outer × n × inner`.

use super::par;
use crate::{Float, buffers};

/// `yᵢ = Σ_{j ≤ i} xⱼ`, or over `j ≥ i` in reverse. Sums are kept in double precision: they grow long.
pub fn cumsum<F: Float>(x: &[F], n: usize, inner: usize, reverse: bool) -> Vec<F> {
    let mut out = buffers::zeros(x.len());
    if x.is_empty() {
        return out;
    }
    par::chunks_mut(&mut out, n * inner, 4 * x.len(), |o, out| {
        let x = &x[o * n * inner..][..n * inner];
        let mut sums = vec![0.0; inner];
        let rows = x.chunks_exact(inner).zip(out.chunks_exact_mut(inner));
        let add = |(x, out): (&[F], &mut [F])| {
            for ((s, &x), o) in sums.iter_mut().zip(x).zip(out) {
                *s += x.f64();
                *o = F::of(*s);
            }
        };
        if reverse { rows.rev().for_each(add) } else { rows.for_each(add) }
    });
    out
}
