//! Training on sequences: what is counted is *sequences*, whatever the batch size.
//!
//! ```
//! use seedbed_autodiff::Rng;
//! use seedbed_data::tasks::{Copy, SequenceTask};
//! use seedbed_nn::Config;
//! use seedbed_ntm::train::{TrainingConfig, train};
//! use seedbed_ntm::{Ntm, NtmConfig};
//!
//! let task = Copy { lengths: 1..=2, width: 2 };
//! let [inputs, outputs] = task.channels();
//! let config = NtmConfig { inputs, outputs, slots: 8, width: 4, ..Default::default() }.check()?;
//! let ntm = Ntm::new(&config, &mut Rng::new(0));
//! let training = TrainingConfig { sequences: 40, validate_every: 20, ..Default::default() };
//! let trained = train(ntm, &task, &training.check()?, Rng::new(1))?;
//! assert_eq!(trained.curve.len(), 2);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod config;
mod cost;
mod solved;
#[cfg(test)]
mod tests;

pub use config::TrainingConfig;
pub use cost::{Cost, evaluate};
pub use solved::{Point, Solved};

use seedbed_autodiff::{Rng, Tensor};
use seedbed_data::tasks::{SequenceBatch, SequenceTask, Sequences};
use seedbed_nn::optim::PerParam;
use seedbed_nn::train::{AnyError, Batches, Metrics, TrainError, Trainer, read_metrics_until};
use seedbed_nn::{Checked, Config};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::sequence::check_capacity;
use crate::{NtmError, SequenceModel};

/// Validation sequences in one batch, which have one length: more batches are more lengths.
const VALIDATED_TOGETHER: usize = 8;

/// A model after training.
#[derive(Clone, Debug)]
pub struct Trained<M> {
    /// The model as the last step left it.
    pub model: M,
    /// The validations, in order.
    pub curve: Vec<Point>,
    /// The number of sequences after which the task counts as [`Solved`]; `None` if it never did.
    pub solved_at: Option<u64>,
    /// That the memory has fewer rows than the task has vectors to remember, if it does: a machine may pack several into one, or never
    /// solve the task.
    pub too_small: Option<NtmError>,
}

/// Trains a model on fresh sequences of a task.
///
/// The model is validated on the same sequences every time, which depend on the configuration alone and are of
/// another generator than those that are trained on. With a directory, metrics and checkpoints are
/// written there, and a training that was stopped goes on where it was.
///
/// # Errors
/// If the task makes no sense or has other channels than the model, the run was begun with another batch size, the loss or the gradient is not finite, or the directory cannot be written or read.
pub fn train<M: SequenceModel<f32> + 'static>(
    model: M,
    task: &dyn SequenceTask,
    config: &Checked<TrainingConfig>,
    rng: Rng,
) -> Result<Trained<M>, TrainError> {
    let no_batches = |source: AnyError| TrainError::Batches { step: 0, source };
    let noise = rng.clone().split();
    let sequences =
        Sequences::new(task, config.batch_size, rng).map_err(|e| no_batches(e.into()))?;
    check_channels(&model, task).map_err(|e| no_batches(e.into()))?;
    let sizes = model.slots().zip(task.vectors());
    let too_small = sizes.and_then(|(slots, vectors)| check_capacity(slots, vectors).err());
    let mut stream = Stream(sequences);
    let validation = validation(task, config);

    let optimizer = config.optimizer.clone().check()?.build(&model, PerParam::default());
    let mut trainer = Trainer::new(model, optimizer, noise, config.trainer()?);
    let mut curve = Vec::new();
    if let Some(dir) = &config.dir
        && let Some(step) = trainer.resume(&mut stream)?
    {
        let (drawn, batch_size) = (stream.0.drawn(), config.batch_size as u64);
        if step.checked_mul(batch_size) != Some(drawn) {
            let source = format!(
                "{step} steps took {drawn} sequences, not {batch_size} each: the batch size was another one"
            );
            return Err(TrainError::Batches { step, source: source.into() });
        }
        curve = read_curve(&read_metrics_until(dir.join("metrics.jsonl"), step)?, batch_size);
    }
    let stop = trainer.stop_handle();
    let is_solved = |curve: &[Point]| config.solved.at(curve).is_some();
    if !(config.stop_when_solved && is_solved(&curve)) {
        let mut steps = trainer.step();
        let every = config.steps_between_validations();
        trainer.fit(
            &mut stream,
            |m, batch, rng| config.loss(m, batch, rng),
            |m| {
                let cost = evaluate(m, &validation);
                steps = config.steps().min((steps / every + 1) * every);
                curve.push(Point { sequences: steps * config.batch_size as u64, cost });
                if config.stop_when_solved && is_solved(&curve) {
                    stop.stop();
                }
                cost.into()
            },
        )?;
    }
    let solved_at = config.solved.at(&curve);
    Ok(Trained { model: trainer.model, curve, solved_at, too_small })
}

