//! By location: interpolation with the attention before, shift, sharpening.

use seedbed_kernels::Float;
use seedbed_kernels::rows::{fold, map, map_in_place};
use seedbed_kernels::simd::Lane;
use seedbed_kernels::vector::{axpy, dot, softmax, softmax_gradient, zip_in_place};

use super::shift::{Direction, convolve};
use crate::Sharpening;

#[inline(always)]
fn sigmoid<F: Float, const FMA: bool>(x: F) -> F {
    Lane::<F, FMA>(x).sigmoid().0
}

/// γ′ = 1 + softplus(γ).
#[inline(always)]
fn exponent<F: Float, const FMA: bool>(sharpness: F) -> F {
    Lane::<F, FMA>(sharpness).softplus().0 + F::one()
}

/// [`Sharpening`] as numbers: w̃ᵢ ↦ (w̃ᵢ + tiny)^γ′ / (Σ (w̃ + tiny)^γ′ + ε).
#[derive(Clone, Copy)]
pub(crate) struct Sharpener<F> {
    /// Added before the logarithm: far below any weight that matters, far above underflow.
    pub(crate) tiny: F,
    /// ε; `None` if it is 0.
    pub(crate) eps: Option<F>,
}

impl<F: Float> Sharpener<F> {
    pub(crate) fn new(sharpening: Sharpening) -> Self {
        match sharpening {
            Sharpening::Normalized => Self { tiny: F::of(1e-16), eps: None },
            // Weights of 10⁻¹⁶ matter beside such an ε; `tiny` only keeps 0 away from the logarithm.
            Sharpening::Divided(eps) => {
                Self { tiny: F::min_positive_value(), eps: Some(F::of(eps)) }
            }
        }
    }

    /// ln(w̃ + tiny).
    #[inline(always)]
    fn logs<const FMA: bool>(self, shifted: &[F], out: &mut [F]) {
        map::<F, FMA>(shifted, out, |w| (w + Lane(self.tiny)).ln());
    }

    /// From w̃ to w.
    #[inline(always)]
    fn forward<const FMA: bool>(self, shifted: &[F], exponent: F, w: &mut [F]) {
        self.logs::<FMA>(shifted, w);
        match self.eps {
            None => softmax::<F, FMA>(w, exponent),
            Some(eps) => {
                map_in_place::<F, FMA>(w, |log| (Lane(exponent) * log).exp());
                let sum = fold::<F, FMA>(w, F::zero(), F::zero(), |sum, w| sum + w).sum();
                let share = Lane::<F, FMA>(sum + eps).recip();
                map_in_place::<F, FMA>(w, |w| w * share);
            }
        }
    }
}

/// wᵍ = g wᶜ + (1 − g) w₋₁.
#[inline(always)]
fn interpolate<F: Float, const FMA: bool>(gate: F, content: &[F], before: &[F], out: &mut [F]) {
    let gate = Lane::<F, FMA>(gate);
    zip_in_place::<F, FMA, 2>(out, [content, before], |_, [c, b]| gate * c + (1.0 - gate) * b);
}

/// Σ xᵢ (y rotated by `by` to the right)ᵢ.
#[inline(always)]
fn dot_rotated<F: Float, const FMA: bool>(x: &[F], y: &[F], by: usize) -> F {
    let (start, end) = y.split_at(y.len() - by);
    dot::<F, FMA>(&x[..by], end) + dot::<F, FMA>(&x[by..], start)
}

/// By how many rows to the right the `j`-th of `shifts` shifts goes, modulo `n`.
#[inline(always)]
fn shifted_by(j: usize, shifts: usize, n: usize) -> usize {
    (j + n - shifts / 2) % n
}

/// A head's raw gate, shifts and sharpness.
#[derive(Clone, Copy)]
pub(super) struct Location<'a, F> {
    pub(super) gate: F,
    pub(super) shift: &'a [F],
    pub(super) sharpness: F,
}

