//! Mᵢ ← Mᵢ ⊙ Π (1 − wᵢ e) + Σ wᵢ a.

use seedbed_kernels::Float;
use seedbed_kernels::rows::{self, Rows};
use seedbed_kernels::simd::Lane;
use seedbed_kernels::vector::{axpy, fold_rows, sum, zip_all_in_place, zip_in_place};

/// About what an element of the memory costs for a head, in scalar operations.
const WORK: usize = 4;

/// The memory after writing, from the memory `[batch, N, width]`, attention `[batch, heads, N]`, and e and a
/// `[batch, heads, width]`.
pub(crate) fn write<F: Float>(
    [memory, w, erase, add]: [&[F]; 4],
    [batch, heads, width]: [usize; 3],
) -> Vec<F> {
    let mut out = memory.to_vec();
    let work = memory.len() * heads * WORK;
    rows::run(Forward { width }, batch, work, [w, erase, add], [&mut out]);
    out
}

/// Adds the gradients of memory, attention, e and a, given that of the memory after writing, `g`.
pub(crate) fn write_gradients<F: Float>(
    [memory, w, erase, add]: [&[F]; 4],
    g: &[F],
    d: [&mut [F]; 4],
    [batch, heads, width]: [usize; 3],
) {
    let work = memory.len() * heads * 4 * WORK;
    rows::run(Backward { heads, width }, batch, work, [memory, w, erase, add, g], d);
}

/// [`write`] of an example.
#[derive(Clone, Copy)]
pub(super) struct Forward {
    pub(super) width: usize,
}

impl<F: Float> Rows<F, 3, 1> for Forward {
    #[inline(always)]
    fn row<const FMA: bool>(self, _: usize, [w, erase, add]: [&[F]; 3], [memory]: [&mut [F]; 1]) {
        let width = self.width;
        let n = memory.len() / width;
        let one = w.len() == n;
        for (i, row) in memory.chunks_exact_mut(width).enumerate() {
            let weight = |head: usize| w[head * n + i];
            if one {
                let w = Lane::<F, FMA>(weight(0));
                zip_in_place::<F, FMA, 2>(row, [erase, add], |m, [e, a]| {
                    m.mul_add(1.0 - w * e, w * a)
                });
            } else {
                // All erase before the first adds.
                fold_rows::<F, FMA>(row, weight, erase, |m, w, e| m * (1.0 - w * e));
                fold_rows::<F, FMA>(row, weight, add, |m, w, a| a.mul_add(w, m));
            }
        }
    }
}

/// [`write_gradients`] of an example.
#[derive(Clone, Copy)]
pub(super) struct Backward {
    pub(super) heads: usize,
    pub(super) width: usize,
}

impl<F: Float> Rows<F, 5, 4> for Backward {
    /// With kₕ = 1 − wₕ eₕ: dM = g ⊙ Π k. Of a head h, with P the product of M and the factors before h, and G that of g and the
    /// factors after it: dwₕ = g·aₕ − (G ⊙ P)·eₕ, deₕ = −Σ wₕ G ⊙ P, daₕ = Σ wₕ g, the sums over the rows.
    #[inline(always)]
    fn row<const FMA: bool>(
        self,
        _: usize,
        [memory, w, erase, add, g]: [&[F]; 5],
        [d_memory, d_w, d_erase, d_add]: [&mut [F]; 4],
    ) {
        let Self { heads, width } = self;
        let n = memory.len() / width;
        let part = |x: usize| x * width..(x + 1) * width;
        // What the heads before each one leave of a row of M; what the heads after it leave of the row of g; the terms of dw.
        let mut left = vec![F::zero(); heads * width];
        let mut scratch = vec![F::zero(); 2 * width];
        let (after, terms) = scratch.split_at_mut(width);
        for i in 0..n {
            let (row, g, d_row) = (&memory[part(i)], &g[part(i)], &mut d_memory[part(i)]);
            let weight = |h: usize| w[h * n + i];
            for h in 1..heads {
                let w = Lane::<F, FMA>(weight(h - 1));
                let (before, next) = left.split_at_mut(h * width);
                let before = if h == 1 { row } else { &before[part(h - 1)] };
                let e = &erase[part(h - 1)];
                zip_in_place::<F, FMA, 2>(&mut next[..width], [before, e], |_, [m, e]| {
                    m * (1.0 - w * e)
                });
            }
            after.copy_from_slice(g);
            for h in (0..heads).rev() {
                let w = Lane::<F, FMA>(weight(h));
                let left = if h == 0 { row } else { &left[part(h)] };
                zip_all_in_place::<F, FMA, 4, 4>(
                    [&mut *after, &mut *terms, &mut d_erase[part(h)], &mut d_add[part(h)]],
                    [g, left, &erase[part(h)], &add[part(h)]],
                    |[after, _, d_e, d_a], [g, left, e, a]| {
                        let both = after * left;
                        let after = after * (1.0 - w * e);
                        [after, g * a - both * e, d_e - w * both, w.mul_add(g, d_a)]
                    },
                );
                d_w[h * n + i] += sum::<F, FMA>(terms);
            }
            axpy::<F, FMA>(F::one(), after, d_row);
        }
    }
}
