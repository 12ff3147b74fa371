//! Variance and the logarithm of a sum of exponentials.

use smallvec::smallvec;

use super::reduce_fold::Groups;
use crate::kernels::{reduce, softmax};
use crate::shape::Axes;
use crate::{Ctx, Float, Grads, Op, Tensor};

/// `Σ (x − mean)² / (n − ddof)` over the middle of three axes.
#[derive(Debug)]
struct Variance {
    name: &'static str,
    divisor: f64,
}

impl<F: Float> Op<F> for Variance {
    fn name(&self) -> &'static str {
        self.name
    }

    /// `2 (x − mean) g / (n − ddof)`.
    fn vjp(&self, c: &Ctx<'_, F>, g: Tensor<F>) -> Grads<F> {
        let x = c.x(0);
        let g = g.unsqueeze(1) * (2.0 / self.divisor);
        smallvec![Some(x.centered(&[1]) * g)]
    }
}

/// `ln Σ eˣ` over the middle of three axes.
#[derive(Debug)]
struct LogSumExp {
    name: &'static str,
}

impl<F: Float> Op<F> for LogSumExp {
    fn name(&self) -> &'static str {
        self.name
    }

    fn vjp(&self, c: &Ctx<'_, F>, g: Tensor<F>) -> Grads<F> {
        smallvec![Some(c.x(0).softmax(1) * g.unsqueeze(1))]
    }
}

/// Variance, logarithm of a sum of exponentials.
impl<F: Float> Tensor<F> {
    /// The variance over some axes: the mean squared deviation from the mean, `Σ (x − x̄)² / n`. It is the variance of the
    /// population; [`var_with`](Self::var_with) divides by `n − ddof`. It is computed from the deviations, so that nothing cancels, however large the
    /// numbers are beside them.
    ///
    /// # Panics
    /// If an axis is out of range or named twice.
    ///
    /// ```
    /// use seedbed_autodiff::Tensor;
    /// let x = Tensor::<f32>::new(vec![1.0, 2.0, 3.0, 4.0], &[4]);
    /// assert_eq!(x.var(..).item(), 1.25);
    /// ```
    #[track_caller]
    pub fn var(&self, axes: impl Axes) -> Self {
        self.variance("var", &axes, 0.0, false)
    }

    /// [`var`](Self::var), keeping the reduced axes.
    #[track_caller]
    pub fn var_keepdim(&self, axes: impl Axes) -> Self {
        self.variance("var_keepdim", &axes, 0.0, true)
    }

    /// `Σ (x − x̄)² / (n − ddof)` over some axes: with `ddof = 1` the unbiased estimate from a sample. NaN or infinite where `n` is
    /// not greater than `ddof`, as in NumPy.
    ///
    /// # Panics
    /// If an axis is out of range or named twice.
    ///
    /// ```
    /// use seedbed_autodiff::Tensor;
    /// let x = Tensor::<f64>::new(vec![1.0, 2.0, 3.0], &[3]);
    /// assert_eq!(x.var_with(.., 1.0).item(), 1.0);
    /// ```
    #[track_caller]
    pub fn var_with(&self, axes: impl Axes, ddof: f64) -> Self {
        self.variance("var_with", &axes, ddof, false)
    }

    /// `ln Σ eˣ` over some axes, without overflow; −∞ where all elements are −∞ or there are none.
    ///
    /// # Panics
    /// If an axis is out of range or named twice.
    ///
    /// ```
    /// use seedbed_autodiff::Tensor;
    /// let x = Tensor::<f64>::new(vec![1000.0, 1000.0], &[2]);
    /// assert_eq!(x.logsumexp(..).item(), 1000.0 + 2.0_f64.ln());
    /// ```
    #[track_caller]
    pub fn logsumexp(&self, axes: impl Axes) -> Self {
        self.log_sum_exp("logsumexp", &axes, false)
    }

    /// [`logsumexp`](Self::logsumexp), keeping the reduced axes.
    #[track_caller]
    pub fn logsumexp_keepdim(&self, axes: impl Axes) -> Self {
        self.log_sum_exp("logsumexp_keepdim", &axes, true)
    }

    /// Without the mean over some axes. The mean is rounded, so that what is left has a mean of its own, which is taken away, too: numbers that are
    /// large beside their deviations keep these.
    pub(crate) fn centered(&self, axes: &[isize]) -> Self {
        let rough = self - self.mean_keepdim(axes);
        &rough - rough.mean_keepdim(axes)
    }

    #[track_caller]
    fn variance(&self, name: &'static str, axes: &dyn Axes, ddof: f64, keep: bool) -> Self {
        let groups = Groups::new(self, name, axes, keep);
        let x = groups.arrange(self);
        let &[outer, n, inner] = x.shape() else { unreachable!("grouped") };
        let divisor = (n as f64 - ddof).max(0.0);
        let value = reduce::variance(x.data(), outer, n, inner, divisor);
        let op = Variance { name, divisor };
        Self::record(op, &[&x], Self::new(value, &[outer, inner])).reshape(&groups.shape)
    }

    #[track_caller]
    fn log_sum_exp(&self, name: &'static str, axes: &dyn Axes, keep: bool) -> Self {
        let groups = Groups::new(self, name, axes, keep);
        let x = groups.arrange(self);
        let &[outer, n, inner] = x.shape() else { unreachable!("grouped") };
        let value = softmax::log_sum_exp(x.data(), outer, n, inner);
        let y = Self::record(LogSumExp { name }, &[&x], Self::new(value, &[outer, inner]));
        y.reshape(&groups.shape)
    }
}
