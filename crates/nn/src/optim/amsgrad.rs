use seedbed_autodiff::Float;
use seedbed_autodiff::update::Update;
use serde::{Deserialize, Serialize};

use super::adam::bias_correction;
use super::range::{eps_beside_root, largest_squared, squarable};
use super::{Method, Optim};
use crate::config::{Check, Config, ConfigError};

/// AMSGrad: Adam whose divisor never falls (Reddi, Kale and Kumar, 2018).
pub type AmsGrad<M> = Optim<M, AmsGradConfig, 3>;

/// The configuration of [`AmsGrad`].
///
/// Reddi, Kale and Kumar, "On the convergence of Adam and beyond" (ICLR 2018), Algorithm 2, with Adam's corrections of the bias, as in PyTorch; at step t, with learning rate η and an L2
/// penalty λ in the gradient:
///
/// ```text
/// g ← g + λ x
/// m ← β₁ m + (1 − β₁) g
/// v ← β₂ v + (1 − β₂) g²
/// w ← max(w, v)
/// x ← x − η m̂ / (√ŵ + ε)        m̂ = m / (1 − β₁ᵗ),  ŵ = w / (1 − β₂ᵗ)
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AmsGradConfig {
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

impl Default for AmsGradConfig {
    fn default() -> Self {
        Self { lr: 1e-3, beta1: 0.9, beta2: 0.999, eps: 1e-8, weight_decay: 0.0 }
    }
}

impl Config for AmsGradConfig {
    fn validate(&self) -> Result<(), ConfigError> {
        let check = Check::of("AmsGradConfig");
        check.non_negative_f32("lr", self.lr)?;
        check.decay_rate("beta1", self.beta1)?;
        check.decay_rate("beta2", self.beta2)?;
        check.positive_f32("eps", self.eps)?;
        check.non_negative_f32("weight_decay", self.weight_decay)
    }
}

impl<F: Float> Method<F, 3> for AmsGradConfig {
    type Update = AmsGradUpdate<F>;
    const NAME: &'static str = "amsgrad";
    const STATES: [&'static str; 3] = ["m", "v", "w"];

    fn lr(&self) -> f64 {
        self.lr
    }
    fn weight_decay(&self) -> f64 {
        self.weight_decay
    }
    fn update(&self, step: u64, lr: f64, weight_decay: f64) -> AmsGradUpdate<F> {
        AmsGradUpdate {
            beta1: F::of(self.beta1),
            beta2: F::of(self.beta2),
            one_minus_beta1: F::of(1.0 - self.beta1),
            one_minus_beta2: F::of(1.0 - self.beta2),
            eps: eps_beside_root(self.eps),
            largest: largest_squared(),
            weight_decay: F::of(weight_decay),
            step_size: F::of(lr / bias_correction(self.beta1, step)),
            root_correction: F::of(bias_correction(self.beta2, step).sqrt().recip()),
        }
    }
}

/// One step of [`AmsGrad`] on one number.
#[derive(Clone, Copy, Debug)]
pub struct AmsGradUpdate<F> {
    beta1: F,
    beta2: F,
    one_minus_beta1: F,
    one_minus_beta2: F,
    eps: F,
    largest: F,
    weight_decay: F,
    step_size: F,
    root_correction: F,
}

impl<F: Float> Update<F, 3> for AmsGradUpdate<F> {
    #[inline(always)]
    fn at(self, x: F, g: F, [m, v, w]: [F; 3]) -> (F, [F; 3]) {
        let g = squarable(g + self.weight_decay * x, self.largest);
        let m = self.beta1 * m + self.one_minus_beta1 * g;
        let v = self.beta2 * v + self.one_minus_beta2 * (g * g);
        // A NaN must not be swallowed: `f32::max` would drop it.
        let w = if w > v { w } else { v };
        let root = w.sqrt() * self.root_correction + self.eps;
        (x - self.step_size * m / root, [m, v, w])
    }
}
