use seedbed_autodiff::Float;
use seedbed_autodiff::update::Update;
use serde::{Deserialize, Serialize};

use super::{Method, Optim};
use crate::config::{Check, Config, ConfigError};

/// Lion: steps by the sign of an interpolated momentum (Chen et al., 2023).
pub type Lion<M> = Optim<M, LionConfig, 1>;

/// The configuration of [`Lion`].
///
/// Chen et al., "Symbolic discovery of optimization algorithms" (NeurIPS 2023), Algorithm 2; with learning rate η and decoupled weight decay λ:
///
/// ```text
/// x ← (1 − ηλ) x − η sign(β₁ m + (1 − β₁) g)
/// m ← β₂ m + (1 − β₂) g
/// ```
///
/// Every number of a parameter moves by η, whatever its gradient: the paper takes a learning rate three to ten times smaller, and a weight decay as much larger, than for AdamW. The sign of 0 is 0; a number that is not
/// finite in the gradient makes the parameter NaN, so that it is noticed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LionConfig {
    /// η.
    pub lr: f64,
    /// β₁.
    pub beta1: f64,
    /// β₂.
    pub beta2: f64,
    /// λ.
    pub weight_decay: f64,
}

impl Default for LionConfig {
    fn default() -> Self {
        Self { lr: 1e-4, beta1: 0.9, beta2: 0.99, weight_decay: 0.0 }
    }
}

impl Config for LionConfig {
    fn validate(&self) -> Result<(), ConfigError> {
        let check = Check::of("LionConfig");
        check.non_negative_f32("lr", self.lr)?;
        check.decay_rate("beta1", self.beta1)?;
        check.decay_rate("beta2", self.beta2)?;
        check.non_negative_f32("weight_decay", self.weight_decay)?;
        let shrinks = self.lr * self.weight_decay <= 1.0;
        let expected = "at most 1 / lr, with which a step takes a weight to 0";
        check.that(shrinks, "weight_decay", self.weight_decay, expected)
    }
}

impl<F: Float> Method<F, 1> for LionConfig {
    type Update = LionUpdate<F>;
    const NAME: &'static str = "lion";
    const STATES: [&'static str; 1] = ["m"];

    fn lr(&self) -> f64 {
        self.lr
    }
    fn weight_decay(&self) -> f64 {
        self.weight_decay
    }
    fn update(&self, _: u64, lr: f64, weight_decay: f64) -> LionUpdate<F> {
        LionUpdate {
            beta1: F::of(self.beta1),
            beta2: F::of(self.beta2),
            one_minus_beta1: F::of(1.0 - self.beta1),
            one_minus_beta2: F::of(1.0 - self.beta2),
            // A group's or a schedule's learning rate may be larger than the configuration's.
            shrink: F::of((1.0 - lr * weight_decay).max(0.0)),
            lr: F::of(lr),
        }
    }
}

/// One step of [`Lion`] on one number.
#[derive(Clone, Copy, Debug)]
pub struct LionUpdate<F> {
    beta1: F,
    beta2: F,
    one_minus_beta1: F,
    one_minus_beta2: F,
    shrink: F,
    lr: F,
}

impl<F: Float> Update<F, 1> for LionUpdate<F> {
    #[inline(always)]
    fn at(self, x: F, g: F, [m]: [F; 1]) -> (F, [F; 1]) {
        let direction = self.beta1 * m + self.one_minus_beta1 * g;
        // ∞/∞ is NaN, which nothing hides.
        let sign = if direction == F::zero() { F::zero() } else { direction / direction.abs() };
        let m = self.beta2 * m + self.one_minus_beta2 * g;
        (self.shrink * x - self.lr * sign, [m])
    }
}
