//! Softmax, its logarithm, and the logarithm of its denominator.

use smallvec::smallvec;

use crate::kernels::softmax::{self, Kind};
use crate::shape;
use crate::{Ctx, Float, Grads, Op, Tensor};

/// Softmax or log-softmax along an axis.
#[derive(Debug)]
struct Softmax {
    kind: Kind,
    axis: usize,
}

impl<F: Float> Op<F> for Softmax {
    fn name(&self) -> &'static str {
        match self.kind {
            Kind::Softmax => "softmax",
            Kind::LogSoftmax => "log_softmax",
        }
    }

    fn vjp(&self, c: &Ctx<'_, F>, g: Tensor<F>) -> Grads<F> {
        let (y, axis) = (c.y(), self.axis as isize);
        let gx = if !c.recording() {
            let [_, n, inner] = shape::around(y.shape(), self.axis);
            let data = softmax::backward(self.kind, y.data(), g.data(), [n, inner]);
            Tensor::new(data, y.shape())
        } else if self.kind == Kind::Softmax {
            let mean = (&g * y).sum_keepdim(axis);
            y * (g - mean)
        } else {
            // gᵢ − pᵢ Σ g = gᵢ (1 − pᵢ) − pᵢ Σ_{j ≠ i} gⱼ: where pᵢ is almost 1, what is missing is known from its logarithm.
            let others = g.sum_keepdim(axis) - &g;
            -(g * y.exp_m1()) - y.exp() * others
        };
        smallvec![Some(gx)]
    }
}

/// Softmax.
impl<F: Float> Tensor<F> {
    /// `exp(xᵢ) / Σⱼ exp(xⱼ)` along an axis, without overflow. A group of nothing but −∞ (everything masked) gives zeros.
    ///
    /// # Panics
    /// If the axis is out of range.
    ///
    /// ```
    /// use seedbed_autodiff::Tensor;
    /// let x = Tensor::<f64>::new(vec![1000.0, 1000.0, f64::NEG_INFINITY], &[3]);
    /// assert_eq!(x.softmax(-1).to_vec(), [0.5, 0.5, 0.0]);
    /// ```
    #[track_caller]
    pub fn softmax(&self, axis: isize) -> Self {
        self.softmax_like(Kind::Softmax, shape::axis("softmax", axis, self.ndim()))
    }

    /// `xᵢ − ln Σⱼ exp(xⱼ)` along an axis: the logarithm of [`softmax`](Self::softmax), without overflow or
    /// cancellation.
    ///
    /// # Panics
    /// If the axis is out of range.
    ///
    /// ```
    /// use seedbed_autodiff::Tensor;
    /// let x = Tensor::<f64>::new(vec![-1000.0, 0.0], &[2]);
    /// assert_eq!(x.log_softmax(-1).to_vec(), [-1000.0, 0.0]);
    /// ```
    #[track_caller]
    pub fn log_softmax(&self, axis: isize) -> Self {
        self.softmax_like(Kind::LogSoftmax, shape::axis("log_softmax", axis, self.ndim()))
    }

    #[track_caller]
    fn softmax_like(&self, kind: Kind, axis: usize) -> Self {
        let [_, n, inner] = shape::around(self.shape(), axis);
        let value = Self::new(softmax::forward(kind, self.data(), [n, inner]), self.shape());
        Self::record(Softmax { kind, axis }, &[self], value)
    }
}