/// Memory for one head after another.
pub(super) struct Scratch<F> {
    rows: [Vec<F>; 2],
    shares: [Vec<F>; 2],
    around: Vec<F>,
}

impl<F: Float> Scratch<F> {
    pub(super) fn new(n: usize, shifts: usize) -> Self {
        let zeros = |n| [vec![F::zero(); n], vec![F::zero(); n]];
        Self { rows: zeros(n), shares: zeros(shifts), around: Vec::with_capacity(n + shifts) }
    }
}

impl<F: Float> Location<'_, F> {
    /// From wᶜ and w₋₁ to w̃ and w.
    #[inline(always)]
    pub(super) fn attend<const FMA: bool>(
        self,
        sharpener: Sharpener<F>,
        [content, before]: [&[F]; 2],
        shifted: &mut [F],
        w: &mut [F],
        shares: &mut [F],
        around: &mut Vec<F>,
    ) {
        interpolate::<F, FMA>(sigmoid::<F, FMA>(self.gate), content, before, w);
        shares.copy_from_slice(self.shift);
        softmax::<F, FMA>(shares, F::one());
        convolve::<F, FMA>(shares, w, Direction::Forward, around, shifted);
        sharpener.forward::<FMA>(shifted, exponent::<F, FMA>(self.sharpness), w);
    }

    /// From the gradient `d` of w to that of wᶜ, in its place. Adds those of w₋₁, and of the raw gate, shifts and sharpness, which stand in
    /// `d_location` one after the other.
    #[inline(always)]
    pub(super) fn backward<const FMA: bool>(
        self,
        sharpener: Sharpener<F>,
        [content, before, shifted, w]: [&[F]; 4],
        d: &mut [F],
        d_before: &mut [F],
        d_location: &mut [F],
        Scratch { rows: [first, second], shares: [shares, d_shares], around }: &mut Scratch<F>,
    ) {
        let n = d.len();
        let [d_gate, d_shift @ .., d_sharpness] = d_location else {
            unreachable!("there are a gate and a sharpness")
        };
        // w = (w̃ + tiny)^γ′ / (Σ + ε), so that dw/d(γ′ ln(w̃ + tiny)) is that of a softmax, whatever ε is.
        softmax_gradient::<F, FMA>(w, d);
        sharpener.logs::<FMA>(shifted, first);
        *d_sharpness += dot::<F, FMA>(d, first) * sigmoid::<F, FMA>(self.sharpness);
        let (gamma, tiny) = (Lane(exponent::<F, FMA>(self.sharpness)), Lane(sharpener.tiny));
        zip_in_place::<F, FMA, 1>(d, [shifted], |d, [w]| gamma * d / (w + tiny));
        // w̃ = Σⱼ sⱼ wᵍ rotated by j.
        let gate = Lane(sigmoid::<F, FMA>(self.gate));
        interpolate::<F, FMA>(gate.0, content, before, first);
        shares.copy_from_slice(self.shift);
        softmax::<F, FMA>(shares, F::one());
        for (j, d_share) in d_shares.iter_mut().enumerate() {
            *d_share = dot_rotated::<F, FMA>(d, first, shifted_by(j, self.shift.len(), n));
        }
        convolve::<F, FMA>(shares, d, Direction::Back, around, second);
        softmax_gradient::<F, FMA>(shares, d_shares);
        axpy::<F, FMA>(F::one(), d_shares, d_shift);
        // wᵍ = g wᶜ + (1 − g) w₋₁.
        let of_gate = dot::<F, FMA>(second, content) - dot::<F, FMA>(second, before);
        *d_gate += (Lane(of_gate) * (gate * (1.0 - gate))).0;
        axpy::<F, FMA>((1.0 - gate).0, second, d_before);
        zip_in_place::<F, FMA, 1>(d, [second], |_, [d]| gate * d);
    }
}
