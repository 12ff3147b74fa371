//! Rows of a batch that a loss depends on.
//!
//! Often only some rows count: the examples that were picked from a scored batch, the tokens that are not masked. The gradient of
//! all others is zero through every layer that treats rows alike. A layer that finds most rows of its gradient zero leaves them
//! out, so that a step on a tenth of a batch costs a tenth of the backward pass, without a second forward pass.

use crate::kernels::rows::{self, Rows};
use crate::kernels::simd::{self, Kernel};
use crate::kernels::{index, par};
use crate::{Float, Tensor};

/// Fewer rows than this are not worth a look.
const FEWEST: usize = 16;
/// Rows that are looked through in one piece.
const PIECE: usize = 32;

/// The rows of a batch whose gradient is not zero throughout.
pub(super) struct NonzeroRows {
    live: Vec<usize>,
    all: usize,
}

impl NonzeroRows {
    /// Of a gradient with rows of `n` numbers; `None` if so many rows are alive that to part them costs more than it saves.
    pub(super) fn of<F: Float>(gradient: &[F], n: usize) -> Option<Self> {
        let all = gradient.len() / n.max(1);
        if all < FEWEST {
            return None;
        }
        let most = all * 3 / 4;
        // A row of zeros begins with one: mostly this look at the first column is enough.
        let may_be_zero = gradient.iter().step_by(n).filter(|&&x| x == F::zero()).count();
        if all - may_be_zero > most {
            return None;
        }
        let alive = par::map(all.div_ceil(PIECE), gradient.len(), |i| {
            let first = i * PIECE;
            let rows = &gradient[first * n..all.min(first + PIECE) * n];
            simd::dispatch(Find { rows, n, first })
        });
        let live = alive.concat();
        (live.len() <= most).then_some(Self { live, all })
    }

    /// How many they are.
    pub(super) fn len(&self) -> usize {
        self.live.len()
    }

    /// These rows of a tensor that has as many as the batch, as a matrix.
    pub(super) fn select<F: Float>(&self, x: &Tensor<F>) -> Tensor<F> {
        let n = x.len() / self.all;
        Tensor::new(index::select(x.data(), &self.live, 1, self.all, n), &[self.live.len(), n])
    }

    /// The rows put back to their places, among zeros.
    pub(super) fn spread<F: Float>(&self, live: &[F], n: usize) -> Vec<F> {
        let mut place = vec![None; self.all];
        self.live.iter().zip(live.chunks(n.max(1))).for_each(|(&row, x)| place[row] = Some(x));
        let [all] = rows::collect(Place(&place), self.all, self.all * n, [], [n]);
        all
    }
}

/// Looks for the rows that are not zero.
struct Find<'a, F> {
    rows: &'a [F],
    n: usize,
    /// The number of the first of these rows.
    first: usize,
}

impl<F: Float> Kernel for Find<'_, F> {
    type Out = Vec<usize>;

    #[inline(always)]
    fn run<const FMA: bool>(self) -> Vec<usize> {
        // Without a branch for each number, so that it is done in vectors.
        let alive = |row: &[F]| row.iter().fold(false, |any, &x| any | (x != F::zero()));
        let rows = self.rows.chunks_exact(self.n).enumerate();
        rows.filter(|(_, row)| alive(row)).map(|(i, _)| self.first + i).collect()
    }
}

/// Each row is what has its place there, or stays zero.
#[derive(Clone, Copy)]
struct Place<'a, F>(&'a [Option<&'a [F]>]);

impl<F: Float> Rows<F, 0, 1> for Place<'_, F> {
    #[inline(always)]
    fn row<const FMA: bool>(self, row: usize, []: [&[F]; 0], [out]: [&mut [F]; 1]) {
        if let Some(x) = self.0[row] {
            out.copy_from_slice(x);
        }
    }
}
