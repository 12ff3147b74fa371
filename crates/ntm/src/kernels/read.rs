//! r = Σ wᵢ Mᵢ.

use seedbed_kernels::Float;
use seedbed_kernels::rows::{self, Rows};
use seedbed_kernels::simd::Lane;
use seedbed_kernels::vector::{axpy, dot, fold_rows, zip_in_place};

/// About what an element of the memory costs for a head, in scalar operations.
const WORK: usize = 3;

/// The heads' reads `[batch, heads, width]`, from the memory `[batch, N, width]` and attention `[batch, heads, N]`.
pub(crate) fn read<F: Float>(memory: &[F], w: &[F], [batch, heads, width]: [usize; 3]) -> Vec<F> {
    let mut out = vec![F::zero(); batch * heads * width];
    rows::run(Forward { width }, batch, memory.len() * heads * WORK, [memory, w], [&mut out]);
    out
}

/// Adds the gradients of memory and attention, given that of the reads, `g`.
pub(crate) fn read_gradients<F: Float>(
    [memory, w, g]: [&[F]; 3],
    d: [&mut [F]; 2],
    [batch, heads, width]: [usize; 3],
) {
    let work = memory.len() * heads * 2 * WORK;
    rows::run(Backward { width }, batch, work, [memory, w, g], d);
}

/// [`read`] of an example.
#[derive(Clone, Copy)]
pub(super) struct Forward {
    pub(super) width: usize,
}

impl<F: Float> Rows<F, 2, 1> for Forward {
    #[inline(always)]
    fn row<const FMA: bool>(self, _: usize, [memory, w]: [&[F]; 2], [out]: [&mut [F]; 1]) {
        let n = memory.len() / self.width;
        for (w, out) in w.chunks_exact(n).zip(out.chunks_exact_mut(self.width)) {
            // Four rows at once: the sum is loaded and stored a quarter as often.
            let (fours, rest) = w.as_chunks::<4>();
            let mut rows = memory.chunks_exact(4 * self.width);
            for (w, rows) in fours.iter().zip(&mut rows) {
                let (first, second) = rows.split_at(2 * self.width);
                let ((a, b), (c, d)) = (first.split_at(self.width), second.split_at(self.width));
                let w: [Lane<F, FMA>; 4] = [Lane(w[0]), Lane(w[1]), Lane(w[2]), Lane(w[3])];
                zip_in_place::<F, FMA, 4>(out, [a, b, c, d], |sum, x| {
                    let pair = x[1].mul_add(w[1], x[0] * w[0]);
                    let other = x[3].mul_add(w[3], x[2] * w[2]);
                    sum + (pair + other)
                });
            }
            for (&w, row) in rest.iter().zip(rows.remainder().chunks_exact(self.width)) {
                axpy::<F, FMA>(w, row, out);
            }
        }
    }
}

/// [`read_gradients`] of an example.
#[derive(Clone, Copy)]
pub(super) struct Backward {
    pub(super) width: usize,
}

impl<F: Float> Rows<F, 3, 2> for Backward {
    /// dMᵢ = Σ wᵢ g and dwᵢ = Mᵢ·g.
    #[inline(always)]
    fn row<const FMA: bool>(
        self,
        _: usize,
        [memory, w, g]: [&[F]; 3],
        [d_memory, d_w]: [&mut [F]; 2],
    ) {
        let n = memory.len() / self.width;
        let rows = memory.chunks_exact(self.width).zip(d_memory.chunks_exact_mut(self.width));
        for (i, (row, d_row)) in rows.enumerate() {
            for (head, g) in g.chunks_exact(self.width).enumerate() {
                d_w[head * n + i] += dot::<F, FMA>(row, g);
            }
            let weight = |head: usize| w[head * n + i];
            fold_rows::<F, FMA>(d_row, weight, g, |d, w, g| g.mul_add(w, d));
        }
    }
}
