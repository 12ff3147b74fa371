//! The traits of the crate [`approx`] for tensors and modules, with the feature `approx`.
//!
//! Two tensors are close if they have one shape and all their elements are close. So the assertions of that crate work:
//!
//! ```
//! use approx::assert_relative_eq;
//! use seedbed_autodiff::Tensor;
//! let third = Tensor::<f64>::full(&[2], 1.0) / 3.0;
//! assert_relative_eq!(&third * 3.0, Tensor::ones(&[2]), max_relative = 1e-15);
//! ```

use std::fmt;

use ::approx::{AbsDiffEq, RelativeEq, UlpsEq};

use crate::{Float, Module, Role, Tensor};

impl<F: Float + AbsDiffEq<Epsilon = F>> AbsDiffEq for Tensor<F> {
    type Epsilon = F;

    fn default_epsilon() -> F {
        F::default_epsilon()
    }

    fn abs_diff_eq(&self, other: &Self, epsilon: F) -> bool {
        self.shape() == other.shape() && self.data().abs_diff_eq(other.data(), epsilon)
    }
}

impl<F: Float + RelativeEq<Epsilon = F>> RelativeEq for Tensor<F> {
    fn default_max_relative() -> F {
        F::default_max_relative()
    }

    fn relative_eq(&self, other: &Self, epsilon: F, max_relative: F) -> bool {
        self.shape() == other.shape()
            && self.data().relative_eq(other.data(), epsilon, max_relative)
    }
}

impl<F: Float + UlpsEq<Epsilon = F>> UlpsEq for Tensor<F> {
    fn default_max_ulps() -> u32 {
        F::default_max_ulps()
    }

    fn ulps_eq(&self, other: &Self, epsilon: F, max_ulps: u32) -> bool {
        self.shape() == other.shape() && self.data().ulps_eq(other.data(), epsilon, max_ulps)
    }
}

/// All tensors of a module, its buffers too, to be compared with those of another.
///
/// ```
/// use approx::assert_abs_diff_eq;
/// use seedbed_autodiff::Tensor;
/// use seedbed_autodiff::approx::Parts;
/// let model = (Tensor::<f32>::ones(&[2]), Tensor::zeros(&[3]));
/// assert_abs_diff_eq!(Parts::of(&model), Parts::of(&model));
/// ```
#[derive(Clone)]
pub struct Parts<F: Float>(Vec<(String, Role, Tensor<F>)>);

impl<F: Float> Parts<F> {
    /// Those of `module`.
    pub fn of<M: Module<F>>(module: &M) -> Self {
        Self(module.named())
    }

    fn all(&self, other: &Self, close: impl Fn(&Tensor<F>, &Tensor<F>) -> bool) -> bool {
        self.0.len() == other.0.len()
            && self.0.iter().zip(&other.0).all(|(a, b)| a.0 == b.0 && close(&a.2, &b.2))
    }
}

impl<F: Float> fmt::Debug for Parts<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.0.iter().map(|(name, _, x)| (name, x))).finish()
    }
}

impl<F: Float> PartialEq for Parts<F> {
    fn eq(&self, other: &Self) -> bool {
        self.all(other, |a, b| a == b)
    }
}

impl<F: Float + AbsDiffEq<Epsilon = F>> AbsDiffEq for Parts<F> {
    type Epsilon = F;

    fn default_epsilon() -> F {
        F::default_epsilon()
    }

    fn abs_diff_eq(&self, other: &Self, epsilon: F) -> bool {
        self.all(other, |a, b| a.abs_diff_eq(b, epsilon))
    }
}

impl<F: Float + RelativeEq<Epsilon = F>> RelativeEq for Parts<F> {
    fn default_max_relative() -> F {
        F::default_max_relative()
    }

    fn relative_eq(&self, other: &Self, epsilon: F, max_relative: F) -> bool {
        self.all(other, |a, b| a.relative_eq(b, epsilon, max_relative))
    }
}

impl<F: Float + UlpsEq<Epsilon = F>> UlpsEq for Parts<F> {
    fn default_max_ulps() -> u32 {
        F::default_max_ulps()
    }

    fn ulps_eq(&self, other: &Self, epsilon: F, max_ulps: u32) -> bool {
        self.all(other, |a, b| a.ulps_eq(b, epsilon, max_ulps))
    }
}
