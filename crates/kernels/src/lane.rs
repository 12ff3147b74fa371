//! The scalar on which an elementwise rule is compiled.

use std::marker::PhantomData;
use std::ops::{
    Add, AddAssign, BitAnd, BitOr, Div, DivAssign, Mul, MulAssign, Neg, Not, Sub, SubAssign,
};

use crate::Float;

/// One number of a vectorised loop.
///
/// It is written like the tensors of `seedbed-autodiff` (operators with `f64` literals on either side,
/// `x.tanh()`, `x.gt(0.0).select(a, b)`), so that one text of a derivative rule compiles for both. Its
/// functions are free of branches: under [`simd::dispatch`](super::simd::dispatch) the compiler turns a
/// loop over them into vector instructions.
///
/// `FMA` says that the machine fuses a multiplication with an addition in one instruction.
#[derive(Clone, Copy, Debug)]
pub struct Lane<F, const FMA: bool>(pub F);

impl<F: Float, const FMA: bool> Lane<F, FMA> {
    /// The nearest value to a literal.
    #[inline(always)]
    pub fn of(x: f64) -> Self {
        Lane(F::of(x))
    }

    /// `self · b + c`, fused where that is one instruction.
    #[inline(always)]
    pub fn mul_add(self, b: impl Into<Self>, c: impl Into<Self>) -> Self {
        let (b, c) = (b.into(), c.into());
        if FMA { Lane(F::fused(self.0, b.0, c.0)) } else { self * b + c }
    }

    /// `c₀ + c₁x + c₂x² + …` by Horner's rule.
    #[inline(always)]
    pub fn poly(self, c: &[F]) -> Self {
        c.iter().rev().skip(1).fold(Lane(c[c.len() - 1]), |acc, &c| acc.mul_add(self, Lane(c)))
    }

    /// `self · y`, and 0 where one of both is 0, whatever the other is: infinite or NaN.
    #[inline(always)]
    pub fn mul_no_nan(self, y: impl Into<Self>) -> Self {
        let y = y.into();
        (self.eq(0.0) | y.eq(0.0)).select(0.0, self * y)
    }

    /// `self / y`, and 0 where `self` is 0, whatever `y` is.
    #[inline(always)]
    pub fn over(self, y: impl Into<Self>) -> Self {
        self.eq(0.0).select(0.0, self / y.into())
    }

    /// `self > y`.
    #[inline(always)]
    pub fn gt(self, y: impl Into<Self>) -> Mask<F, FMA> {
        Mask::of(self.0 > y.into().0)
    }

    /// `self >= y`.
    #[inline(always)]
    pub fn ge(self, y: impl Into<Self>) -> Mask<F, FMA> {
        Mask::of(self.0 >= y.into().0)
    }

    /// `self < y`.
    #[inline(always)]
    pub fn lt(self, y: impl Into<Self>) -> Mask<F, FMA> {
        Mask::of(self.0 < y.into().0)
    }

    /// `self <= y`.
    #[inline(always)]
    pub fn le(self, y: impl Into<Self>) -> Mask<F, FMA> {
        Mask::of(self.0 <= y.into().0)
    }

    /// `self == y`.
    #[inline(always)]
    pub fn eq(self, y: impl Into<Self>) -> Mask<F, FMA> {
        Mask::of(self.0 == y.into().0)
    }

    /// `self != y`.
    #[inline(always)]
    pub fn ne(self, y: impl Into<Self>) -> Mask<F, FMA> {
        Mask::of(self.0 != y.into().0)
    }

    /// Whether this is not a number.
    #[inline(always)]
    pub fn is_nan(self) -> Mask<F, FMA> {
        self.ne(self)
    }

    /// The larger, or NaN where either is NaN (as NumPy's `maximum`).
    #[inline(always)]
    pub fn maximum(self, y: impl Into<Self>) -> Self {
        let y = y.into();
        (self.ge(y) | self.is_nan()).select(self, y)
    }

