//! A trainer: the loop around a loss, with what a long run needs.
//!
//! ```
//! use seedbed_autodiff::{Rng, Tensor, module};
//! use seedbed_nn::Config;
//! use seedbed_nn::optim::{AdamW, AdamWConfig};
//! use seedbed_nn::schedule::Schedule;
//! use seedbed_nn::train::{Metrics, Stream, TrainConfig, Trainer};
//!
//! /// y = w x + b.
//! #[derive(Clone)]
//! struct Line {
//!     w: Tensor,
//!     b: Tensor,
//! }
//! module!(Line: f32 { w, b });
//!
//! fn mean_square(m: &Line, x: &Tensor, y: &Tensor) -> Tensor {
//!     let error = &m.w * x + &m.b + y * -1.0;
//!     (&error * &error).sum(..) * (1.0 / x.len() as f64)
//! }
//!
//! # let dir = tempfile::tempdir()?;
//! # let dir = dir.path().join("run");
//! let config = TrainConfig {
//!     steps: 500,
//!     dir: Some(dir), // metrics.jsonl and checkpoints
//!     schedule: Schedule::cosine(500).warm_up(20),
//!     clip_norm: Some(1.0),
//!     validate_every: 100,
//!     checkpoint_every: 100,
//!     ..Default::default()
//! };
//! let model = Line { w: Tensor::scalar(0.0), b: Tensor::scalar(0.0) };
//! let adamw = AdamWConfig { lr: 0.05, weight_decay: 0.0, ..Default::default() }.check()?;
//! let optimizer = AdamW::new(&model, adamw);
//! let mut trainer = Trainer::new(model, optimizer, Rng::new(7), config.check()?);
//!
//! // Points of the line y = 3 x − 1: a stream whose state is a generator.
//! let mut points = Stream::new(
//!     Rng::new(1),
//!     |rng| Some(Tensor::uniform(&[32], -1.0, 1.0, rng)),
//!     |rng| rng.to_bytes().to_vec(),
//!     |rng, state: Vec<u8>| match state[..].try_into() {
//!         Ok(state) => Ok(*rng = Rng::from_bytes(state)),
//!         Err(_) => Err("not the state of a generator"),
//!     },
//! );
//! let line = |x: &Tensor| x * 3.0 + -1.0;
//! trainer.resume(&mut points)?; // goes on where a former process stopped, if there was one
//! let report = trainer.fit(
//!     &mut points,
//!     |m, x, _rng| mean_square(m, x, &line(x)),
//!     |m| {
//!         let x = Tensor::arange(5);
//!         Metrics::new().with("loss", mean_square(m, &x, &line(&x)).item().into())
//!     },
//! )?;
//! assert_eq!(report.step, 500);
//! assert!((trainer.model.w.item() - 3.0).abs() < 0.01);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! A run is its configuration and seeds: resumed after an interruption anywhere, it gives the same model and the same
//! `metrics.jsonl` as one that was never interrupted, bit for bit, as long as the loss draws from the generator
//! that it is given.
//!
//! A directory belongs to one run: it is locked from [`Trainer::resume`], or else from the beginning of the fit, to the end of the
//! fit, and a second training there is refused.

#[cfg_attr(not(feature = "cli"), path = "no_bar.rs")]
mod bar;
mod batches;
mod config;
mod error;
mod loss;
mod metrics;
mod metrics_file;
mod report;
mod resume;
mod run;
mod stop;

pub use batches::{AnyError, Batches, Stream};
pub use config::{Monitor, NonFinite, TrainConfig};
pub use error::TrainError;
pub use loss::Loss;
pub use metrics::Metrics;
pub use metrics_file::{read_metrics, read_metrics_until};
pub use report::report;
pub use stop::StopHandle;

use std::marker::PhantomData;

use seedbed_autodiff::{Float, Module, Rng};
use serde::{Deserialize, Serialize};

use crate::checkpoint::{CheckpointError, DirLock};
use crate::config::{Checked, Config};
use crate::ema::Ema;
use crate::optim::Optimizer;
use crate::schedule::Plateau;
use crate::track::Tracker;
use loss::{differentiate, differentiate_shards};

