//! Gathering and scattering along one axis of an array seen as `outer × n × inner`.

use super::par;
use crate::{Float, buffers};

/// Output elements a task takes at once.
const CHUNK: usize = 1 << 14;

/// `out[o, i, j] = x[o, at[o, i, j], j]`.
pub fn gather<F: Float>(x: &[F], at: &[usize], [n, m, inner]: [usize; 3]) -> Vec<F> {
    let mut out = buffers::zeros(at.len());
    if at.is_empty() {
        return out;
    }
    let block = m * inner;
    par::chunks_mut(&mut out, block, 2 * at.len(), |o, out| {
        let x = &x[o * n * inner..][..n * inner];
        for (row, at) in out.chunks_mut(inner).zip(at[o * block..].chunks(inner)) {
            for (j, (y, &i)) in row.iter_mut().zip(at).enumerate() {
                *y = x[i * inner + j];
            }
        }
    });
    out
}

/// `out[o, at[o, i, j], j] += x[o, i, j]`, in the order of `x`.
pub fn scatter_add<F: Float>(out: &mut [F], x: &[F], at: &[usize], [n, m, inner]: [usize; 3]) {
    if at.is_empty() {
        return;
    }
    let block = m * inner;
    par::chunks_mut(out, n * inner, 2 * at.len(), |o, out| {
        let (x, at) = (&x[o * block..][..block], &at[o * block..][..block]);
        for (row, at) in x.chunks(inner).zip(at.chunks(inner)) {
            for (j, (&x, &i)) in row.iter().zip(at).enumerate() {
                out[i * inner + j] += x;
            }
        }
    });
}

/// `out[o, i, j] = x[o, at[i], j]`.
pub fn select<F: Float>(x: &[F], at: &[usize], outer: usize, n: usize, inner: usize) -> Vec<F> {
    let mut out = buffers::zeros(outer * at.len() * inner);
    if out.is_empty() {
        return out;
    }
    let len = out.len();
    let rows = (CHUNK / inner).max(1);
    par::chunks_mut(&mut out, rows * inner, len, |c, out| {
        for (r, row) in out.chunks_mut(inner).enumerate() {
            let (o, i) = ((c * rows + r) / at.len(), (c * rows + r) % at.len());
            row.copy_from_slice(&x[(o * n + at[i]) * inner..][..inner]);
        }
    });
    out
}

/// `out[o, at[i], j] += x[o, i, j]`, in the order of `x`.
pub fn select_add<F: Float>(out: &mut [F], x: &[F], at: &[usize], n: usize, inner: usize) {
    if x.is_empty() {
        return;
    }
    for (out, x) in out.chunks_mut(n * inner).zip(x.chunks(at.len() * inner)) {
        for (&i, row) in at.iter().zip(x.chunks(inner)) {
            super::accumulate::add_assign(&mut out[i * inner..][..inner], row);
        }
    }
}