/// Whether the model takes what the task gives, and gives what it asks for.
fn check_channels(
    model: &impl SequenceModel<f32>,
    task: &dyn SequenceTask,
) -> Result<(), NtmError> {
    let wanted = task.channels();
    let inputs = model.inputs();
    let outputs = model.logits(&Tensor::zeros(&[1, 1, inputs])).shape()[2];
    if wanted == [inputs, outputs] {
        return Ok(());
    }
    Err(NtmError::Channels { task: wanted, model: [inputs, outputs] })
}

/// The sequences that are validated on.
fn validation(task: &dyn SequenceTask, config: &TrainingConfig) -> Vec<SequenceBatch> {
    let mut rng = Rng::new(config.validation_seed);
    let batches = config.validation.div_ceil(VALIDATED_TOGETHER);
    (0..batches).map(|_| task.sample(VALIDATED_TOGETHER, &mut rng)).collect()
}

/// The validations that a run's file has. They are complete: costs that are not finite count, too, where solving takes several in a row.
fn read_curve(lines: &[Map<String, Value>], batch_size: u64) -> Vec<Point> {
    // Numbers that are not finite are text in the file.
    let number = |value: &Value| match value {
        Value::String(text) => text.parse().ok(),
        value => value.as_f64(),
    };
    let point = |line: &Map<String, Value>| {
        let get = |name| line.get(name).and_then(number);
        let cost = Cost {
            bits: get("bits")?,
            bit_error: get("bit_error")?,
            bit_errors: get("bit_errors")?,
        };
        Some(Point { sequences: line.get("step")?.as_u64()?.checked_mul(batch_size)?, cost })
    };
    let validations = lines.iter().filter(|line| line.get("split") == Some(&"validation".into()));
    validations.filter_map(point).collect()
}

impl From<Cost> for Metrics {
    fn from(cost: Cost) -> Self {
        let Cost { bits, bit_error, bit_errors } = cost;
        Self::from([("bits", bits), ("bit_error", bit_error), ("bit_errors", bit_errors)])
    }
}

impl TrainingConfig {
    /// What a step makes smaller: the cross-entropy in nats per sequence.
    fn loss(
        &self,
        model: &impl SequenceModel<f32>,
        batch: &SequenceBatch,
        rng: &mut Rng,
    ) -> Tensor {
        let logits = match self.head_noise {
            0.0 => model.logits(&batch.inputs),
            std => model.noisy_logits(&batch.inputs, std, rng),
        };
        batch.bits(&logits) * std::f64::consts::LN_2
    }
}

/// Sequences as the trainer takes them.
struct Stream<'a>(Sequences<&'a dyn SequenceTask>);

impl Batches for Stream<'_> {
    type Batch = SequenceBatch;

    fn next_batch(&mut self) -> Result<Option<SequenceBatch>, AnyError> {
        Ok(Some(self.0.next_batch()))
    }

    fn state(&self) -> Result<Value, AnyError> {
        Ok(serde_json::to_value(self.0.state())?)
    }

    fn restore(&mut self, state: &Value) -> Result<(), AnyError> {
        Ok(self.0.restore(&Deserialize::deserialize(state)?)?)
    }
}
