//! Running sums and products over the middle axis of an array seen as `outer × n × inner`.

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

/// `yᵢ = Π_{j ≤ i} xⱼ`. Products are kept in double precision, rounded once each.
pub fn cumprod<F: Float>(x: &[F], n: usize, inner: usize) -> Vec<F> {
    let mut out = buffers::zeros(x.len());
    if x.is_empty() {
        return out;
    }
    par::chunks_mut(&mut out, n * inner, 4 * x.len(), |o, out| {
        let x = &x[o * n * inner..][..n * inner];
        let mut products = vec![1.0; inner];
        for (x, out) in x.chunks_exact(inner).zip(out.chunks_exact_mut(inner)) {
            for ((p, &x), o) in products.iter_mut().zip(x).zip(out) {
                *p *= x.f64();
                *o = F::of(*p);
            }
        }
    });
    out
}

/// The gradient of [`cumprod`] at `x`, for the gradient `g` of its output.
///
/// With the product `Pⱼ` of all before `j`, it is `Pⱼ Sⱼ`, where `Sⱼ = Σ_{i ≥ j} gᵢ Π_{j < k ≤ i} xₖ = gⱼ + xⱼ₊₁ Sⱼ₊₁`. Nothing is divided,
/// so that factors may be zero.
///
/// # Panics
/// If the lengths differ.
pub fn cumprod_backward<F: Float>(x: &[F], g: &[F], n: usize, inner: usize) -> Vec<F> {
    assert_eq!(x.len(), g.len(), "as many gradients as numbers");
    let mut out = buffers::zeros(x.len());
    if x.is_empty() {
        return out;
    }
    par::chunks_mut(&mut out, n * inner, 8 * x.len(), |o, out| {
        let x = &x[o * n * inner..][..n * inner];
        let g = &g[o * n * inner..][..n * inner];
        let mut before = vec![1.0; n * inner];
        for i in inner..n * inner {
            before[i] = before[i - inner] * x[i - inner].f64();
        }
        let mut sums = vec![0.0; inner];
        for row in (0..n).rev() {
            for (c, s) in sums.iter_mut().enumerate() {
                let at = row * inner + c;
                let next = if row + 1 < n { x[at + inner].f64() } else { 0.0 };
                *s = g[at].f64() + next * *s;
                out[at] = F::of(before[at] * *s);
            }
        }
    });
    out
}
