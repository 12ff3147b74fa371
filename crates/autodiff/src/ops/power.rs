//! What the derivatives of quotients, powers and angles are made of.

use smallvec::smallvec;

use super::elementwise::zip;
use crate::kernels::pointwise;
use crate::kernels::simd::Lane;
use crate::{Ctx, Float, Grads, Op, Operand, Tensor};

pointwise! { Quotient {} work 1, |a, b| [a.over(b)]; }

/// `a / b`, and 0 where `a = 0`.
#[derive(Debug)]
struct Over;

impl<F: Float> Op<F> for Over {
    fn name(&self) -> &'static str {
        "div"
    }

    fn vjp(&self, c: &Ctx<'_, F>, g: Tensor<F>) -> Grads<F> {
        let (a, b) = (c.x(0), c.x(1));
        let left = g.over(b);
        smallvec![
            c.needs(0).then(|| left.sum_to(a.shape())),
            c.needs(1).then(|| (-left.mul_no_nan(c.y())).sum_to(b.shape())),
        ]
    }
}

pointwise! {
    PowerOfLogarithm { k: i32 } work 40, |a, b| [{
        let y = a.pow(b);
        // The limit for a → 0 where b > 0, and what `pow` says for b = 0.
        (y.eq(0.0) | (a.eq(0.0) & b.eq(0.0))).select(0.0, y * a.ln().powi(k))
    }];
}

/// `Pₖ(a, b) = aᵇ (ln a)ᵏ`, k ≥ 1: the k-th derivative of `aᵇ` by the exponent.
#[derive(Debug)]
struct PowLn {
    k: i32,
}

impl<F: Float> Op<F> for PowLn {
    fn name(&self) -> &'static str {
        "pow"
    }

    /// `∂Pₖ/∂a = b Pₖ(a, b − 1) + k Pₖ₋₁(a, b − 1)` and `∂Pₖ/∂b = Pₖ₊₁`.
    fn vjp(&self, c: &Ctx<'_, F>, g: Tensor<F>) -> Grads<F> {
        let (a, b) = (c.x(0), c.x(1));
        let left = || {
            let less = b - 1.0;
            let lower = if self.k == 1 { a.pow(&less) } else { pow_ln(a, &less, self.k - 1) };
            let first = (&g * b).mul_no_nan(pow_ln(a, &less, self.k));
            first + (&g * f64::from(self.k)).mul_no_nan(lower)
        };
        let right = || g.mul_no_nan(pow_ln(a, b, self.k + 1));
        smallvec![
            c.needs(0).then(|| left().sum_to(a.shape())),
            c.needs(1).then(|| right().sum_to(b.shape())),
        ]
    }
}

fn pow_ln<F: Float>(a: &Tensor<F>, b: &Tensor<F>, k: i32) -> Tensor<F> {
    Tensor::record(PowLn { k }, &[a, b], zip(PowerOfLogarithm { k }, "pow", a, b))
}

impl<F: Float> Tensor<F> {
    /// The quotient, and 0 where this is 0, whatever the divisor is.
    pub(crate) fn over(&self, b: impl Operand<F>) -> Self {
        let b = b.tensor();
        Self::record(Over, &[self, &b], zip(Quotient {}, "div", self, &b))
    }

    /// `aᵇ ln a`, where `y` is `aᵇ`; 0 where `a = 0` and `b ≥ 0`.
    pub(crate) fn pow_ln(&self, b: &Self, _y: &Self) -> Self {
        pow_ln(self, b, 1)
    }

    /// `c / (a² + b²)`, where `c` is one of the two, without overflow; 0 where both are 0.
    pub(crate) fn over_square_sum(&self, b: &Self, c: &Self) -> Self {
        // The larger of both: a constant, since nothing depends on it.
        let scale = self.stop_gradient().abs().maximum(b.stop_gradient().abs());
        let scale = scale.eq(0.0).select(1.0, &scale);
        let (x, y) = (self / &scale, b / &scale);
        let squares = &x * &x + &y * &y;
        let squares = squares.eq(0.0).select(1.0, &squares);
        c / &scale / squares / scale
    }
}

/// The same of one number, so that one text of a derivative rule serves both.
pub(crate) trait PowerLane<F: Float, const FMA: bool>: Sized {
    fn pow_ln(self, b: Self, y: Self) -> Self;
    fn over_square_sum(self, b: Self, c: Self) -> Self;
}

impl<F: Float, const FMA: bool> PowerLane<F, FMA> for Lane<F, FMA> {
    #[inline(always)]
    fn pow_ln(self, b: Self, y: Self) -> Self {
        (y.eq(0.0) | (self.eq(0.0) & b.eq(0.0))).select(0.0, y * self.ln())
    }

    #[inline(always)]
    fn over_square_sum(self, b: Self, c: Self) -> Self {
        let scale = self.abs().maximum(b.abs());
        let scale = scale.eq(0.0).select(1.0, scale);
        let (x, y) = (self / scale, b / scale);
        let squares = x * x + y * y;
        let squares = squares.eq(0.0).select(1.0, squares);
        c / scale / squares / scale
    }
}
