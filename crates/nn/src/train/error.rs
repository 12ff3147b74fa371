use std::path::PathBuf;

use super::AnyError;
use crate::checkpoint::CheckpointError;
use crate::config::ConfigError;

/// Why a training ended before its time.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrainError {
    /// A configuration makes no sense.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A checkpoint could not be written or read.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// The file of metrics could not be written or read.
    #[error("{}: cannot {action} the metrics: {source}", file.display())]
    Metrics {
        /// The file.
        file: PathBuf,
        /// What was tried.
        action: &'static str,
        /// Why it failed.
        source: std::io::Error,
    },
    /// A line of the file of metrics is not as it was written. The file stays as it is.
    #[error("{}: line {line} is damaged: {problem}; nothing was changed: mend or remove the line, or move the file away", file.display())]
    DamagedMetrics {
        /// The file.
        file: PathBuf,
        /// The line, from 1.
        line: u64,
        /// What is wrong with it.
        problem: String,
    },
    /// Another process went on with the run since this one stopped.
    #[error(
        "{}: there is a checkpoint of step {found} by another training, but this one is at step {step}; go on from there with          Trainer::resume, or choose another directory",
        dir.display()
    )]
    Overtaken {
        /// The directory.
        dir: PathBuf,
        /// The step of its newest checkpoint.
        found: u64,
        /// The step of this training.
        step: u64,
    },
    /// The directory has another run in it.
    #[error("{}: there is a run already; resume it with Trainer::resume, or choose another directory", dir.display())]
    DirInUse {
        /// The directory.
        dir: PathBuf,
    },
    /// There is no directory to resume from.
    #[error("TrainConfig.dir is not set, but should be the directory of the run to resume")]
    NoDir,
    /// The stream of batches failed.
    #[error("step {step}: the batches: {source}")]
    Batches {
        /// The step, counted from 0.
        step: u64,
        /// Its error.
        source: AnyError,
    },
    /// The loss or the gradient is NaN or infinite.
    #[error(
        "step {step}: the {what} is {value}; lower the learning rate or clip the gradient, or run the step under \
         debug_nan to see which op made it first"
    )]
    NonFinite {
        /// The step, counted from 0.
        step: u64,
        /// `loss` or `gradient's norm`.
        what: &'static str,
        /// Its value.
        value: f64,
    },
    /// The monitored metric is not among those that the validation gave.
    #[error("monitor.metric is \"{metric}\", but should be one of: {}", present.join(", "))]
    NoSuchMetric {
        /// The name that the configuration says.
        metric: String,
        /// The names that the validation gave.
        present: Vec<String>,
    },
    /// The process's handler of Ctrl-C could not be set.
    #[error(
        "cannot catch Ctrl-C: {0}; set TrainConfig.catch_ctrl_c to false if the program has a handler of its own"
    )]
    CtrlC(String),
}
