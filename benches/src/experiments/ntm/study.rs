//! One line of a table: trained on every seed.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use anyhow::{Context as _, Result};
use seedbed::autodiff::Rng;
use seedbed::data::tasks::{SequenceBatch, SequenceTask};
use seedbed::nn::Config as _;
use seedbed::nn::optim::{AdamConfig, GravesRmsPropConfig, OptimizerConfig};
use seedbed::nn::schedule::Schedule;
use seedbed::nn::train::TrainError;
use seedbed::ntm::train::{Trained, TrainingConfig, train};

use super::network::{Model, Network};
use crate::experiment::Context;
use crate::experiments::jobs::side_by_side;

/// A task, a network, and how it is trained.
#[derive(Clone, Debug)]
pub(super) struct Study<T> {
    /// The name of its rows.
    pub(super) name: &'static str,
    pub(super) task: T,
    pub(super) network: Network,
    pub(super) training: TrainingConfig,
}

/// The seeds of a study, trained.
pub(super) type Runs = Arc<Vec<Trained<Model>>>;

/// Trained in this process, by name, number of seeds and of sequences.
static TRAINED: Mutex<BTreeMap<(&str, usize, u64), Runs>> = Mutex::new(BTreeMap::new());

/// Graves' RMSProp as found best on copy, with the learning rate falling to a hundredth along half a cosine.
pub(super) fn training(sequences: u64, lr: f64) -> TrainingConfig {
    let optimizer = GravesRmsPropConfig { lr, ..Default::default() };
    TrainingConfig {
        sequences,
        optimizer: OptimizerConfig::GravesRmsProp(optimizer),
        schedule: Schedule::Cosine { steps: sequences, end: 0.01 },
        ..Default::default()
    }
}

/// Adam with learning rate 10⁻³ and gradients of norm 1 at most, as found best where places are found by content.
pub(super) fn training_with_adam(sequences: u64) -> TrainingConfig {
    let optimizer = AdamConfig { lr: 1e-3, ..Default::default() };
    TrainingConfig {
        optimizer: OptimizerConfig::Adam(optimizer),
        clip_norm: Some(1.0),
        ..training(sequences, 1e-3)
    }
}

/// The same with this learning rate on so many sequences a step, for tasks that take a hundred thousand of them.
pub(super) fn training_in_batches(sequences: u64, batch_size: usize, lr: f64) -> TrainingConfig {
    TrainingConfig {
        optimizer: OptimizerConfig::Adam(AdamConfig { lr, ..Default::default() }),
        batch_size,
        schedule: Schedule::Cosine { steps: sequences / batch_size as u64, end: 0.01 },
        validate_every: 2_000,
        ..training_with_adam(sequences)
    }
}

/// A training; in the quick profile only its first so many sequences, with the learning rates that they have in the whole.
pub(super) fn quick_or_full(context: &Context, quick: u64, full: TrainingConfig) -> TrainingConfig {
    TrainingConfig { sequences: context.pick(quick, full.sequences), ..full }
}

impl<T: SequenceTask + Sync> Study<T> {
    /// Trains the seeds from 0, side by side, unless that was done.
    pub(super) fn runs(&self, context: &Context, seeds: usize) -> Result<Runs> {
        let key = (self.name, seeds, self.training.sequences);
        if let Some(runs) = TRAINED.lock().expect("nobody panicked").get(&key) {
            return Ok(runs.clone());
        }
        context.progress.inc_length(seeds as u64);
        let config = self.training.clone().check()?;
        let jobs: Vec<u64> = (0..seeds as u64).collect();
        let runs = side_by_side(&jobs, |&seed| {
            let mut rng = Rng::new(seed);
            let sequences = rng.split();
            let model = self.network.build(self.task.channels(), &mut rng)?;
            let trained = match train(model.clone(), &self.task, &config, sequences) {
                // A seed that blew up is one that failed, and counts: without costs, and as it was before it learnt.
                Err(TrainError::NonFinite { .. }) => {
                    Ok(Trained { model, curve: Vec::new(), solved_at: None, too_small: None })
                }
                trained => trained,
            };
            context.progress.inc(1);
            trained.with_context(|| format!("{}, seed {seed}", self.name))
        })?;
        let runs = Arc::new(runs);
        TRAINED.lock().expect("nobody panicked").insert(key, runs.clone());
        Ok(runs)
    }
}

/// Twenty sequences to test on, the same for every model; training draws from other generators.
pub(super) fn test_batches(task: &dyn SequenceTask) -> Vec<SequenceBatch> {
    let mut rng = Rng::new(u64::MAX);
    (0..4).map(|_| task.sample(5, &mut rng)).collect()
}