    /// The smaller, or NaN where either is NaN (as NumPy's `minimum`).
    #[inline(always)]
    pub fn minimum(self, y: impl Into<Self>) -> Self {
        let y = y.into();
        (self.le(y) | self.is_nan()).select(self, y)
    }

    /// The nearest value in `[low, high]`; NaN stays.
    #[inline(always)]
    pub fn clamp(self, low: impl Into<Self>, high: impl Into<Self>) -> Self {
        let (low, high) = (low.into(), high.into());
        let x = self.lt(low).select(low, self);
        x.gt(high).select(high, x)
    }
}

/// The outcome of a comparison of [`Lane`]s; to [`Lane`] what a tensor of zeros and ones is to a tensor.
#[derive(Clone, Copy, Debug)]
pub struct Mask<F, const FMA: bool>(bool, PhantomData<F>);

impl<F: Float, const FMA: bool> Mask<F, FMA> {
    #[inline(always)]
    fn of(x: bool) -> Self {
        Mask(x, PhantomData)
    }

    /// `a` where true, `b` where false.
    #[inline(always)]
    pub fn select(self, a: impl Into<Lane<F, FMA>>, b: impl Into<Lane<F, FMA>>) -> Lane<F, FMA> {
        let (a, b) = (a.into(), b.into());
        if self.0 { a } else { b }
    }

    /// 1 where true, 0 where false.
    #[inline(always)]
    pub fn number(self) -> Lane<F, FMA> {
        self.select(1.0, 0.0)
    }
}

impl<F: Float, const FMA: bool> BitAnd for Mask<F, FMA> {
    type Output = Self;
    #[inline(always)]
    fn bitand(self, y: Self) -> Self {
        Mask::of(self.0 & y.0)
    }
}

impl<F: Float, const FMA: bool> BitOr for Mask<F, FMA> {
    type Output = Self;
    #[inline(always)]
    fn bitor(self, y: Self) -> Self {
        Mask::of(self.0 | y.0)
    }
}

impl<F: Float, const FMA: bool> Not for Mask<F, FMA> {
    type Output = Self;
    #[inline(always)]
    fn not(self) -> Self {
        Mask::of(!self.0)
    }
}

impl<F: Float, const FMA: bool> From<f64> for Lane<F, FMA> {
    #[inline(always)]
    fn from(x: f64) -> Self {
        Lane::of(x)
    }
}

impl<F: Float, const FMA: bool> Neg for Lane<F, FMA> {
    type Output = Self;
    #[inline(always)]
    fn neg(self) -> Self {
        Lane(-self.0)
    }
}

macro_rules! operators {
    ($($Op:ident $op:ident $OpAssign:ident $op_assign:ident;)*) => { $(
        impl<F: Float, const FMA: bool> $Op for Lane<F, FMA> {
            type Output = Self;
            #[inline(always)]
            fn $op(self, y: Self) -> Self {
                Lane(self.0.$op(y.0))
            }
        }
        impl<F: Float, const FMA: bool> $Op<f64> for Lane<F, FMA> {
            type Output = Self;
            #[inline(always)]
            fn $op(self, y: f64) -> Self {
                Lane(self.0.$op(F::of(y)))
            }
        }
        impl<F: Float, const FMA: bool> $Op<Lane<F, FMA>> for f64 {
            type Output = Lane<F, FMA>;
            #[inline(always)]
            fn $op(self, y: Lane<F, FMA>) -> Lane<F, FMA> {
                Lane(F::of(self).$op(y.0))
            }
        }
        impl<F: Float, const FMA: bool> $OpAssign for Lane<F, FMA> {
            #[inline(always)]
            fn $op_assign(&mut self, y: Self) {
                *self = (*self).$op(y);
            }
        }
    )* };
}

operators! {
    Add add AddAssign add_assign;
    Sub sub SubAssign sub_assign;
    Mul mul MulAssign mul_assign;
    Div div DivAssign div_assign;
}
