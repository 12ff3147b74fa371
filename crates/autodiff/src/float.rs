use std::fmt::{Debug, Display};
use std::iter::Sum;

use num_traits::{Float as NumFloat, NumAssign};

use crate::kernels::math::Elementary;

mod sealed {
    pub trait Sealed {}
    impl Sealed for f32 {}
    impl Sealed for f64 {}
}

/// The element type of a [`Tensor`](crate::Tensor): `f32` or `f64`.
///
/// The trait is sealed, because every kernel is written and checked for these two types.
pub trait Float:
    sealed::Sealed
    + Elementary
    + NumFloat
    + NumAssign
    + Sum
    + Debug
    + Display
    + Default
    + Send
    + Sync
    + 'static
{
    /// The nearest value of this type.
    ///
    /// ```
    /// use seedbed_autodiff::Float;
    /// assert_eq!(f32::of(0.5), 0.5_f32);
    /// ```
    fn of(x: f64) -> Self;

    /// This value as `f64`, exactly.
    fn f64(self) -> f64;
}

impl Float for f32 {
    #[inline(always)]
    fn of(x: f64) -> Self {
        x as f32
    }
    #[inline(always)]
    fn f64(self) -> f64 {
        f64::from(self)
    }
}

impl Float for f64 {
    #[inline(always)]
    fn of(x: f64) -> Self {
        x
    }
    #[inline(always)]
    fn f64(self) -> f64 {
        self
    }
}
