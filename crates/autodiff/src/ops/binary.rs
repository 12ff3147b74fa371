//! Elementwise functions of two arguments, broadcast by NumPy's rule: shapes are aligned at the end, and sizes are
//! equal or 1. Each is a row as in `unary.rs`; a gradient is summed over the axes along which its
//! argument was repeated.

use smallvec::smallvec;

use super::elementwise::zip;
use super::power::PowerLane;
use crate::kernels::pointwise;
use crate::{Ctx, Float, Grads, Op, Operand, Tensor};

binary! {
    work 1;

    /// The product; also the operator `*`.
    ///
    /// # Panics
    /// If the shapes do not broadcast.
    pub fn mul(a, b) = a * b, |a, b, y, g| g * b, g * a;

    /// The quotient; also the operator `/`.
    ///
    /// # Panics
    /// If the shapes do not broadcast.
    pub fn div(a, b) = a / b, |a, b, y, g| g.over(b), -g.over(b).mul_no_nan(y);

    /// The product, and 0 where one of the factors is 0, whatever the other is: infinite or NaN. So terms `p ln p` are 0 where `p` is, and what a mask
    /// of zeros takes out stays out.
    ///
    /// # Panics
    /// If the shapes do not broadcast.
    ///
    /// ```
    /// use seedbed_autodiff::Tensor;
    /// let p = Tensor::<f64>::new(vec![0.0, 1.0], &[2]);
    /// assert_eq!(p.mul_no_nan(p.ln()).to_vec(), [0.0, 0.0]);
    /// ```
    pub fn mul_no_nan(a, b) = a.mul_no_nan(b), |a, b, y, g| g.mul_no_nan(b), g.mul_no_nan(a);

    /// The larger of two numbers, NaN where either is. Where they are equal each gets half of the
    /// gradient.
    ///
    /// # Panics
    /// If the shapes do not broadcast.
    ///
    /// ```
    /// use seedbed_autodiff::{Tensor, grad};
    /// let x = Tensor::<f64>::new(vec![1.0, 2.0, 3.0], &[3]);
    /// assert_eq!(x.maximum(2.0).to_vec(), [2.0, 2.0, 3.0]);
    /// assert_eq!(grad(&x, |x| x.maximum(2.0).sum(..)).to_vec(), [0.0, 0.5, 1.0]);
    /// ```
    pub fn maximum(a, b) = a.maximum(b),
        |a, b, y, g| a.eq(b).select(g * 0.5, a.gt(b).select(g, 0.0)),
        a.eq(b).select(g * 0.5, b.gt(a).select(g, 0.0));

    /// The smaller of two numbers, NaN where either is. Where they are equal each gets half of the
    /// gradient.
    ///
    /// # Panics
    /// If the shapes do not broadcast.
    pub fn minimum(a, b) = a.minimum(b),
        |a, b, y, g| a.eq(b).select(g * 0.5, a.lt(b).select(g, 0.0)),
        a.eq(b).select(g * 0.5, b.lt(a).select(g, 0.0));
}

binary! {
    work 20;

    /// `aᵇ`: NaN for negative `a` unless `b` is an integer.
    ///
    /// The gradients are `b·aᵇ⁻¹` and `aᵇ·ln a`, the latter NaN for negative `a`. Where `a = 0`, the first is 0 for `b = 0`, and the second for
    /// `b ≥ 0`. Mixed derivatives are the same in either order; as the derivative by the exponent is 0 at `a = 0`, the mixed one at (0, 1) is 1, as in PyTorch and JAX,
    /// though it falls to −∞ for `a → 0`.
    ///
    /// # Panics
    /// If the shapes do not broadcast.
    ///
    /// ```
    /// use seedbed_autodiff::{Tensor, grad};
    /// let (a, b) = (Tensor::<f64>::scalar(4.0), Tensor::scalar(0.0));
    /// // d/db d/da aᵇ = aᵇ⁻¹ (1 + b ln a)
    /// assert_eq!(grad(&b, |b| grad(&a, |a| a.pow(b))).item(), 0.25);
    /// ```
    pub fn pow(a, b) = a.pow(b),
        |a, b, y, g| (g * b).mul_no_nan(a.pow(b - 1.0)),
        g.mul_no_nan(a.pow_ln(b, y));

    /// The angle of the point (`b`, `a`) in radians, in [−π, π]: `y.atan2(x)`. The gradients are 0 where both are 0.
    ///
    /// # Panics
    /// If the shapes do not broadcast.
    pub fn atan2(a, b) = a.atan2(b),
        |a, b, y, g| g * a.over_square_sum(b, b),
        -(g * a.over_square_sum(b, a));
}

pointwise! { Sum {} work 1, |a, b| [a + b]; }
pointwise! { Difference {} work 1, |a, b| [a - b]; }

/// The linear ones need no values for their gradient.
impl<F: Float> Tensor<F> {
    /// The sum; also the operator `+`.
    ///
    /// # Panics
    /// If the shapes do not broadcast.
    #[must_use]
    #[track_caller]
    pub fn add(&self, other: impl Operand<F>) -> Self {
        let other = other.tensor();
        let value = zip(Sum {}, "add", self, &other);
        Self::record(Add, &[self, &other], value)
    }

    /// The difference; also the operator `-`.
    ///
    /// # Panics
    /// If the shapes do not broadcast.
    #[must_use]
    #[track_caller]
    pub fn sub(&self, other: impl Operand<F>) -> Self {
        let other = other.tensor();
        let value = zip(Difference {}, "sub", self, &other);
        Self::record(Sub, &[self, &other], value)
    }
}

#[derive(Debug)]
struct Add;

impl<F: Float> Op<F> for Add {
    fn name(&self) -> &'static str {
        "add"
    }

    fn vjp(&self, c: &Ctx<'_, F>, g: Tensor<F>) -> Grads<F> {
        let left = c.needs(0).then(|| g.sum_to(c.x(0).shape()));
        smallvec![left, c.needs(1).then(|| g.sum_to(c.x(1).shape()))]
    }
}

#[derive(Debug)]
struct Sub;

impl<F: Float> Op<F> for Sub {
    fn name(&self) -> &'static str {
        "sub"
    }

    fn vjp(&self, c: &Ctx<'_, F>, g: Tensor<F>) -> Grads<F> {
        let left = c.needs(0).then(|| g.sum_to(c.x(0).shape()));
        smallvec![left, c.needs(1).then(|| -g.sum_to(c.x(1).shape()))]
    }
}
