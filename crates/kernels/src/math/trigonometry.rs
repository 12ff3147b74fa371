//! Circular functions.
//!
//! These are the ones of `std`: correct for the largest arguments, where a short range reduction is
//! not, but not vectorised.

use crate::Float;
use crate::simd::Lane;

impl<F: Float, const FMA: bool> Lane<F, FMA> {
    /// The sine of an angle in radians, of any size.
    #[inline(always)]
    pub fn sin(self) -> Self {
        Lane(self.0.sin())
    }

    /// The cosine of an angle in radians, of any size.
    #[inline(always)]
    pub fn cos(self) -> Self {
        Lane(self.0.cos())
    }

    /// The angle of the point `(x, self)` in radians, in `[−π, π]`.
    #[inline(always)]
    pub fn atan2(self, x: Self) -> Self {
        Lane(self.0.atan2(x.0))
    }
}
