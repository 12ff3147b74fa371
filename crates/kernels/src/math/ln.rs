//! Logarithms.
//!
//! `x = m·2ᵉ` with `m = 1 + f` in `[√½, √2)`; with `s = f/(2+f)`,
//! `ln(1+f) = f − (f²/2 − s·(f²/2 + s²·P(s²)))`, the arrangement of Sun's fdlibm, whose error is below
//! one ulp.

use crate::Float;
use crate::simd::Lane;

impl<F: Float, const FMA: bool> Lane<F, FMA> {
    /// `ln(self · 2^exponent) + tail` for a positive normal `self` and a `tail` far below one.
    #[inline(always)]
    fn ln_of_normal(self, exponent: Self, tail: Self) -> Self {
        let (m, e) = F::split(self.0);
        let (f, e) = (Lane(m) - 1.0, Lane(e) + exponent);
        let s = f / (f + 2.0);
        let z = s * s;
        let half_square = f * f * 0.5;
        let rest = z * z.poly(F::LN) + half_square;
        let low = s.mul_add(rest, e.mul_add(Lane(F::LN2_LOW), tail));
        e * Lane(F::LN2_HIGH) - ((half_square - low) - f)
    }

    /// The natural logarithm. −∞ at ±0, NaN below.
    ///
    /// Measured: at most 0.79 ulp in `f32`, 1 ulp in `f64`.
    #[inline(always)]
    pub fn ln(self) -> Self {
        let subnormal = self.lt(Lane(F::NORMAL_FROM));
        let x = subnormal.select(self * F::SUBNORMAL_SCALE, self);
        let exponent = subnormal.select(-F::SUBNORMAL_EXPONENT, 0.0);
        x.ln_of_normal(exponent, Lane::of(0.0)).with_ln_limits(self)
    }

    /// `ln(1 + x)`, accurate near 0. −∞ at −1, NaN below.
    ///
    /// Measured: at most 0.82 ulp in `f32`, 1 ulp in `f64`.
    #[inline(always)]
    pub fn ln_1p(self) -> Self {
        let u = self + 1.0;
        // What the rounding of 1 + x lost; its effect on the logarithm is lost/u.
        let lost = self.gt(1.0).select(1.0 - (u - self), self - (u - 1.0));
        let y = u.ln_of_normal(Lane::of(0.0), lost / u).with_ln_limits(u);
        self.abs().lt(Lane(F::TINY)).select(self, y)
    }

    /// Puts in the logarithm of what is not a positive finite number.
    #[inline(always)]
    fn with_ln_limits(self, x: Self) -> Self {
        let y = x.gt(0.0).select(self, f64::NAN);
        let y = x.eq(0.0).select(f64::NEG_INFINITY, y);
        x.eq(f64::INFINITY).select(x, y)
    }
}
