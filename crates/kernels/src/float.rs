use std::fmt::{Debug, Display};
use std::iter::Sum;

use num_traits::{Float as NumFloat, NumAssign};

use crate::gemm::portable::Gemm;
use crate::math::Elementary;

/// What the kernels need of an element type. Nobody outside of this crate can name these traits, which seals [`Float`].
mod sealed {
    #[cfg(target_arch = "x86_64")]
    pub(super) use crate::gemm::vector::Simd;

    /// Nothing: the compiler's own vectors have to do.
    #[cfg(not(target_arch = "x86_64"))]
    pub trait Simd {}
    #[cfg(not(target_arch = "x86_64"))]
    impl Simd for f32 {}
    #[cfg(not(target_arch = "x86_64"))]
    impl Simd for f64 {}
}

/// The element type of slices and tensors: `f32` or `f64`.
///
/// The trait is sealed, because every kernel is written and checked for these two types.
pub trait Float:
    sealed::Simd
    + Gemm
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
    /// use seedbed_kernels::Float;
    /// assert_eq!(f32::of(0.5), 0.5_f32);
    /// ```
    fn of(x: f64) -> Self;

    /// This value as `f64`, exactly.
    fn f64(self) -> f64;

    /// The one of two values that belongs to this type: how generic code comes to a kernel that is written for `f32` or for `f64`.
    fn pick<T: ByElement>(f32: T::Of<f32>, f64: T::Of<f64>) -> T::Of<Self>;
}

/// A type for each element type: what [`Float::pick`] chooses from.
///
/// ```
/// use seedbed_kernels::{ByElement, Float};
///
/// /// A number and its name.
/// struct Named;
/// impl ByElement for Named {
///     type Of<F: Float> = (F, &'static str);
/// }
///
/// fn one<F: Float>() -> (F, &'static str) {
///     F::pick::<Named>((1.0, "f32"), (1.0, "f64"))
/// }
/// assert_eq!(one::<f64>(), (1.0, "f64"));
/// ```
pub trait ByElement {
    /// The type that belongs to `F`.
    type Of<F: Float>;
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
    #[inline(always)]
    fn pick<T: ByElement>(f32: T::Of<f32>, _: T::Of<f64>) -> T::Of<Self> {
        f32
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
    #[inline(always)]
    fn pick<T: ByElement>(_: T::Of<f32>, f64: T::Of<f64>) -> T::Of<Self> {
        f64
    }
}
