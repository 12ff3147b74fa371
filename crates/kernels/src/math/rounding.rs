//! Signs, roundings and roots.

use crate::Float;
use crate::simd::Lane;

impl<F: Float, const FMA: bool> Lane<F, FMA> {
    /// The magnitude.
    #[inline(always)]
    pub fn abs(self) -> Self {
        Lane(self.0.abs())
    }

    /// This magnitude with the sign of `sign`.
    #[inline(always)]
    pub fn copysign(self, sign: Self) -> Self {
        Lane(self.0.copysign(sign.0))
    }

    /// −1, 0 or 1; zeros and NaN stay as they are.
    #[inline(always)]
    pub fn sign(self) -> Self {
        self.gt(0.0).select(1.0, self.lt(0.0).select(-1.0, self))
    }

    /// The nearest integer, halves to the even one, as IEEE 754, NumPy and PyTorch round.
    ///
    /// Adding and subtracting `2^p` rounds; the instruction for it is not in baseline x86-64.
    #[inline(always)]
    pub fn round(self) -> Self {
        let shift = Lane(F::INTEGERS_FROM);
        let rounded = ((self.abs() + shift) - shift).copysign(self);
        self.abs().lt(shift).select(rounded, self)
    }

    /// The largest integer that is not above.
    #[inline(always)]
    pub fn floor(self) -> Self {
        let rounded = self.round();
        let lower = rounded.gt(self).select(rounded - 1.0, rounded);
        // The floor of a fraction above −0 is +0, of −0 is −0: only the signs of zeros depend on this.
        lower.eq(0.0).select(lower.copysign(self), lower)
    }

    /// The square root; NaN below zero.
    #[inline(always)]
    pub fn sqrt(self) -> Self {
        Lane(self.0.sqrt())
    }

    /// `1/√x`.
    ///
    /// Two roundings: at most 1.48 ulp.
    #[inline(always)]
    pub fn rsqrt(self) -> Self {
        1.0 / self.sqrt()
    }

    /// `1/x`.
    #[inline(always)]
    pub fn recip(self) -> Self {
        1.0 / self
    }
}