/// A model in training: with its optimiser, its generator and how far it has come.
pub struct Trainer<F: Float, M, O> {
    /// The model.
    pub model: M,
    /// The optimiser.
    pub optimizer: O,
    /// The generator, from which each step gets one of its own.
    pub rng: Rng,
    config: Checked<TrainConfig>,
    ema: Option<Ema<M>>,
    progress: Progress,
    place: Place,
    stop: StopHandle,
    element: PhantomData<fn() -> F>,
}

/// A trainer in its directory.
#[derive(Default)]
struct Place {
    /// Held from [`Trainer::resume`] or the beginning of a fit to the end of the fit.
    lock: Option<DirLock>,
    /// Whether the run in the directory is this one's to go on with.
    resumed: bool,
    /// The newest checkpoint when the lock was last given back.
    left_at: Option<u64>,
    /// Why newer checkpoints were passed over.
    skipped: Vec<CheckpointError>,
}

/// What a trainer remembers beside tensors and the generator.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Progress {
    step: u64,
    ema_updates: u64,
    /// The step of the last validation.
    validated: u64,
    /// Steps left out in a row.
    skipped: u64,
    plateau: Plateau,
    monitor: Tracker,
    best: Option<Best>,
}

/// The best validation so far.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Best {
    /// The number of steps that the model had made.
    pub step: u64,
    /// The value of the monitored metric.
    pub value: f64,
}

/// How a training ended.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// Why.
    pub stopped: Stopped,
    /// How many steps the model has made.
    pub step: u64,
    /// The best validation, if one metric was monitored.
    pub best: Option<Best>,
}

/// Why a training ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stopped {
    /// All steps were made.
    Finished,
    /// The monitored metric stopped getting better.
    Early,
    /// Ctrl-C, or a [`StopHandle`].
    Interrupted,
    /// There were no more batches.
    OutOfBatches,
}

impl<F: Float, M: Module<F>, O: Optimizer<F, M>> Trainer<F, M, O> {
    /// A trainer before its first step.
    pub fn new(model: M, optimizer: O, rng: Rng, config: Checked<TrainConfig>) -> Self {
        let ema = config.ema.clone().map(|c| {
            Ema::new(&model, c.check().expect("it was checked as a part of the configuration"))
        });
        Self {
            model,
            optimizer,
            rng,
            config,
            ema,
            progress: Progress::default(),
            place: Place::default(),
            stop: StopHandle::default(),
            element: PhantomData,
        }
    }

    /// How many steps were made.
    pub fn step(&self) -> u64 {
        self.progress.step
    }

    /// The running average of the weights where there is one, the model otherwise: what is validated.
    pub fn averaged(&self) -> &M {
        self.ema.as_ref().map_or(&self.model, |e| &e.average)
    }

    /// Stops the training from elsewhere.
    pub fn stop_handle(&self) -> StopHandle {
        self.stop.clone()
    }

    /// Trains until the configured number of steps is reached, or something ends it before.
    ///
    /// `loss` gets the model, the batch and the step's own generator; it returns a scalar tensor, a tensor and
    /// [`Metrics`], or a [`Loss`]. `validate` gets the model (or its running average) and returns metrics; it is
    /// called as the configuration says.
    ///
    /// # Errors
    /// See [`TrainError`]. The last checkpoint stays.
    pub fn fit<B: Batches, L: Into<Loss<F, M>>>(
        &mut self,
        batches: &mut B,
        mut loss: impl FnMut(&M, &B::Batch, &mut Rng) -> L,
        validate: impl FnMut(&M) -> Metrics,
    ) -> Result<Report, TrainError> {
        self.run(batches, |m, batch, rng| differentiate(m, &batch, rng, &mut loss), validate)
    }

    /// [`fit`](Self::fit) with each batch split by `shards`, whose gradients are computed one thread a shard
    /// and averaged in order: the same bits on any number of threads. Metrics and buffers are averaged, too.
    ///
    /// # Errors
    /// As [`fit`](Self::fit).
    pub fn fit_parallel<B: Batches, S: Send + Sync, L: Into<Loss<F, M>>>(
        &mut self,
        batches: &mut B,
        mut shards: impl FnMut(B::Batch) -> Vec<S>,
        loss: impl Fn(&M, &S, &mut Rng) -> L + Sync,
        validate: impl FnMut(&M) -> Metrics,
    ) -> Result<Report, TrainError>
    where
        M: Send + Sync,
    {
        let step = |m: &M, batch, rng: &mut Rng| differentiate_shards(m, shards(batch), rng, &loss);
        self.run(batches, step, validate)
    }
}
