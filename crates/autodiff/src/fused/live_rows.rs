//! Rows of a batch that a loss depends on.
//!
//! Often only some rows count: the examples that were picked from a scored batch, the tokens that are not masked. The gradient of
//! all others is zero through every layer that treats rows alike. A layer that finds most rows of its gradient zero leaves them
//! out, so that a step on a tenth of a batch costs a tenth of the backward pass, without a second forward pass.

use crate::kernels::index;
use crate::kernels::simd::{self, Job};
use crate::{Float, Tensor};

/// Fewer rows than this are not worth a look.
const FEWEST: usize = 16;

/// The rows of a batch whose gradient is not zero throughout.
pub(super) struct LiveRows {
    live: Vec<usize>,
    all: usize,
}

impl LiveRows {
    /// Of a gradient with rows of `n` numbers; `None` if so many rows are alive that to part them costs more than it saves.
    pub(super) fn of<F: Float>(gradient: &[F], n: usize) -> Option<Self> {
        let all = gradient.len() / n.max(1);
        if all < FEWEST {
            return None;
        }
        let live = simd::dispatch(Find { gradient, n, most: all * 3 / 4 })?;
        Some(Self { live, all })
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
    pub(super) fn spread<F: Float>(&self, rows: &[F], n: usize) -> Vec<F> {
        let mut all = vec![F::zero(); self.all * n];
        for (&i, row) in self.live.iter().zip(rows.chunks(n)) {
            all[i * n..][..n].copy_from_slice(row);
        }
        all
    }
}

/// Looks for the rows that are not zero, until there are more than `most`.
struct Find<'a, F> {
    gradient: &'a [F],
    n: usize,
    most: usize,
}

impl<F: Float> Job for Find<'_, F> {
    type Out = Option<Vec<usize>>;

    #[inline(always)]
    fn run<const FMA: bool>(self) -> Option<Vec<usize>> {
        let mut live = Vec::new();
        for (i, row) in self.gradient.chunks_exact(self.n).enumerate() {
            // Without a branch for each number, so that it is done in vectors.
            let alive = |row: &[F]| row.iter().fold(false, |any, &x| any | (x != F::zero()));
            // Most living rows show it at once.
            let (first, rest) = row.split_at(self.n.min(16));
            if alive(first) || alive(rest) {
                if live.len() == self.most {
                    return None;
                }
                live.push(i);
            }
        }
        Some(live)
    }
}
