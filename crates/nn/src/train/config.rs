use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::config::{Check, Config, ConfigError};
use crate::ema::EmaConfig;
use crate::schedule::{PlateauConfig, Schedule};
use crate::track::Goal;

/// The configuration of a [`Trainer`](super::Trainer).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TrainConfig {
    /// How many steps to make.
    pub steps: u64,
    /// Where `metrics.jsonl`, the checkpoints and `best.safetensors` go; nothing is written without it. A path in UTF-8.
    pub dir: Option<PathBuf>,
    /// What the learning rate is multiplied by at each step.
    pub schedule: Schedule,
    /// The largest global norm of a gradient.
    pub clip_norm: Option<f64>,
    /// The largest size of an element of a gradient; acts before `clip_norm`.
    pub clip_value: Option<f64>,
    /// Keeps a running average of the weights, which is what is validated.
    pub ema: Option<EmaConfig>,
    /// Steps between two lines of training metrics.
    pub log_every: u64,
    /// Steps between two validations; there is one after the last step, too. 0 is none at all.
    pub validate_every: u64,
    /// Steps between two checkpoints; there is one at the end, too. 0 is only at the end.
    pub checkpoint_every: u64,
    /// How many checkpoints are kept.
    pub keep: usize,
    /// The validation metric that says which model is the best.
    pub monitor: Option<Monitor>,
    /// Lowers the learning rate when the monitored metric stops getting better.
    pub plateau: Option<PlateauConfig>,
    /// What to do about a loss or gradient that is NaN or infinite.
    pub non_finite: NonFinite,
    /// Shows a progress bar on the standard error, if that is a terminal. Needs the feature `cli`.
    pub progress: bool,
    /// Ctrl-C saves a checkpoint and stops after the step; pressed again, it ends the process. This takes
    /// over the process's handler. Needs the feature `cli`.
    pub catch_ctrl_c: bool,
}

impl Default for TrainConfig {
    fn default() -> Self {
        Self {
            steps: 1000,
            dir: None,
            schedule: Schedule::Constant,
            clip_norm: None,
            clip_value: None,
            ema: None,
            log_every: 10,
            validate_every: 0,
            checkpoint_every: 0,
            keep: 3,
            monitor: None,
            plateau: None,
            non_finite: NonFinite::Stop,
            progress: false,
            catch_ctrl_c: false,
        }
    }
}

/// A validation metric to follow. The checkpoint with its best value is kept as `best.safetensors`.
///
/// The default is the loss, which should become small, without an early stop; a configuration file has to name the metric.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Monitor {
    /// The metric's name.
    pub metric: String,
    /// Whether it should become small or large.
    #[serde(default)]
    pub goal: Goal,
    /// What counts as better: by more than this.
    #[serde(default)]
    pub min_delta: f64,
    /// Stops after so many validations without anything better.
    #[serde(default)]
    pub patience: Option<u64>,
}

impl Default for Monitor {
    fn default() -> Self {
        Self { metric: "loss".into(), goal: Goal::Min, min_delta: 0.0, patience: None }
    }
}

/// What to do about a loss or gradient that is NaN or infinite.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NonFinite {
    /// The training ends with an error that names the step.
    Stop,
    /// The step is left out; so many in a row are an error.
    Skip(u64),
}

impl Config for TrainConfig {
    fn validate(&self) -> Result<(), ConfigError> {
        let check = Check::of("TrainConfig");
        check.at_least_one("steps", self.steps)?;
        check.at_least_one("log_every", self.log_every)?;
        check.at_least_one("keep", self.keep as u64)?;
        if let Some(dir) = &self.dir {
            // Checkpoints keep the configuration as JSON, which is Unicode.
            let expected = "a path in UTF-8";
            check.that(dir.to_str().is_some(), "dir", format!("{dir:?}"), expected)?;
        }
        self.schedule.validate()?;
        for (field, limit) in [("clip_norm", self.clip_norm), ("clip_value", self.clip_value)] {
            limit.map_or(Ok(()), |x| check.positive(field, x))?;
        }
        if let Some(limit) = self.clip_value {
            let expected = "at least 1e-37, which 32 bits can hold";
            check.that(limit >= 1e-37, "clip_value", limit, expected)?;
        }
        self.ema.as_ref().map_or(Ok(()), Config::validate)?;
        if let Some(plateau) = &self.plateau {
            plateau.validate()?;
            let expected = "set where there is a plateau";
            check.that(self.monitor.is_some(), "monitor", "not set", expected)?;
        }
        if let Some(monitor) = &self.monitor {
            check.non_negative("monitor.min_delta", monitor.min_delta)?;
            let expected = "at least 1 where there is a monitor";
            check.that(self.validate_every > 0, "validate_every", self.validate_every, expected)?;
            monitor.patience.map_or(Ok(()), |n| check.at_least_one("monitor.patience", n))?;
        }
        for (field, wanted) in [("progress", self.progress), ("catch_ctrl_c", self.catch_ctrl_c)] {
            let expected = "false where seedbed-nn is built without its feature `cli`";
            check.that(!wanted || cfg!(feature = "cli"), field, wanted, expected)?;
        }
        match self.non_finite {
            NonFinite::Stop => Ok(()),
            NonFinite::Skip(n) => check.at_least_one("non_finite.skip", n),
        }
    }
}
