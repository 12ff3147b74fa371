//! The functions of neural networks that are made of exponentials.

use crate::Float;
use crate::simd::Lane;

impl<F: Float, const FMA: bool> Lane<F, FMA> {
    /// The hyperbolic tangent: `q/(q+2)` with `q = e^{2|x|} − 1`, and the sign of `x`.
    ///
    /// Measured: at most 2.33 ulp in `f32`, 3 ulp in `f64`.
    #[inline(always)]
    pub fn tanh(self) -> Self {
        let q = (self.abs().clamp(0.0, F::TANH_ONE) * 2.0).moderate_exp_m1();
        (q / (q + 2.0)).copysign(self)
    }

    /// `1/(1 + e^{−x})`, without overflow and accurate in the lower tail.
    ///
    /// Measured: at most 2.19 ulp in `f32`, 1.5 ulp in `f64` (golden values).
    #[inline(always)]
    pub fn sigmoid(self) -> Self {
        let e = (-self.abs()).exp();
        self.ge(0.0).select(1.0, e) / (e + 1.0)
    }

    /// `ln(1 + eˣ) = max(x, 0) + ln(1 + e^{−|x|})`.
    ///
    /// Measured: at most 1.50 ulp in `f32`, 1.2 ulp in `f64` (golden values).
    #[inline(always)]
    pub fn softplus(self) -> Self {
        self.maximum(0.0) + (-self.abs()).exp().ln_1p()
    }

    /// `x · sigmoid(x)`.
    #[inline(always)]
    pub fn silu(self) -> Self {
        self * self.sigmoid()
    }

    /// The standard normal distribution function `(1 + erf(x/√2))/2`.
    ///
    /// The error is absolute (about one ulp of 1): the lower tail has no more relative accuracy than
    /// that leaves.
    #[inline(always)]
    pub fn normal_cdf(self) -> Self {
        (self * std::f64::consts::FRAC_1_SQRT_2).erf() * 0.5 + 0.5
    }
}
