//! Inner optimisers: pure functions of tensors, so that their steps can be differentiated.

use seedbed_autodiff::{Float, Module, Tensor};

use super::algebra::zeros_like;

/// An optimiser whose step is a function of parameters, gradient and state.
///
/// The engine's optimisers change a model in place and are not differentiated; these are.
pub trait InnerOptimizer<F: Float, M: Module<F>> {
    /// What is kept from step to step.
    type State: Module<F>;

    /// The state before the first step.
    fn start(&self, lower: &M) -> Self::State;

    /// The state and the parameters after a step, counted from 0.
    fn step(&self, lower: &M, gradient: &M, state: &Self::State, step: usize) -> (Self::State, M);
}

/// Gradient descent: θ ← θ − α g.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct InnerSgd {
    /// α.
    pub rate: f64,
}

impl<F: Float, M: Module<F>> InnerOptimizer<F, M> for InnerSgd {
    type State = ();

    fn start(&self, _: &M) {}

    fn step(&self, lower: &M, gradient: &M, (): &(), _: usize) -> ((), M) {
        ((), lower.zip_params(gradient, |x, g| x - g * self.rate))
    }
}

/// Gradient descent with momentum: v ← μ v + g, θ ← θ − α v.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct InnerMomentum {
    /// α.
    pub rate: f64,
    /// μ.
    pub momentum: f64,
}

impl<F: Float, M: Module<F>> InnerOptimizer<F, M> for InnerMomentum {
    type State = M;

    fn start(&self, lower: &M) -> M {
        zeros_like(lower)
    }

    fn step(&self, lower: &M, gradient: &M, velocity: &M, _: usize) -> (M, M) {
        let velocity = velocity.zip_params(gradient, |v, g| v * self.momentum + g);
        let lower = lower.zip_params(&velocity, |x, v| x - v * self.rate);
        (velocity, lower)
    }
}

/// Adam: θ ← θ − α m̂ / √(v̂ + ε²), with moments m and v without bias.
///
/// ε stands under the root, where √v̂ + ε is usual: so the step has a derivative where a gradient is 0, too.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct InnerAdam {
    /// α.
    pub rate: f64,
    /// The decay of the first moment; 0 in Reptile.
    pub beta1: f64,
    /// The decay of the second moment.
    pub beta2: f64,
    /// ε.
    pub eps: f64,
}

impl Default for InnerAdam {
    /// α = 10⁻³, β₁ = 0.9, β₂ = 0.999, ε = 10⁻⁸.
    fn default() -> Self {
        Self { rate: 1e-3, beta1: 0.9, beta2: 0.999, eps: 1e-8 }
    }
}

impl<F: Float, M: Module<F>> InnerOptimizer<F, M> for InnerAdam {
    /// m and v.
    type State = (M, M);

    fn start(&self, lower: &M) -> (M, M) {
        (zeros_like(lower), zeros_like(lower))
    }

    fn step(&self, lower: &M, gradient: &M, (m, v): &(M, M), step: usize) -> ((M, M), M) {
        let average =
            |beta: f64| move |old: &Tensor<F>, new: Tensor<F>| old * beta + new * (1.0 - beta);
        let m = m.zip_params(gradient, |m, g| average(self.beta1)(m, g.clone()));
        let v = v.zip_params(gradient, |v, g| average(self.beta2)(v, g.square()));
        let unbiased = |beta: f64| 1.0 / (1.0 - beta.powi(step as i32 + 1));
        let (of_m, of_v) = (self.rate * unbiased(self.beta1), unbiased(self.beta2));
        let change = m.zip_params(&v, |m, v| m * of_m * (v * of_v + self.eps.powi(2)).rsqrt());
        let lower = lower.zip_params(&change, |x, change| x - change);
        ((m, v), lower)
    }
}
