//! How experts are trained.

use seedbed_nn::optim::AdamConfig;
use seedbed_nn::schedule::Schedule;
use seedbed_nn::{Check, Config, ConfigError};
use serde::{Deserialize, Serialize};

use crate::competition::Rule;
use crate::network::{DiscriminatorConfig, ExpertConfig, Norm};

use super::revival::Revival;

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
    /// What the learning rates of both are multiplied by at each step of the competition.
    pub schedule: Schedule,
    /// Experts learn to keep images as they are before the competition.
    pub identity: Option<Identity>,
    /// Another rule at the beginning.
    pub opening: Option<Opening>,
    /// Who wins an image.
    pub rule: Rule,
    /// Whether an idle expert takes over from one that does too much.
    pub revival: Option<Revival>,
    /// Who wins is said by a running average of the discriminator with this decay, so that winners do not change with every step of it; 0 is the discriminator itself.
    pub judge_decay: f64,
    /// How batch normalisation is differentiated.
    pub statistics: Statistics,
    /// γ/2 times the mean squared gradient of the logit by canonical images (R1; Mescheder, Geiger and Nowozin 2018); 0 is none.
    pub r1: f64,
    /// Whether the discriminator looks harder at winners than at losers.
    pub sharpening: Option<Sharpening>,
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

/// The discriminator learns more of winners than of losers.
///
/// In the paper every expert's output counts alike, so that with ten experts nine parts of ten of what the discriminator learns are about images that nobody
/// wants: it tells those apart and lets the winners' blurred images pass. From a step on, its loss has this term more:
///
/// ```text
/// weight · (− mean ln D(x) − mean ln (1 − D(y)))   over canonical images x and winners' images y
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sharpening {
    /// From which step on: before experts have specialised, the discriminator should look at all of them.
    pub from: u64,
    /// The term's weight.
    pub weight: f64,
}

/// The rule of the first steps.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Opening {
    /// How many steps.
    pub steps: u64,
    /// The rule.
    pub rule: Rule,
    /// A [`Rule::LoadBias`] loses its strength step by step, and has none at the end; without this it ends at once. Other rules cannot fade.
    #[serde(default)]
    pub fade: bool,
}

impl Opening {
    /// The rule at a step, counted from 0; none after the end.
    pub(crate) fn at(&self, step: u64) -> Option<Rule> {
        let left = 1.0 - step as f64 / self.steps as f64;
        (step < self.steps).then_some(match self.rule {
            Rule::LoadBias { strength, decay } if self.fade => {
                Rule::LoadBias { strength: strength * left, decay }
            }
            rule => rule,
        })
    }
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

/// Steps of our training.
const STEPS: u64 = 800;

impl Default for TrainConfig {
    /// Ours, for 800 steps: no normalisation and exactly the identity at first; an averaged judge; and a handicap for who wins much, which fades while learning
    /// rates fall.
    fn default() -> Self {
        let adam = |lr| AdamConfig { lr, beta1: 0.5, ..AdamConfig::default() };
        let config = Self {
            experts: 10,
            expert: ExpertConfig::default(),
            discriminator: DiscriminatorConfig::default(),
            batch: 32,
            expert_adam: adam(3e-4),
            discriminator_adam: adam(1e-3),
            identity: None,
            opening: None,
            rule: Rule::Argmax,
            schedule: Schedule::Constant,
            revival: None,
            judge_decay: 0.95,
            statistics: Statistics::Fixed,
            r1: 1.0,
            sharpening: None,
            smoothing: 0.0,
        };
        config.for_steps(STEPS)
    }
}

impl TrainConfig {
    /// The paper's algorithm: batch normalisation, a sigmoid, the identity learnt first, and the highest score from the first step on.
    pub fn paper() -> Self {
        Self {
            expert: ExpertConfig::paper(),
            expert_adam: AdamConfig::default(),
            discriminator_adam: AdamConfig::default(),
            schedule: Schedule::Constant,
            identity: Some(Identity { steps: 500, error: 2e-3, lr: 1e-3 }),
            opening: None,
            revival: None,
            judge_decay: 0.0,
            statistics: Statistics::Through,
            r1: 0.0,
            sharpening: None,
            ..Self::default()
        }
    }

    /// For so many steps: the load's handicap fades, and the learning rates fall, over all of them; idle experts are revived in the first half;
    /// the discriminator looks harder at winners after the first quarter.
    #[must_use]
    pub fn for_steps(mut self, steps: u64) -> Self {
        let rule = Rule::LoadBias { strength: 1.0, decay: 0.9 };
        self.opening = Some(Opening { steps, rule, fade: true });
        self.schedule = Schedule::Cosine { steps, end: 0.02 };
        self.revival = Some(Revival::within(steps));
        self.sharpening = Some(Sharpening { from: steps / 4, weight: 1.0 });
        self
    }

    /// The least number of weights that networks of this configuration have.
    pub(crate) fn elements(&self) -> f64 {
        self.experts as f64 * self.expert.elements() + self.discriminator.elements()
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
        let check = Check::of("TrainConfig");
        check.size("experts", self.experts)?;
        check.that(self.experts <= 1 << 24, "experts", self.experts, "at most 2^24")?;
        check.size("batch", self.batch)?;
        self.expert.validate()?;
        self.discriminator.validate()?;
        self.expert_adam.validate()?;
        self.discriminator_adam.validate()?;
        self.schedule.validate()?;
        if let Some(revival) = &self.revival {
            revival.validate(check)?;
        }
        let channels = self.expert.channels;
        let expected = "as many as the discriminator's images have";
        let fit = channels == self.discriminator.image[2];
        check.that(fit, "expert.channels", channels, expected)?;
        let rules = self.opening.iter().map(|opening| opening.rule).chain([self.rule]);
        for rule in rules {
            if let Err(error) = rule.check() {
                return Err(check.error("rule", format!("{rule:?}"), format!("right ({error})")));
            }
        }
        let fades =
            |opening: &Opening| !opening.fade || matches!(opening.rule, Rule::LoadBias { .. });
        let expected = "false where the rule is not load_bias";
        check.that(self.opening.iter().all(fades), "opening.fade", true, expected)?;
        check.decay_rate("judge_decay", self.judge_decay)?;
        if let Some(identity) = self.identity {
            check.positive_f32("identity.lr", identity.lr)?;
            check.that(!identity.error.is_nan(), "identity.error", identity.error, "a number")?;
        }
        check.non_negative_f32("r1", self.r1)?;
        check.elements("experts", self.elements())?;
        if let Some(sharpening) = self.sharpening {
            check.non_negative_f32("sharpening.weight", sharpening.weight)?;
        }
        let smoothing = self.smoothing;
        check.that((0.0..0.5).contains(&smoothing), "smoothing", smoothing, "in [0, 0.5)")?;
        let through_nothing =
            self.expert.norm != Norm::Batch && self.statistics == Statistics::Through;
        let expected = "\"fixed\" where nothing is normalised over the batch";
        check.that(!through_nothing, "statistics", "\"through\"", expected)
    }
}
