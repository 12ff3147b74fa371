use seedbed_autodiff::Float;
use seedbed_autodiff::update::Update;
use serde::{Deserialize, Serialize};

use super::adam::bias_correction;
use super::range::eps_within;
use super::{Method, Optim};
use crate::config::{Check, Config, ConfigError};

/// AdaMax: Adam with the infinity norm (Kingma and Ba, 2015).
pub type AdaMax<M> = Optim<M, AdaMaxConfig, 2>;

/// The configuration of [`AdaMax`].
///
/// Kingma and Ba, "Adam: a method for stochastic optimization" (ICLR 2015), Algorithm 2; at step t, with
/// learning rate η and an L2 penalty λ in the gradient:
///
/// ```text
/// g ← g + λ x
/// m ← β₁ m + (1 − β₁) g
/// u ← max(β₂ u, |g| + ε)
/// x ← x − η / (1 − β₁ᵗ) · m / u
/// ```
///
/// The paper has no ε; without it a parameter whose gradient was always 0 becomes NaN (PyTorch has the same ε).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AdaMaxConfig {
    /// η.
    pub lr: f64,
    /// β₁.
    pub beta1: f64,
    /// β₂.
    pub beta2: f64,
    /// ε.
    pub eps: f64,
    /// λ.
    pub weight_decay: f64,
}

impl Default for AdaMaxConfig {
    fn default() -> Self {
        Self { lr: 2e-3, beta1: 0.9, beta2: 0.999, eps: 1e-8, weight_decay: 0.0 }
    }
}

impl Config for AdaMaxConfig {
    fn validate(&self) -> Result<(), ConfigError> {
        let check = Check::of("AdaMaxConfig");
        check.non_negative_f32("lr", self.lr)?;
        check.decay_rate("beta1", self.beta1)?;
        check.decay_rate("beta2", self.beta2)?;
        check.positive_f32("eps", self.eps)?;
        check.non_negative_f32("weight_decay", self.weight_decay)
    }
}

impl<F: Float> Method<F, 2> for AdaMaxConfig {
    type Update = AdaMaxUpdate<F>;
    const NAME: &'static str = "adamax";
    const STATES: [&'static str; 2] = ["m", "u"];

    fn lr(&self) -> f64 {
        self.lr
    }
    fn weight_decay(&self) -> f64 {
        self.weight_decay
    }
    fn update(&self, step: u64, lr: f64, weight_decay: f64) -> AdaMaxUpdate<F> {
        AdaMaxUpdate {
            beta1: F::of(self.beta1),
            beta2: F::of(self.beta2),
            one_minus_beta1: F::of(1.0 - self.beta1),
            eps: eps_within(self.eps),
            weight_decay: F::of(weight_decay),
            step_size: F::of(lr / bias_correction(self.beta1, step)),
        }
    }
}

/// One step of [`AdaMax`] on one number.
#[derive(Clone, Copy, Debug)]
pub struct AdaMaxUpdate<F> {
    beta1: F,
    beta2: F,
    one_minus_beta1: F,
    eps: F,
    weight_decay: F,
    step_size: F,
}

impl<F: Float> Update<F, 2> for AdaMaxUpdate<F> {
    #[inline(always)]
    fn at(self, x: F, g: F, [m, u]: [F; 2]) -> (F, [F; 2]) {
        let g = g + self.weight_decay * x;
        let m = self.beta1 * m + self.one_minus_beta1 * g;
        let (decayed, size) = (self.beta2 * u, g.abs() + self.eps);
        // A NaN in the gradient must not be swallowed: `f32::max` would drop it.
        let u = if decayed > size { decayed } else { size };
        (x - self.step_size * m / u, [m, u])
    }
}
