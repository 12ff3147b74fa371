//! A matrix times a vector: as many inner products of contiguous slices as the matrix has rows.
//!
//! It is bound by reading the matrix, so nothing is packed; four rows share each load of the vector.

use super::{Mat, Store};
use crate::Float;
use crate::kernels::lane::Lane;
use crate::kernels::par;
use crate::kernels::simd::{self, Job};

/// Results in a piece of work.
const PIECE: usize = 64;
/// Sums that run side by side in an inner product.
const LANES: usize = 8;

/// `c[i] (=|+=) Σₖ a[i, k] · x[k]` for `rows` rows of `k` numbers, contiguous each; then
/// `epilogue(first row, part)` on every part of `c`.
pub(super) fn run<F: Float>(
    [rows, k]: [usize; 2],
    a: Mat<'_, F>,
    x: &[F],
    c: &mut [F],
    store: Store,
    epilogue: impl Fn(usize, &mut [F]) + Send + Sync,
) {
    let x = &x[..k];
    par::chunks_mut(c, PIECE, rows * k, |i, c| {
        let first = i * PIECE;
        simd::dispatch(Piece { a, first, x, c: &mut *c, store });
        epilogue(first, c);
    });
}

/// The rows of one piece.
struct Piece<'a, F> {
    a: Mat<'a, F>,
    first: usize,
    x: &'a [F],
    c: &'a mut [F],
    store: Store,
}

impl<F: Float> Job for Piece<'_, F> {
    type Out = ();

    #[inline(always)]
    fn run<const FMA: bool>(self) {
        let Piece { a, first, x, c, store } = self;
        let row = |r: usize| &a.data[(first + r) * a.row..][..x.len()];
        let put = |c: &mut F, sum: F| *c = if store == Store::Add { *c + sum } else { sum };
        let (fours, rest) = c.as_chunks_mut::<4>();
        let done = fours.len() * 4;
        for (r, c) in fours.iter_mut().enumerate().map(|(i, c)| (i * 4, c)) {
            let sums = inner::<F, FMA, 4>([row(r), row(r + 1), row(r + 2), row(r + 3)], x);
            c.iter_mut().zip(sums).for_each(|(c, sum)| put(c, sum));
        }
        for (r, c) in rest.iter_mut().enumerate() {
            put(c, inner::<F, FMA, 1>([row(done + r)], x)[0]);
        }
    }
}

/// The inner products of some rows with `x`.
#[inline(always)]
fn inner<F: Float, const FMA: bool, const R: usize>(rows: [&[F]; R], x: &[F]) -> [F; R] {
    let mut sums = [[Lane::<F, FMA>(F::zero()); LANES]; R];
    let (chunks, rest) = x.as_chunks::<LANES>();
    for (i, x) in chunks.iter().enumerate() {
        for (sums, row) in sums.iter_mut().zip(rows) {
            let row: &[F; LANES] = row[i * LANES..].first_chunk().expect("rows are as long as x");
            for l in 0..LANES {
                sums[l] = Lane(row[l]).mul_add(Lane(x[l]), sums[l]);
            }
        }
    }
    let done = chunks.len() * LANES;
    for (sums, row) in sums.iter_mut().zip(rows) {
        for (l, (&a, &x)) in row[done..].iter().zip(rest).enumerate() {
            sums[l] = Lane(a).mul_add(Lane(x), sums[l]);
        }
    }
    sums.map(|s| (((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7]))).0)
}
