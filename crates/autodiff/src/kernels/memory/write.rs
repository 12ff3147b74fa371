//! Mᵢ ← Mᵢ ⊙ Π (1 − wᵢ e) + Σ wᵢ a.

use super::{add_scaled, update};
use crate::Float;
use crate::kernels::lane::Lane;
use crate::kernels::rows::{self, Rows};

/// About what a number of the memory costs for a head, in scalar operations.
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

#[derive(Clone, Copy)]
struct Forward {
    width: usize,
}

impl<F: Float> Rows<F, 3, 1> for Forward {
    #[inline(always)]
    fn row<const FMA: bool>(self, _: usize, [w, erase, add]: [&[F]; 3], [memory]: [&mut [F]; 1]) {
        let width = self.width;
        let n = memory.len() / width;
        // All erase before the first adds.
        let several = w.len() > n;
        for (w, (e, a)) in
            w.chunks_exact(n).zip(erase.chunks_exact(width).zip(add.chunks_exact(width)))
        {
            for (row, &w) in memory.chunks_exact_mut(width).zip(w) {
                let w = Lane::<F, FMA>(w);
                if several {
                    update::<F, FMA, 1>(row, [e], |m, [e]| m * (1.0 - w * e));
                } else {
                    update::<F, FMA, 2>(row, [e, a], |m, [e, a]| m * (1.0 - w * e) + w * a);
                }
            }
        }
        if several {
            for (w, a) in w.chunks_exact(n).zip(add.chunks_exact(width)) {
                for (row, &w) in memory.chunks_exact_mut(width).zip(w) {
                    add_scaled::<F, FMA>(row, w, a);
                }
            }
        }
    }
}

#[derive(Clone, Copy)]
struct Backward {
    heads: usize,
    width: usize,
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
        // What the heads before each one leave of a row of M, and what the heads after it leave of the row of g.
        let mut left = vec![F::zero(); heads.max(1) * width];
        let mut after = vec![F::zero(); width];
        for i in 0..n {
            let g = &g[part(i)];
            left[..width].copy_from_slice(&memory[part(i)]);
            for h in 1..heads {
                let w = Lane::<F, FMA>(w[(h - 1) * n + i]);
                let (before, next) = left[(h - 1) * width..][..2 * width].split_at_mut(width);
                let e = &erase[part(h - 1)];
                update::<F, FMA, 2>(next, [before, e], |_, [m, e]| m * (1.0 - w * e));
            }
            after.copy_from_slice(g);
            for h in (0..heads).rev() {
                let head = Head { e: &erase[part(h)], a: &add[part(h)], w: w[h * n + i] };
                let d = [&mut d_erase[part(h)], &mut d_add[part(h)]];
                d_w[h * n + i] += head.gradient::<FMA>(g, &left[part(h)], &mut after, d);
            }
            add_scaled::<F, FMA>(&mut d_memory[part(i)], F::one(), &after);
        }
    }
}

/// A head at one row.
struct Head<'a, F> {
    e: &'a [F],
    a: &'a [F],
    w: F,
}

impl<F: Float> Head<'_, F> {
    /// Adds to the gradients of e and a, multiplies `after` by the head's factor, and returns the gradient of w.
    #[inline(always)]
    fn gradient<const FMA: bool>(
        &self,
        g: &[F],
        left: &[F],
        after: &mut [F],
        d: [&mut [F]; 2],
    ) -> F {
        let n = g.len();
        let [d_e, d_a] = d;
        let mut row = Row {
            inputs: [g, left, self.e, self.a].map(|x| &x[..n]),
            outputs: [after, d_e, d_a].map(|x| &mut x[..n]),
        };
        let (mut eight, mut four, mut one) =
            ([Lane::<F, FMA>(F::zero()); 8], [Lane(F::zero()); 4], [Lane(F::zero())]);
        let mut at = 0;
        while at + 8 <= n {
            row.part(at, self.w, &mut eight);
            at += 8;
        }
        if at + 4 <= n {
            row.part(at, self.w, &mut four);
            at += 4;
        }
        while at < n {
            row.part(at, self.w, &mut one);
            at += 1;
        }
        for i in 0..4 {
            four[i] += eight[i] + eight[i + 4];
        }
        ((four[0] + four[2]) + (four[1] + four[3]) + one[0]).0
    }
}

/// g, P, e and a; then G and the gradients of e and a.
struct Row<'a, F> {
    inputs: [&'a [F]; 4],
    outputs: [&'a mut [F]; 3],
}

impl<F: Float> Row<'_, F> {
    #[inline(always)]
    fn part<const FMA: bool, const K: usize>(
        &mut self,
        at: usize,
        w: F,
        d_w: &mut [Lane<F, FMA>; K],
    ) {
        let of = "the row has as many";
        let [g, p, e, a] = self.inputs.map(|x| x[at..].first_chunk::<K>().expect(of));
        let [after, d_e, d_a] =
            self.outputs.each_mut().map(|x| x[at..].first_chunk_mut::<K>().expect(of));
        let w = Lane::<F, FMA>(w);
        for i in 0..K {
            let [g, p, e, a] = [g[i], p[i], e[i], a[i]].map(Lane);
            let gp = Lane(after[i]) * p;
            d_w[i] += g * a - gp * e;
            d_e[i] = (Lane(d_e[i]) - w * gp).0;
            d_a[i] = (Lane(d_a[i]) + w * g).0;
            after[i] = (Lane(after[i]) * (1.0 - w * e)).0;
        }
    }
}
