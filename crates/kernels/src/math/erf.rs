//! The error function.

use crate::Float;
use crate::simd::Lane;

impl<F: Float, const FMA: bool> Lane<F, FMA> {
    /// `erf(x) = 2/√π ∫₀ˣ e^{−t²} dt`.
    ///
    /// Up to 1 it is `x + x·P(x²)`; from there to where it rounds to 1, `1 − e^{−Q(|x|−1)}` with `Q`
    /// fitted to `−ln erfc`.
    ///
    /// Measured: at most 1.26 ulp in `f32`, 0.8 ulp in `f64` (golden values).
    #[inline(always)]
    pub fn erf(self) -> Self {
        let a = self.abs();
        let square = a.clamp(0.0, 1.0);
        let near = (square * square).poly(F::ERF).mul_add(a, a);
        let q = (a.clamp(1.0, F::ERF_ONE) - 1.0).poly(F::ERFC);
        let far = 1.0 - (-q).exp();
        a.gt(1.0).select(far, near).copysign(self)
    }
}
