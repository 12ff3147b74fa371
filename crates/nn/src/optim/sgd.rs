use seedbed_autodiff::Float;
use seedbed_autodiff::update::Update;
use serde::{Deserialize, Serialize};

use super::{Method, Optim};
use crate::config::{Check, Config, ConfigError};

/// Stochastic gradient descent with momentum.
pub type Sgd<M> = Optim<M, SgdConfig, 1>;

/// The configuration of [`Sgd`].
///
/// With gradient g, momentum μ, learning rate η and weight decay λ:
///
/// ```text
/// g ← g + λ x
/// v ← μ v + g
/// x ← x − η v              or, with Nesterov,   x ← x − η (g + μ v)
/// ```
///
/// This is the form of Sutskever, Martens, Dahl and Hinton, "On the importance of initialization and momentum in deep
/// learning" (2013), with the learning rate outside of the velocity, as in PyTorch: a schedule acts at once.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SgdConfig {
    /// η.
    pub lr: f64,
    /// μ; 0 is plain gradient descent.
    pub momentum: f64,
    /// Looks ahead along the velocity.
    pub nesterov: bool,
    /// λ, of the L2 penalty λ/2 ‖x‖².
    pub weight_decay: f64,
}

impl Default for SgdConfig {
    fn default() -> Self {
        Self { lr: 0.01, momentum: 0.0, nesterov: false, weight_decay: 0.0 }
    }
}

impl Config for SgdConfig {
    fn validate(&self) -> Result<(), ConfigError> {
        let check = Check::of("SgdConfig");
        check.non_negative_f32("lr", self.lr)?;
        check.decay_rate("momentum", self.momentum)?;
        check.non_negative_f32("weight_decay", self.weight_decay)?;
        let sensible = !self.nesterov || self.momentum > 0.0;
        check.that(sensible, "nesterov", self.nesterov, "false where momentum is 0")
    }
}

impl<F: Float> Method<F, 1> for SgdConfig {
    type Update = SgdUpdate<F>;
    const NAME: &'static str = "sgd";
    const STATES: [&'static str; 1] = ["velocity"];

    fn lr(&self) -> f64 {
        self.lr
    }
    fn weight_decay(&self) -> f64 {
        self.weight_decay
    }
    fn update(&self, _step: u64, lr: f64, weight_decay: f64) -> SgdUpdate<F> {
        let (of_gradient, of_velocity) =
            if self.nesterov { (1.0, self.momentum) } else { (0.0, 1.0) };
        SgdUpdate {
            lr: F::of(lr),
            momentum: F::of(self.momentum),
            weight_decay: F::of(weight_decay),
            of_gradient: F::of(of_gradient),
            of_velocity: F::of(of_velocity),
        }
    }
}

/// One step of [`Sgd`] on one number.
#[derive(Clone, Copy, Debug)]
pub struct SgdUpdate<F> {
    lr: F,
    momentum: F,
    weight_decay: F,
    of_gradient: F,
    of_velocity: F,
}

impl<F: Float> Update<F, 1> for SgdUpdate<F> {
    #[inline(always)]
    fn at(self, x: F, g: F, [v]: [F; 1]) -> (F, [F; 1]) {
        let g = g + self.weight_decay * x;
        let v = self.momentum * v + g;
        (x - self.lr * (self.of_gradient * g + self.of_velocity * v), [v])
    }
}
