//! By content: wᶜ = softmaxᵢ(β cos(k, Mᵢ)), with cos(u, v) = u·v / √((‖u‖² + ε)(‖v‖² + ε)).

use seedbed_kernels::Float;
use seedbed_kernels::rows::map_in_place;
use seedbed_kernels::simd::Lane;
use seedbed_kernels::vector::{axpy, dot, softmax, softmax_gradient, zip_all_in_place};

/// 1/√(‖x‖² + ε).
#[inline(always)]
pub(super) fn inv_norm<F: Float, const FMA: bool>(x: &[F], eps: f64) -> F {
    (Lane::<F, FMA>(dot::<F, FMA>(x, x)) + eps).rsqrt().0
}

#[inline(always)]
fn softplus<F: Float, const FMA: bool>(x: F) -> F {
    Lane::<F, FMA>(x).softplus().0
}

/// A memory whose rows have `width` elements, with 1/‖Mᵢ‖.
#[derive(Clone, Copy)]
pub(super) struct Memory<'a, F> {
    pub(super) rows: &'a [F],
    pub(super) width: usize,
    pub(super) inv_norms: &'a [F],
    pub(super) eps: f64,
}

impl<F: Float> Memory<'_, F> {
    /// The cosines and wᶜ, from k and the raw β.
    #[inline(always)]
    pub(super) fn attend<const FMA: bool>(
        self,
        key: &[F],
        strength: F,
        cosine: &mut [F],
        content: &mut [F],
    ) {
        let inv_key = inv_norm::<F, FMA>(key, self.eps);
        let rows = self.rows.chunks_exact(self.width).zip(self.inv_norms);
        for (c, (row, &inv_row)) in cosine.iter_mut().zip(rows) {
            *c = dot::<F, FMA>(row, key) * (inv_key * inv_row);
        }
        content.copy_from_slice(cosine);
        softmax::<F, FMA>(content, softplus::<F, FMA>(strength));
    }

    /// Adds the gradients of memory, k and raw β, given the cosines, wᶜ and its gradient `d`, which is overwritten.
    #[inline(always)]
    pub(super) fn backward<const FMA: bool>(
        self,
        [key, cosine, content]: [&[F]; 3],
        strength: F,
        d: &mut [F],
        d_memory: &mut [F],
        d_key: &mut [F],
        d_strength: &mut F,
    ) {
        softmax_gradient::<F, FMA>(content, d);
        let slope = Lane::<F, FMA>(strength).sigmoid().0;
        *d_strength += dot::<F, FMA>(d, cosine) * slope;
        let strength = Lane(softplus::<F, FMA>(strength));
        map_in_place::<F, FMA>(d, |d| d * strength);
        // cosᵢ = k·Mᵢ / (‖k‖ ‖Mᵢ‖): its gradients are Mᵢ/(‖k‖ ‖Mᵢ‖) − cosᵢ k/‖k‖², and alike for Mᵢ.
        let inv_key = Lane::<F, FMA>(inv_norm::<F, FMA>(key, self.eps));
        let along = Lane(dot::<F, FMA>(d, cosine)) * inv_key * inv_key;
        axpy::<F, FMA>(-along.0, key, d_key);
        let rows = self.rows.chunks_exact(self.width).zip(d_memory.chunks_exact_mut(self.width));
        for (i, (row, d_row)) in rows.enumerate() {
            let (d, inv_row) = (Lane(d[i]), Lane(self.inv_norms[i]));
            let across = d * inv_key * inv_row;
            let along = d * Lane(cosine[i]) * inv_row * inv_row;
            zip_all_in_place::<F, FMA, 2, 2>([&mut *d_key, d_row], [key, row], |d, [k, m]| {
                [across.mul_add(m, d[0]), across.mul_add(k, d[1]) - along * m]
            });
        }
    }
}
