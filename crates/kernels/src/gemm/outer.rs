//! The product of a column and a row, as in the weight gradient of a single example.
//!
//! It is bound by writing `C`, so there is nothing to pack and no tile to fill.

use super::{Mat, Store};
use crate::Float;
use crate::lane::Lane;
use crate::par;
use crate::simd::{self, Kernel};

/// Rows in a piece of work.
const ROWS: usize = 64;

/// `c[i, j] (=|+=) a[i] · b[j]`, then `epilogue(row, 0, part)` on every row; the numbers of `b` lie without gaps. The operands
/// were checked.
pub(super) fn run<F: Float>(
    n: usize,
    a: Mat<'_, F>,
    b: &[F],
    c: &mut [F],
    store: Store,
    epilogue: impl Fn(usize, usize, &mut [F]) + Send + Sync,
) {
    let work = c.len();
    par::chunks_mut(c, ROWS * n, work, |i, c| {
        let first = i * ROWS;
        simd::dispatch(Outer { n, a, first, b: &b[..n], c: &mut *c, store });
        for (r, part) in c.chunks_mut(n).enumerate() {
            epilogue(first + r, 0, part);
        }
    });
}

struct Outer<'a, F> {
    n: usize,
    a: Mat<'a, F>,
    first: usize,
    b: &'a [F],
    c: &'a mut [F],
    store: Store,
}

impl<F: Float> Kernel for Outer<'_, F> {
    type Out = ();

    #[inline(always)]
    fn run<const FMA: bool>(self) {
        for (r, c) in self.c.chunks_exact_mut(self.n).enumerate() {
            let a = Lane::<F, FMA>(self.a.data[(self.first + r) * self.a.row]);
            match self.store {
                Store::Set => c.iter_mut().zip(self.b).for_each(|(c, &b)| *c = (a * Lane(b)).0),
                Store::Add => {
                    c.iter_mut()
                        .zip(self.b)
                        .for_each(|(c, &b)| *c = a.mul_add(Lane(b), Lane(*c)).0);
                }
            }
        }
    }
}
