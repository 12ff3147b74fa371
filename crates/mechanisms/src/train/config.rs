//! How experts are trained.

use seedbed_nn::optim::AdamConfig;
use seedbed_nn::{Config, ConfigError};
use serde::{Deserialize, Serialize};

use crate::competition::{Competition, Rule};
use crate::network::{DiscriminatorConfig, ExpertConfig, Norm};

/// Everything that a [`Trainer`](super::Trainer) needs to know, but the data.
///
/// ```
/// use seedbed_mechanisms::train::TrainConfig;
/// use seedbed_nn::Config;
/// let error = TrainConfig { experts: 0, ..TrainConfig::default() }.check().unwrap_err();
/// assert_eq!(error.to_string(), "TrainConfig.experts is 0, but should be at least 1");
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TrainConfig {
    /// How many experts compete.
    pub experts: usize,
    /// What an expert is made of.
    pub expert: ExpertConfig,
    /// What the discriminator is made of.
    pub discriminator: DiscriminatorConfig,
    /// Images of each kind in a batch.
    pub batch: usize,
    /// How experts learn; each has an optimiser of its own, and rests where it wins nothing.
    pub expert_adam: AdamConfig,
    /// How the discriminator learns.
    pub discriminator_adam: AdamConfig,
    /// Experts learn to keep images as they are before the competition.
    pub identity: Option<Identity>,
    /// Another rule at the beginning.
    pub opening: Option<Opening>,
    /// Who wins an image.
    pub rule: Rule,
    /// How batch normalisation is differentiated.
    pub statistics: Statistics,
    /// γ/2 times the mean squared gradient of the logit by canonical images (R1; Mescheder, Geiger and Nowozin 2018); 0 is none.
    pub r1: f64,
    /// Canonical images have the target 1 − this (one-sided label smoothing; Salimans et al. 2016).
    pub smoothing: f64,
}

/// Approximate identity initialisation: every expert by itself, on transformed images, to keep them as they are.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Identity {
    /// At most so many steps.
    pub steps: u64,
    /// Until the mean squared error of a batch is below this.
    pub error: f64,
    /// The learning rate of Adam.
    pub lr: f64,
}

/// The rule of the first steps.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Opening {
    /// How many steps.
    pub steps: u64,
    /// The rule.
    pub rule: Rule,
}

/// How an expert's batch normalisation is differentiated; without one there is no difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Statistics {
    /// Through the statistics of the whole batch: the gradient of the paper's loss, for which a winner's graph holds the whole batch.
    Through,
    /// With these statistics as constants: a winner's graph holds only what it won.
    Fixed,
}

impl Default for TrainConfig {
    /// Ours: no normalisation, exactly the identity at first, and a balanced competition in the first steps.
    fn default() -> Self {
        let adam = AdamConfig { lr: 1e-3, beta1: 0.5, ..AdamConfig::default() };
        Self {
            experts: 10,
            expert: ExpertConfig::default(),
            discriminator: DiscriminatorConfig::default(),
            batch: 32,
            expert_adam: adam.clone(),
            discriminator_adam: adam,
            identity: None,
            opening: Some(Opening { steps: 300, rule: Rule::Balanced { slack: 0.0 } }),
            rule: Rule::Argmax,
            statistics: Statistics::Fixed,
            r1: 0.0,
            smoothing: 0.0,
        }
    }
}

impl TrainConfig {
    /// The paper's algorithm: batch normalisation, a sigmoid, the identity learnt first, and the highest score from the first step on.
    pub fn paper() -> Self {
        Self {
            expert: ExpertConfig::paper(),
            expert_adam: AdamConfig::default(),
            discriminator_adam: AdamConfig::default(),
            identity: Some(Identity { steps: 500, error: 2e-3, lr: 1e-3 }),
            opening: None,
            statistics: Statistics::Through,
            ..Self::default()
        }
    }

    /// The least number of weights that networks of this configuration have.
    pub(crate) fn elements(&self) -> f64 {
        let width = self.expert.width as f64;
        let hidden = (self.expert.layers as f64 - 2.0) * 9.0 * width * width;
        let of_expert = hidden + 18.0 * width * self.expert.channels as f64;
        let widths: Vec<f64> =
            self.discriminator.blocks.iter().flatten().map(|&w| w as f64).collect();
        let convs: f64 = widths.windows(2).map(|pair| 9.0 * pair[0] * pair[1]).sum();
        let [height, width] = self.discriminator.last_size().map(|side| side as f64);
        let last = widths.last().copied().unwrap_or(0.0) * height * width;
        self.experts as f64 * of_expert + convs + last * self.discriminator.hidden as f64
    }

    /// For images of another size.
    #[must_use]
    pub fn for_images(mut self, image: [usize; 3]) -> Self {
        self.expert.channels = image[2];
        self.discriminator.image = image;
        self
    }

    /// Every width divided by two.
    #[must_use]
    pub fn half(mut self) -> Self {
        self.expert.width = (self.expert.width / 2).max(1);
        self.discriminator = self.discriminator.half();
        self
    }
}

impl Config for TrainConfig {
    fn validate(&self) -> Result<(), ConfigError> {
        let wrong = |field: &str, value: String, expected: &str| ConfigError {
            config: "TrainConfig",
            field: field.into(),
            value,
            expected: expected.into(),
        };
        for (field, value) in [("experts", self.experts), ("batch", self.batch)] {
            if value == 0 {
                return Err(wrong(field, "0".into(), "at least 1"));
            }
        }
        self.expert.validate()?;
        self.discriminator.validate()?;
        self.expert_adam.validate()?;
        self.discriminator_adam.validate()?;
        if self.expert.channels != self.discriminator.image[2] {
            let expected = "as many as the discriminator's images have";
            return Err(wrong("expert.channels", self.expert.channels.to_string(), expected));
        }
        let rules = self.opening.iter().map(|opening| opening.rule).chain([self.rule]);
        for rule in rules {
            if let Err(error) = Competition::new(self.experts, rule) {
                return Err(wrong("rule", format!("{rule:?}"), &format!("right ({error})")));
            }
        }
        if let Some(identity) = self.identity {
            if !(identity.lr > 0.0 && identity.lr.is_finite()) {
                return Err(wrong("identity.lr", identity.lr.to_string(), "a finite number > 0"));
            }
            if identity.error.is_nan() {
                return Err(wrong("identity.error", "NaN".into(), "a number"));
            }
        }
        if !(self.r1 >= 0.0 && self.r1.is_finite()) {
            return Err(wrong("r1", self.r1.to_string(), "a finite number >= 0"));
        }
        if !(0.0..0.5).contains(&self.smoothing) {
            return Err(wrong("smoothing", self.smoothing.to_string(), "in [0, 0.5)"));
        }
        if self.expert.norm != Norm::Batch && self.statistics == Statistics::Through {
            let expected = "\"fixed\" where nothing is normalised over the batch";
            return Err(wrong("statistics", "\"through\"".into(), expected));
        }
        Ok(())
    }
}
