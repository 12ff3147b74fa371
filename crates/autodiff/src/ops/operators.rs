//! `+ − × ÷` for every combination of owned and borrowed tensors and `f64` scalars, and negation.
//!
//! A tensor that is given away lends its memory to the result, where it is a constant that nobody else
//! sees. A scalar is part of the loop, never a tensor.

use std::ops::{Add, Div, Mul, Neg, Sub};

use super::elementwise::{PassThrough, map, map_owned, unary, unary_owned, zip_owned};
use crate::kernels::pointwise;
use crate::{Float, Tensor};

pointwise! { Sum {} work 1, |a, b| [a + b]; }
pointwise! { Product {} work 1, |a, b| [a * b]; }
pointwise! { Difference {} work 1, |a, b| [a - b]; }
pointwise! { DifferenceReversed {} work 1, |b, a| [a - b]; }
pointwise! { Quotient {} work 1, |a, b| [a / b]; }
pointwise! { QuotientReversed {} work 1, |b, a| [a / b]; }

pointwise! { Plus { c: f64 } work 1, |x| [x + c]; }
unary_row!(Minus { c: f64 } "sub", work 1, |x| c - x, |x, y, g| -g);
unary_row!(Times { c: f64 } "mul", work 1, |x| x * c, |x, y, g| g * c);
unary_row!(Over { c: f64 } "div", work 1, |x| x / c, |x, y, g| g / c);
unary_row!(Under { c: f64 } "div", work 1, |x| c / x, |x, y, g| -g.over(x).mul_no_nan(y));
unary_row!(Negative {} "neg", work 1, |x| -x, |x, y, g| -g);

/// An operator between tensors, by the method of the same name.
macro_rules! between_tensors {
    ($($Op:ident $op:ident $Pointwise:ident $Reversed:ident;)*) => { $(
        impl<F: Float> $Op<&Tensor<F>> for &Tensor<F> {
            type Output = Tensor<F>;
            #[track_caller]
            fn $op(self, other: &Tensor<F>) -> Tensor<F> {
                Tensor::$op(self, other)
            }
        }

        impl<F: Float> $Op<Tensor<F>> for &Tensor<F> {
            type Output = Tensor<F>;
            #[track_caller]
            fn $op(self, other: Tensor<F>) -> Tensor<F> {
                self.clone().$op(other)
            }
        }

        impl<F: Float> $Op<&Tensor<F>> for Tensor<F> {
            type Output = Tensor<F>;
            #[track_caller]
            fn $op(self, other: &Tensor<F>) -> Tensor<F> {
                self.$op(other.clone())
            }
        }

        impl<F: Float> $Op<Tensor<F>> for Tensor<F> {
            type Output = Tensor<F>;
            #[track_caller]
            fn $op(self, other: Tensor<F>) -> Tensor<F> {
                match zip_owned($Pointwise {}, $Reversed {}, self, other) {
                    Ok(value) => Tensor::record(PassThrough(stringify!($op)), &[], value),
                    Err((a, b)) => Tensor::$op(&a, &b),
                }
            }
        }
    )* };
}

between_tensors! {
    Add add Sum Sum;
    Sub sub Difference DifferenceReversed;
    Mul mul Product Product;
    Div div Quotient QuotientReversed;
}

/// An operator between a tensor `$x` and a scalar `$c`, on either side.
macro_rules! with_scalars {
    ($($Op:ident $op:ident |$x:ident, $c:ident| $right:expr, $right_owned:expr; $left:expr, $left_owned:expr;)*) => { $(
        impl<F: Float> $Op<f64> for &Tensor<F> {
            type Output = Tensor<F>;
            #[track_caller]
            fn $op(self, $c: f64) -> Tensor<F> {
                let $x = self;
                $right
            }
        }

        impl<F: Float> $Op<f64> for Tensor<F> {
            type Output = Tensor<F>;
            #[track_caller]
            fn $op(self, $c: f64) -> Tensor<F> {
                let $x = self;
                $right_owned
            }
        }

        impl<F: Float> $Op<&Tensor<F>> for f64 {
            type Output = Tensor<F>;
            #[track_caller]
            fn $op(self, $x: &Tensor<F>) -> Tensor<F> {
                let $c = self;
                $left
            }
        }

        impl<F: Float> $Op<Tensor<F>> for f64 {
            type Output = Tensor<F>;
            #[track_caller]
            fn $op(self, $x: Tensor<F>) -> Tensor<F> {
                let $c = self;
                $left_owned
            }
        }
    )* };
}

with_scalars! {
    Add add |x, c|
        map(Plus { c }, PassThrough("add"), x), map_owned(Plus { c }, PassThrough("add"), x);
        map(Plus { c }, PassThrough("add"), x), map_owned(Plus { c }, PassThrough("add"), x);
    Sub sub |x, c|
        map(Plus { c: -c }, PassThrough("sub"), x), map_owned(Plus { c: -c }, PassThrough("sub"), x);
        unary(Minus { c }, x), unary_owned(Minus { c }, x);
    Mul mul |x, c|
        unary(Times { c }, x), unary_owned(Times { c }, x);
        unary(Times { c }, x), unary_owned(Times { c }, x);
    Div div |x, c|
        unary(Over { c }, x), unary_owned(Over { c }, x);
        unary(Under { c }, x), unary_owned(Under { c }, x);
}

impl<F: Float> Neg for &Tensor<F> {
    type Output = Tensor<F>;
    #[track_caller]
    fn neg(self) -> Tensor<F> {
        unary(Negative {}, self)
    }
}

impl<F: Float> Neg for Tensor<F> {
    type Output = Tensor<F>;
    #[track_caller]
    fn neg(self) -> Tensor<F> {
        unary_owned(Negative {}, self)
    }
}
