//! Elementwise functions of one argument, each a row: value, then gradient from the argument `x`, the
//! value `y` and the incoming gradient `g`.
//!
//! Where a slope is infinite (√x at 0), an element whose incoming gradient is 0 still has the gradient 0: what a mask takes out stays out.
//!
//! Errors are stated in units in the last place (ulp) of the exact value; tests hold every one of them to 4 ulp, except where
//! said otherwise.

use std::f64::consts::FRAC_2_SQRT_PI;

use super::elementwise::piecewise_constant;
use crate::kernels::pointwise;
use crate::{Float, Tensor};

unary! {
    work 1;

    /// `−x`; also the operator `-`.
    pub fn neg(x) = -x, |x, y, g| -g;

    /// The magnitude `|x|`. The subgradient at 0 is 0.
    ///
    /// ```
    /// use seedbed_autodiff::{Tensor, grad};
    /// let x = Tensor::<f64>::new(vec![-2.0, 0.0, 3.0], &[3]);
    /// assert_eq!(x.abs().to_vec(), [2.0, 0.0, 3.0]);
    /// assert_eq!(grad(&x, |x| x.abs().sum(..)).to_vec(), [-1.0, 0.0, 1.0]);
    /// ```
    pub fn abs(x) = x.abs(), |x, y, g| g.mul_no_nan(x.sign());

    /// `x²`. Its gradient is 0 at 0 even where the incoming one is infinite, so that the norm `x.square().sum(..).sqrt()` of zeros has the gradient 0.
    ///
    /// ```
    /// use seedbed_autodiff::{Tensor, grad};
    /// let x = Tensor::<f64>::zeros(&[2]);
    /// assert_eq!(grad(&x, |x| x.square().sum(..).sqrt()).to_vec(), [0.0, 0.0]);
    /// ```
    pub fn square(x) = x * x, |x, y, g| g.mul_no_nan(x) * 2.0;

    /// The square root `√x`; NaN below 0. The gradient `1/(2√x)` is infinite at 0.
    pub fn sqrt(x) = x.sqrt(), |x, y, g| g.over(y * 2.0);

    /// `1/√x`, to 1.5 ulp.
    pub fn rsqrt(x) = x.rsqrt(), |x, y, g| g.mul_no_nan(y.powi(3)) * -0.5;

    /// `1/x`.
    pub fn recip(x) = x.recip(), |x, y, g| -g.mul_no_nan(y.powi(2));

    /// `xⁿ` for an integer `n`, to about `|n|` ulp; `x⁰` is 1 with gradient 0, also at 0.
    ///
    /// ```
    /// use seedbed_autodiff::{Tensor, grad};
    /// let x = Tensor::<f64>::new(vec![-2.0, 0.0], &[2]);
    /// assert_eq!(grad(&x, |x| x.powi(3).sum(..)).to_vec(), [12.0, 0.0]);
    /// assert_eq!(grad(&x, |x| x.powi(0).sum(..)).to_vec(), [0.0, 0.0]);
    /// ```
    pub fn powi(x, n: i32) = x.powi(n),
        |x, y, g| g.mul_no_nan(x.powi(if n == 0 { 0 } else { n.saturating_sub(1) }) * f64::from(n));

    /// The nearest value in [`low`, `high`]; NaN stays. The gradient is 1 there, ends included, and 0
    /// outside.
    pub fn clamp(x, low: f64, high: f64) = x.clamp(low, high), |x, y, g| x.eq(y).select(g, 0.0);
}

unary! {
    work 8;

    /// The exponential `eˣ`, to 1 ulp.
    pub fn exp(x) = x.exp(), |x, y, g| g * y;

    /// `eˣ − 1`, accurate near 0: to 2 ulp.
    pub fn exp_m1(x) = x.exp_m1(), |x, y, g| g * (y + 1.0);

    /// The natural logarithm, to 1 ulp; −∞ at 0, NaN below.
    pub fn ln(x) = x.ln(), |x, y, g| g.over(x);

    /// `ln(1 + x)`, accurate near 0: to 1 ulp.
    pub fn ln_1p(x) = x.ln_1p(), |x, y, g| g.over(x + 1.0);

    /// The sine of an angle in radians, of any size, as `std` has it.
    pub fn sin(x) = x.sin(), |x, y, g| g * x.cos();

    /// The cosine of an angle in radians, of any size, as `std` has it.
    pub fn cos(x) = x.cos(), |x, y, g| -(g * x.sin());

    /// The hyperbolic tangent, to 3 ulp.
    pub fn tanh(x) = x.tanh(), |x, y, g| g * (1.0 - y * y);

    /// The error function `erf(x) = 2/√π ∫₀ˣ e^{−t²} dt`, with derivative `2/√π e^{−x²}`; to 1.3 ulp.
    pub fn erf(x) = x.erf(), |x, y, g| g * ((-(x * x)).exp() * FRAC_2_SQRT_PI);

    /// `xᵖ` for a real constant `p`: NaN for negative `x` unless `p` is an integer. `x⁰` is 1 with gradient
    /// 0, also at 0.
    ///
    /// ```
    /// use seedbed_autodiff::{Tensor, grad};
    /// let x = Tensor::<f64>::new(vec![4.0, 9.0], &[2]);
    /// assert_eq!(x.powf(0.5).to_vec(), [2.0, 3.0]);
    /// assert_eq!(grad(&x, |x| x.powf(1.5).sum(..)).to_vec(), [3.0, 4.5]);
    /// ```
    pub fn powf(x, p: f64) = x.powf(p),
        |x, y, g| g.mul_no_nan(x.powf(if p == 0.0 { 0.0 } else { p - 1.0 }) * p);
}

pointwise! { Sign {} work 1, |x| [x.sign()]; }
pointwise! { Floor {} work 1, |x| [x.floor()]; }
pointwise! { Round {} work 1, |x| [x.round()]; }

/// Functions that are constant between their steps: no gradient flows through them.
impl<F: Float> Tensor<F> {
    /// −1, 0 or 1, with gradient 0. [`sign_ste`](Self::sign_ste) lets the gradient pass.
    #[must_use]
    #[track_caller]
    pub fn sign(&self) -> Self {
        piecewise_constant(Sign {}, "sign", self)
    }

    /// The largest integer that is not above, with gradient 0.
    #[must_use]
    #[track_caller]
    pub fn floor(&self) -> Self {
        piecewise_constant(Floor {}, "floor", self)
    }

    /// The nearest integer, halves to the even one as in NumPy, with gradient 0.
    /// [`round_ste`](Self::round_ste) lets the gradient pass.
    #[must_use]
    #[track_caller]
    pub fn round(&self) -> Self {
        piecewise_constant(Round {}, "round", self)
    }
}
