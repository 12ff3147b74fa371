//! Straight-through estimators: functions without a useful derivative whose gradient passes as if they
//! were the identity (Bengio et al. 2013).

use super::elementwise::{PassThrough, map};
use crate::kernels::pointwise;
use crate::{Float, Tensor};

pointwise! { Sign {} work 1, |x| [x.sign()]; }
pointwise! { Round {} work 1, |x| [x.round()]; }
pointwise! { Clamp { low: f64, high: f64 } work 1, |x| [x.clamp(low, high)]; }

impl<F: Float> Tensor<F> {
    /// [`round`](Self::round), with the gradient of the identity.
    ///
    /// ```
    /// use seedbed_autodiff::{Tensor, grad};
    /// let x = Tensor::<f64>::new(vec![0.4, 0.6], &[2]);
    /// assert_eq!(x.round_ste().to_vec(), [0.0, 1.0]);
    /// assert_eq!(grad(&x, |x| (x.round_ste() * 3.0).sum(..)).to_vec(), [3.0, 3.0]);
    /// ```
    #[must_use]
    #[track_caller]
    pub fn round_ste(&self) -> Self {
        map(Round {}, PassThrough("round_ste"), self)
    }

    /// [`sign`](Self::sign), with the gradient of the identity, whatever the size of `x`. The sign of 0 is 0.
    #[must_use]
    #[track_caller]
    pub fn sign_ste(&self) -> Self {
        map(Sign {}, PassThrough("sign_ste"), self)
    }

    /// [`clamp`](Self::clamp), with the gradient of the identity also outside of [`low`, `high`].
    #[must_use]
    #[track_caller]
    pub fn clamp_ste(&self, low: f64, high: f64) -> Self {
        map(Clamp { low, high }, PassThrough("clamp_ste"), self)
    }
}
