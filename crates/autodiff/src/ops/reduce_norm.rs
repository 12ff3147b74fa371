//! Length and standard deviation: roots of sums of squares, whose slope at 0 is none.

use smallvec::smallvec;

use super::reduce_fold::Groups;
use crate::kernels::reduce;
use crate::levels::no_grad;
use crate::shape::Axes;
use crate::{Ctx, Float, Grads, Op, Tensor};

/// `√Σ x²` over the middle of three axes.
#[derive(Debug)]
struct Norm {
    name: &'static str,
}

impl<F: Float> Op<F> for Norm {
    fn name(&self) -> &'static str {
        self.name
    }

    /// `g x/‖x‖`.
    fn vjp(&self, c: &Ctx<'_, F>, g: Tensor<F>) -> Grads<F> {
        smallvec![Some(along(c.x(0), c.y(), &g))]
    }
}

/// `√(Σ (x − x̄)² / (n − ddof))` over the middle of three axes.
#[derive(Debug)]
struct Deviation {
    name: &'static str,
    divisor: f64,
}

impl<F: Float> Op<F> for Deviation {
    fn name(&self) -> &'static str {
        self.name
    }

    /// `g (x − x̄) / (s (n − ddof))`.
    fn vjp(&self, c: &Ctx<'_, F>, g: Tensor<F>) -> Grads<F> {
        smallvec![Some(along(&c.x(0).centered(&[1]), c.y(), &(g * self.divisor.recip())))]
    }
}

/// `g x/y` along the middle axis of `x`, and 0 to any order where `y` is 0.
fn along<F: Float>(x: &Tensor<F>, y: &Tensor<F>, g: &Tensor<F>) -> Tensor<F> {
    let zero = y.eq(0.0);
    // The quotient first: it is moderate where y is tiny.
    let quotient = x / zero.select(1.0, y).unsqueeze(1) * g.unsqueeze(1);
    zero.unsqueeze(1).select(0.0, quotient)
}

/// Length and standard deviation.
impl<F: Float> Tensor<F> {
    /// The Euclidean norm `√Σ x²` over some axes, without overflow or underflow of the squares. Its gradient is `x/‖x‖`; where the norm is 0, the
    /// derivatives of every order are 0.
    ///
    /// The norms of order 1 and ∞ are `x.abs().sum(axes)` and `x.abs().max(axes)`.
    ///
    /// # Panics
    /// If an axis is out of range or named twice.
    ///
    /// ```
    /// use seedbed_autodiff::{Tensor, grad};
    /// let x = Tensor::<f32>::new(vec![3e30, 4e30, 0.0, 0.0], &[2, 2]);
    /// assert_eq!(x.norm(-1).to_vec(), [5e30, 0.0]);
    /// let gradient = grad(&x, |x| x.norm(-1).sum(..)).to_vec();
    /// assert!((gradient[0] - 0.6).abs() < 1e-6 && (gradient[1] - 0.8).abs() < 1e-6);
    /// assert_eq!(gradient[2..], [0.0, 0.0]);
    /// ```
    #[track_caller]
    pub fn norm(&self, axes: impl Axes) -> Self {
        self.length("norm", &axes, false)
    }

    /// [`norm`](Self::norm), keeping the reduced axes.
    #[track_caller]
    pub fn norm_keepdim(&self, axes: impl Axes) -> Self {
        self.length("norm_keepdim", &axes, true)
    }

    /// The standard deviation over some axes: the root of the variance of the population, [`var`](Self::var). (PyTorch's
    /// `std` divides by `n − 1`, as [`std_with`](Self::std_with) does with `ddof` = 1.) Where it is 0, the derivatives of every order are 0.
    ///
    /// # Panics
    /// If an axis is out of range or named twice.
    ///
    /// ```
    /// use seedbed_autodiff::{Tensor, grad};
    /// let x = Tensor::<f64>::new(vec![1.0, 3.0, 5.0, 5.0], &[2, 2]);
    /// assert_eq!(x.std(-1).to_vec(), [1.0, 0.0]);
    /// assert_eq!(grad(&x, |x| x.std(-1).sum(..)).to_vec(), [-0.5, 0.5, 0.0, 0.0]);
    /// ```
    #[track_caller]
    pub fn std(&self, axes: impl Axes) -> Self {
        self.deviation("std", &axes, 0.0, false)
    }

    /// [`std`](Self::std), keeping the reduced axes.
    #[track_caller]
    pub fn std_keepdim(&self, axes: impl Axes) -> Self {
        self.deviation("std_keepdim", &axes, 0.0, true)
    }

    /// The root of [`var_with`](Self::var_with), `√(Σ (x − x̄)² / (n − ddof))`: with `ddof = 1` the usual estimate from a sample. NaN or infinite
    /// where `n` is not greater than `ddof`.
    ///
    /// # Panics
    /// If an axis is out of range or named twice.
    ///
    /// ```
    /// use seedbed_autodiff::Tensor;
    /// let x = Tensor::<f64>::new(vec![1.0, 3.0, 5.0], &[3]);
    /// assert_eq!(x.std_with(.., 1.0).item(), 2.0);
    /// ```
    #[track_caller]
    pub fn std_with(&self, axes: impl Axes, ddof: f64) -> Self {
        self.deviation("std_with", &axes, ddof, false)
    }

    #[track_caller]
    fn length(&self, name: &'static str, axes: &dyn Axes, keep: bool) -> Self {
        let groups = Groups::new(self, name, axes, keep);
        let x = groups.arrange(self);
        let &[outer, _, inner] = x.shape() else { unreachable!("grouped") };
        let value = no_grad(|| lengths(&x)).reshape(&[outer, inner]);
        Self::record(Norm { name }, &[&x], value).reshape(&groups.shape)
    }

    #[track_caller]
    fn deviation(&self, name: &'static str, axes: &dyn Axes, ddof: f64, keep: bool) -> Self {
        let groups = Groups::new(self, name, axes, keep);
        let x = groups.arrange(self);
        let &[outer, n, inner] = x.shape() else { unreachable!("grouped") };
        let divisor = (n as f64 - ddof).max(0.0);
        let mut value = reduce::variance(x.data(), outer, n, inner, divisor);
        value.iter_mut().for_each(|v| *v = v.sqrt());
        let op = Deviation { name, divisor };
        Self::record(op, &[&x], Self::new(value, &[outer, inner])).reshape(&groups.shape)
    }
}

/// `√Σ x²` over the middle axis. The squares are scaled only where they would leave the range of `F`.
fn lengths<F: Float>(x: &Tensor<F>) -> Tensor<F> {
    let squares = x.square().sum_keepdim(1);
    // Below this, squares that count may have lost digits or vanished.
    let least = (F::min_positive_value() / (F::epsilon() * F::epsilon())).f64();
    let ordinary = squares.ge(least) * squares.lt(f64::INFINITY);
    if ordinary.data().iter().all(|&o| o == F::one()) || x.is_empty() {
        return squares.sqrt();
    }
    let largest = x.abs().max_keepdim(1);
    // Of zeros, infinities and NaN the largest is the norm itself.
    let scalable = largest.gt(0.0) * largest.lt(f64::INFINITY);
    let scale = scalable.select(&largest, 1.0);
    let scaled = (x / &scale).square().sum_keepdim(1).sqrt() * &scale;
    ordinary.select(squares.sqrt(), scalable.select(scaled, largest))
}
