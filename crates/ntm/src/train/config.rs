use std::path::PathBuf;

use seedbed_nn::optim::{GravesRmsPropConfig, OptimizerConfig};
use seedbed_nn::schedule::Schedule;
use seedbed_nn::train::TrainConfig;
use seedbed_nn::{Check, Checked, Config, ConfigError};
use serde::{Deserialize, Serialize};

use super::Solved;
use crate::config::LARGEST;

/// How a model is trained on sequences. Fields that are left out have their defaults; unknown ones are refused.
///
/// ```
/// use seedbed_nn::Config;
/// use seedbed_ntm::train::TrainingConfig;
/// let error = TrainingConfig { batch_size: 0, ..Default::default() }.check().unwrap_err();
/// assert_eq!(error.to_string(), "TrainingConfig.batch_size is 0, but should be at least 1");
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TrainingConfig {
    /// Sequences to train on, at most.
    pub sequences: u64,
    /// Sequences in one step.
    pub batch_size: usize,
    /// The optimiser.
    pub optimizer: OptimizerConfig,
    /// What the learning rate is multiplied by at each step.
    pub schedule: Schedule,
    /// The largest global norm of a gradient. Gradients through attention are now and then a million times as long
    /// as usual.
    pub clip_norm: Option<f64>,
    /// The largest size of an element of a gradient; acts before `clip_norm`. The paper's only clipping, at 10.
    pub clip_value: Option<f64>,
    /// The standard deviation of the noise on the head parameters, in training only; see [`Ntm::forward_noisy`](crate::Ntm::forward_noisy).
    pub head_noise: f64,
    /// Sequences between two validations.
    pub validate_every: u64,
    /// Sequences to validate on, rounded up to a multiple of 8.
    pub validation: usize,
    /// What the validation sequences are drawn from.
    pub validation_seed: u64,
    /// When the task counts as solved.
    pub solved: Solved,
    /// Whether the training ends then.
    pub stop_when_solved: bool,
    /// Where metrics and checkpoints go, and from where a training goes on; nothing is written without it.
    pub dir: Option<PathBuf>,
}

impl Default for TrainingConfig {
    /// What solves copy fastest here: one sequence a step, the paper's RMSProp with learning rate 3·10⁻⁴, norms clipped to 10; up to 20,000
    /// sequences, a validation on 200 others every 500.
    fn default() -> Self {
        let optimizer = GravesRmsPropConfig { lr: 3e-4, ..Default::default() };
        Self {
            sequences: 20_000,
            batch_size: 1,
            optimizer: OptimizerConfig::GravesRmsProp(optimizer),
            schedule: Schedule::Constant,
            clip_norm: Some(10.0),
            clip_value: None,
            head_noise: 0.0,
            validate_every: 500,
            validation: 200,
            validation_seed: 20_141_020,
            solved: Solved::default(),
            stop_when_solved: false,
            dir: None,
        }
    }
}

const CHECK: Check = Check::of("TrainingConfig");

impl Config for TrainingConfig {
    fn validate(&self) -> Result<(), ConfigError> {
        for (field, n) in [
            ("sequences", self.sequences),
            ("batch_size", self.batch_size as u64),
            ("validate_every", self.validate_every),
            ("validation", self.validation as u64),
            ("solved.in_a_row", self.solved.in_a_row as u64),
        ] {
            CHECK.at_least_one(field, n)?;
        }
        let largest = [("batch_size", self.batch_size), ("validation", self.validation)];
        for (field, n) in largest {
            CHECK.that(n <= LARGEST, field, n, format!("at most {LARGEST}"))?;
        }
        let noise = self.head_noise;
        CHECK.that((0.0..=1e6).contains(&noise), "head_noise", noise, "from 0 to 1e6")?;
        let bits = self.solved.bits;
        CHECK.that(bits > 0.0, "solved.bits", bits, "a number > 0")?;
        self.optimizer.validate()?;
        self.trainer().map(drop)
    }
}

impl TrainingConfig {
    /// Steps of the optimiser.
    pub fn steps(&self) -> u64 {
        self.sequences.div_ceil(self.batch_size as u64)
    }

    /// Steps between two validations.
    pub(super) fn steps_between_validations(&self) -> u64 {
        self.validate_every.div_ceil(self.batch_size as u64)
    }

    /// The configuration of the loop.
    pub(super) fn trainer(&self) -> Result<Checked<TrainConfig>, ConfigError> {
        let every = self.steps_between_validations();
        TrainConfig {
            steps: self.steps(),
            dir: self.dir.clone(),
            schedule: self.schedule.clone(),
            clip_norm: self.clip_norm,
            clip_value: self.clip_value,
            log_every: every,
            validate_every: every,
            checkpoint_every: every,
            ..Default::default()
        }
        .check()
    }
}
