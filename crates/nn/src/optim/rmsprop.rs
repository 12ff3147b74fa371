use seedbed_autodiff::Float;
use seedbed_autodiff::update::Update;
use serde::{Deserialize, Serialize};

use super::range::{eps_beside_root, eps_within, largest_squared, squarable};
use super::{Method, Optim};
use crate::config::{Check, Config, ConfigError};

/// RMSProp, plain or with momentum.
pub type RmsProp<M> = Optim<M, RmsPropConfig, 2>;

/// RMSProp as in Graves (2013): centred, with momentum.
pub type GravesRmsProp<M> = Optim<M, GravesRmsPropConfig, 3>;

/// The configuration of [`RmsProp`].
///
/// Tieleman and Hinton, Lecture 6.5 of "Neural networks for machine learning" (2012); with learning rate η, momentum
/// μ and an L2 penalty λ in the gradient:
///
/// ```text
/// g ← g + λ x
/// v ← α v + (1 − α) g²
/// b ← μ b + g / (√v + ε)
/// x ← x − η b
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RmsPropConfig {
    /// η.
    pub lr: f64,
    /// α.
    pub alpha: f64,
    /// ε.
    pub eps: f64,
    /// μ; 0 is plain RMSProp.
    pub momentum: f64,
    /// λ.
    pub weight_decay: f64,
}

impl Default for RmsPropConfig {
    fn default() -> Self {
        Self { lr: 1e-3, alpha: 0.99, eps: 1e-8, momentum: 0.0, weight_decay: 0.0 }
    }
}

/// The configuration of [`GravesRmsProp`].
///
/// Graves, "Generating sequences with recurrent neural networks" (2013), equations 38 to 41: gradients are divided by
/// a running estimate of their standard deviation. With learning rate η and an L2 penalty λ in the gradient:
///
/// ```text
/// g ← g + λ x
/// n ← ℵ n + (1 − ℵ) g²
/// q ← ℵ q + (1 − ℵ) g
/// Δ ← ℶ Δ − η g / √(n − q² + ε)
/// x ← x + Δ
/// ```
///
/// The variance n − q² is taken as 0 where rounding makes it negative. The paper also clips gradients to (−10, 10):
/// [`clip_value`](crate::clip::clip_value).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct GravesRmsPropConfig {
    /// η.
    pub lr: f64,
    /// ℵ.
    pub alpha: f64,
    /// ε, inside the root.
    pub eps: f64,
    /// ℶ.
    pub momentum: f64,
    /// λ.
    pub weight_decay: f64,
}

impl Default for GravesRmsPropConfig {
    fn default() -> Self {
        Self { lr: 1e-4, alpha: 0.95, eps: 1e-4, momentum: 0.9, weight_decay: 0.0 }
    }
}

/// What the two have in common: their fields, with the same bounds.
macro_rules! rmsprop {
    ($Optimizer:ident, $Config:ident, $Update:ident, $name:literal, $states:expr, $eps:ident) => {
        impl Config for $Config {
            fn validate(&self) -> Result<(), ConfigError> {
                let check = Check::of(stringify!($Config));
                check.non_negative_f32("lr", self.lr)?;
                check.decay_rate("alpha", self.alpha)?;
                check.positive_f32("eps", self.eps)?;
                check.decay_rate("momentum", self.momentum)?;
                check.non_negative_f32("weight_decay", self.weight_decay)
            }
        }

        impl<F: Float> Method<F, { $states.len() }> for $Config {
            type Update = $Update<F>;
            const NAME: &'static str = $name;
            const STATES: [&'static str; { $states.len() }] = $states;

            fn lr(&self) -> f64 {
                self.lr
            }
            fn weight_decay(&self) -> f64 {
                self.weight_decay
            }
            fn update(&self, _step: u64, lr: f64, weight_decay: f64) -> $Update<F> {
                $Update {
                    lr: F::of(lr),
                    alpha: F::of(self.alpha),
                    one_minus_alpha: F::of(1.0 - self.alpha),
                    eps: $eps(self.eps),
                    largest: largest_squared(),
                    momentum: F::of(self.momentum),
                    weight_decay: F::of(weight_decay),
                }
            }
        }

        #[doc = concat!("One step of [`", stringify!($Optimizer), "`] on one number.")]
        #[derive(Clone, Copy, Debug)]
        pub struct $Update<F> {
            lr: F,
            alpha: F,
            one_minus_alpha: F,
            eps: F,
            largest: F,
            momentum: F,
            weight_decay: F,
        }
    };
}
rmsprop!(RmsProp, RmsPropConfig, RmsPropUpdate, "rmsprop", ["v", "velocity"], eps_beside_root);
rmsprop!(
    GravesRmsProp,
    GravesRmsPropConfig,
    GravesRmsPropUpdate,
    "graves_rmsprop",
    ["n", "q", "delta"],
    eps_within
);

impl<F: Float> Update<F, 2> for RmsPropUpdate<F> {
    #[inline(always)]
    fn at(self, x: F, g: F, [v, b]: [F; 2]) -> (F, [F; 2]) {
        let g = squarable(g + self.weight_decay * x, self.largest);
        let v = self.alpha * v + self.one_minus_alpha * (g * g);
        let b = self.momentum * b + g / (v.sqrt() + self.eps);
        (x - self.lr * b, [v, b])
    }
}

impl<F: Float> Update<F, 3> for GravesRmsPropUpdate<F> {
    #[inline(always)]
    fn at(self, x: F, g: F, [n, q, delta]: [F; 3]) -> (F, [F; 3]) {
        let g = squarable(g + self.weight_decay * x, self.largest);
        let n = self.alpha * n + self.one_minus_alpha * (g * g);
        let q = self.alpha * q + self.one_minus_alpha * g;
        let variance = n - q * q;
        let variance = if variance < F::zero() { F::zero() } else { variance };
        let delta = self.momentum * delta - self.lr * g / (variance + self.eps).sqrt();
        (x + delta, [n, q, delta])
    }
}
