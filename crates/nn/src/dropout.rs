//! Dropout as a layer.

use seedbed_autodiff::{Float, Module, Path, Rng, Role, Tensor};

/// Sets elements to 0 with probability `p` while training, and scales the others by 1/(1 − p) (Srivastava et al. 2014).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Dropout {
    /// The probability, in [0, 1).
    pub p: f64,
}

impl Dropout {
    /// # Panics
    /// Unless 0 ≤ p < 1.
    #[track_caller]
    pub fn new(p: f64) -> Self {
        assert!((0.0..1.0).contains(&p), "Dropout: the probability must lie in [0, 1), got {p}");
        Self { p }
    }

    /// Inference: the input itself.
    pub fn forward<F: Float>(&self, x: &Tensor<F>) -> Tensor<F> {
        x.clone()
    }

    /// Training: drops elements by `rng`.
    #[track_caller]
    pub fn forward_train<F: Float>(&self, x: &Tensor<F>, rng: &mut Rng) -> Tensor<F> {
        x.dropout(self.p, rng)
    }
}

/// Nothing to learn.
impl<F: Float> Module<F> for Dropout {
    fn walk(&self, _: &mut Path, _: &mut dyn FnMut(&Path, Role, &Tensor<F>)) {}
    fn walk_mut(&mut self, _: &mut Path, _: &mut dyn FnMut(&Path, Role, &mut Tensor<F>)) {}
}
