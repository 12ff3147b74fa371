//! Gathering and scattering along one axis of an array seen as `outer × n × inner`.
//!
//! What is added at one place many times is a long sum: see [`sums`](crate::sums).

use super::accumulate::add_assign;
use super::par;
use super::sums::Totals;
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

/// As often as this something may be added at one place without care.
const OFTEN: usize = 1 << 10;

/// `out[o, at[o, i, j], j] += x[o, i, j]`, in the order of `x`; in double precision where so much may be added at one place that it matters.
/// `repeated` says whether a place may be met twice.
pub fn scatter_add<F: Float>(
    out: &mut [F],
    x: &[F],
    at: &[usize],
    [n, m, inner]: [usize; 3],
    repeated: bool,
) {
    if at.is_empty() {
        return;
    }
    let block = m * inner;
    par::chunks_mut(out, n * inner, 2 * at.len(), |o, out| {
        let (x, at) = (&x[o * block..][..block], &at[o * block..][..block]);
        let rows = || x.chunks(inner).zip(at.chunks(inner));
        if m <= OFTEN || !repeated {
            for (row, at) in rows() {
                for (j, (&x, &i)) in row.iter().zip(at).enumerate() {
                    out[i * inner + j] += x;
                }
            }
            return;
        }
        let mut sums: Vec<f64> = out.iter().map(|x| x.f64()).collect();
        for (row, at) in rows() {
            for (j, (&x, &i)) in row.iter().zip(at).enumerate() {
                sums[i * inner + j] += x.f64();
            }
        }
        out.iter_mut().zip(sums).for_each(|(out, sum)| *out = F::of(sum));
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

/// `out[o, at[i], j] += x[o, i, j]`, in the order of `x`; compensated at places that are met often.
pub fn select_add<F: Float>(out: &mut [F], x: &[F], at: &[usize], n: usize, inner: usize) {
    if x.is_empty() {
        return;
    }
    let often = Often::of(at, n);
    for (out, x) in out.chunks_mut(n * inner).zip(x.chunks(at.len() * inner)) {
        let mut sums: Vec<_> = often.places.iter().map(|_| Totals::new(inner)).collect();
        for (&i, row) in at.iter().zip(x.chunks(inner)) {
            match often.number(i) {
                Some(k) => sums[k].add(row),
                None => add_assign(&mut out[i * inner..][..inner], row),
            }
        }
        for (&i, sum) in often.places.iter().zip(sums) {
            add_assign(&mut out[i * inner..][..inner], &sum.finish());
        }
    }
}

/// The places that are met more than [`OFTEN`] times.
struct Often {
    places: Vec<usize>,
    /// The number of a place among them, for every place; empty if there are none.
    numbers: Vec<Option<usize>>,
}

impl Often {
    fn of(at: &[usize], n: usize) -> Self {
        let (mut places, mut numbers) = (Vec::new(), Vec::new());
        if at.len() > OFTEN {
            let mut counts = vec![0_u32; n];
            // More than 2³² of one kind are often, too.
            at.iter().for_each(|&i| counts[i] = counts[i].saturating_add(1));
            places = (0..n).filter(|&i| counts[i] as usize > OFTEN).collect();
            if !places.is_empty() {
                numbers = vec![None; n];
                places.iter().enumerate().for_each(|(k, &i)| numbers[i] = Some(k));
            }
        }
        Self { places, numbers }
    }

    fn number(&self, place: usize) -> Option<usize> {
        self.numbers.get(place).copied().flatten()
    }
}
