//! Sums down the columns of matrices.

use super::{ROWS, add_compensated, finish};
use crate::Float;

/// Columns that are added up together: their sums stay in the first-level cache.
pub(crate) const WIDTH: usize = 128;

/// A matrix of which columns are added up: its numbers, and the distance from row to row. A distance of 0 is one row for all.
pub(crate) type Rows<'a, F> = (&'a [F], usize);

/// What is added up: `N` terms of the numbers of `K` matrices at a place.
///
/// A trait and no closure, so that it is compiled with the instructions of the kernel around it.
pub(crate) trait Terms<F, const K: usize, const N: usize>: Copy {
    /// Implementations are `#[inline(always)]`.
    fn of(self, x: [F; K]) -> [F; N];
}

/// The numbers themselves.
#[derive(Clone, Copy)]
pub(crate) struct Plain;

impl<F: Float> Terms<F, 1, 1> for Plain {
    #[inline(always)]
    fn of(self, x: [F; 1]) -> [F; 1] {
        x
    }
}

/// `N` sums down each column of some rows. The outputs have as many columns as are added up.
#[allow(clippy::needless_range_loop, reason = "one index for several slices")]
#[inline(always)]
pub(crate) fn down_columns<F: Float, T: Terms<F, K, N>, const K: usize, const N: usize>(
    terms: T,
    rows: usize,
    x: [Rows<'_, F>; K],
    out: [&mut [F]; N],
) {
    let columns = out[0].len();
    if rows == 0 {
        for out in out {
            out.fill(F::zero());
        }
        return;
    }
    for first in (0..columns).step_by(WIDTH) {
        let width = WIDTH.min(columns - first);
        // What rounding takes, where there is more than one block of rows.
        let mut lost = [[F::zero(); WIDTH]; N];
        for block in (0..rows).step_by(ROWS) {
            let end = rows.min(block + ROWS);
            let mut part = [[F::zero(); WIDTH]; N];
            let mut r = block;
            while r + 4 <= end {
                let a = rows_at(&x, r, first, width);
                let b = rows_at(&x, r + 1, first, width);
                let c = rows_at(&x, r + 2, first, width);
                let d = rows_at(&x, r + 3, first, width);
                for i in 0..width {
                    let (a, b) = (terms.of(at(&a, i)), terms.of(at(&b, i)));
                    let (c, d) = (terms.of(at(&c, i)), terms.of(at(&d, i)));
                    for n in 0..N {
                        part[n][i] += (a[n] + b[n]) + (c[n] + d[n]);
                    }
                }
                r += 4;
            }
            while r < end {
                let a = rows_at(&x, r, first, width);
                for i in 0..width {
                    let a = terms.of(at(&a, i));
                    for n in 0..N {
                        part[n][i] += a[n];
                    }
                }
                r += 1;
            }
            for n in 0..N {
                let out = &mut out[n][first..first + width];
                if block == 0 {
                    out.copy_from_slice(&part[n][..width]);
                } else {
                    add_compensated(out, &mut lost[n][..width], &part[n][..width]);
                }
            }
        }
        if rows > ROWS {
            for n in 0..N {
                finish(&mut out[n][first..first + width], &lost[n][..width]);
            }
        }
    }
}

/// Some columns of row `r` of each matrix.
#[inline(always)]
fn rows_at<'a, F, const K: usize>(
    x: &[Rows<'a, F>; K],
    r: usize,
    first: usize,
    width: usize,
) -> [&'a [F]; K] {
    let mut rows: [&[F]; K] = [&[]; K];
    for k in 0..K {
        let (all, stride) = x[k];
        rows[k] = &all[r * stride + first..][..width];
    }
    rows
}

/// The `i`-th number of each.
#[inline(always)]
fn at<F: Float, const K: usize>(x: &[&[F]; K], i: usize) -> [F; K] {
    let mut numbers = [F::zero(); K];
    for k in 0..K {
        numbers[k] = x[k][i];
    }
    numbers
}
