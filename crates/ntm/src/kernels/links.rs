//! Lᵢⱼ ← (1 − wᵢ − wⱼ) Lᵢⱼ + wᵢ pⱼ, and Lᵢᵢ = 0.

use seedbed_kernels::Float;
use seedbed_kernels::rows::{self, Rows};
use seedbed_kernels::simd::Lane;
use seedbed_kernels::vector::{dot, zip_all_in_place, zip_in_place};

/// About what a link costs, in scalar operations.
const WORK: usize = 4;

/// The links of `heads` heads from those before `[heads, N, N]`, precedence and attention `[heads, N]`.
pub(crate) fn links<F: Float>(x: [&[F]; 3], heads: usize) -> Vec<F> {
    let mut out = vec![F::zero(); x[0].len()];
    rows::run(Forward, heads, x[0].len() * WORK, x, [&mut out]);
    out
}

/// Adds the gradients of the links before, precedence and attention, given that of the links, `g`.
pub(crate) fn links_gradients<F: Float>(
    [before, precedence, w]: [&[F]; 3],
    g: &[F],
    d: [&mut [F]; 3],
    heads: usize,
) {
    rows::run(Backward, heads, before.len() * 3 * WORK, [before, precedence, w, g], d);
}

/// [`links`] of a head.
#[derive(Clone, Copy)]
struct Forward;

impl<F: Float> Rows<F, 3, 1> for Forward {
    #[inline(always)]
    fn row<const FMA: bool>(self, _: usize, [before, p, w]: [&[F]; 3], [out]: [&mut [F]; 1]) {
        let n = w.len();
        let rows = before.chunks_exact(n).zip(out.chunks_exact_mut(n));
        for (i, (before, out)) in rows.enumerate() {
            let own = Lane::<F, FMA>(w[i]);
            let keep = 1.0 - own;
            zip_in_place::<F, FMA, 3>(out, [before, p, w], |_, [l, p, w]| (keep - w) * l + own * p);
            out[i] = F::zero();
        }
    }
}

/// [`links_gradients`] of a head.
#[derive(Clone, Copy)]
struct Backward;

impl<F: Float> Rows<F, 4, 3> for Backward {
    /// With g 0 on the diagonal: dLᵢⱼ = gᵢⱼ (1 − wᵢ − wⱼ), dpⱼ = Σᵢ gᵢⱼ wᵢ, and dw has Σⱼ gᵢⱼ (pⱼ − Lᵢⱼ) from row i and −Σᵢ gᵢⱼ Lᵢⱼ from
    /// column j.
    #[inline(always)]
    fn row<const FMA: bool>(
        self,
        _: usize,
        [before, p, w, g]: [&[F]; 4],
        [d_before, d_p, d_w]: [&mut [F]; 3],
    ) {
        let n = w.len();
        let mut off_diagonal = vec![F::zero(); n];
        let rows = before.chunks_exact(n).zip(g.chunks_exact(n)).zip(d_before.chunks_exact_mut(n));
        for (i, ((before, g), d_before)) in rows.enumerate() {
            off_diagonal.copy_from_slice(g);
            off_diagonal[i] = F::zero();
            let g = &off_diagonal[..];
            let own = Lane::<F, FMA>(w[i]);
            let keep = 1.0 - own;
            zip_all_in_place::<F, FMA, 3, 3>(
                [d_before, &mut *d_p, &mut *d_w],
                [g, before, w],
                |[d_l, d_p, d_w], [g, l, w]| {
                    [d_l + g * (keep - w), g.mul_add(own, d_p), d_w - g * l]
                },
            );
            d_w[i] += dot::<F, FMA>(g, p) - dot::<F, FMA>(g, before);
        }
    }
}
