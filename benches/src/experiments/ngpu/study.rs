//! Trainings of several seeds.

use std::time::Instant;

use anyhow::Result;
use seedbed::data::strings::StringTask;
use seedbed::neural_gpu::train::{Recipe, Trainer};
use seedbed::neural_gpu::{DiagonalConfig, DiagonalGpu, Moving, Reach};
use seedbed::nn::Config as _;

use crate::experiment::Context;
use crate::experiments::jobs::side_by_side;

/// A task that several trainings may share.
pub(super) trait StudyTask: StringTask + Clone + Sync {}

impl<T: StringTask + Clone + Sync> StudyTask for T {}

/// What is trained, and for how long at most.
pub(super) struct Study<T> {
    pub(super) task: T,
    pub(super) maps: usize,
    pub(super) moving: Moving,
    pub(super) reach: Reach,
    pub(super) recipe: Recipe,
    /// Steps after which a training ends, exact or not.
    pub(super) steps: u64,
}

/// A network that was trained.
pub(super) struct Trained {
    /// The weights that were validated best, or the last ones where none were.
    pub(super) model: DiagonalGpu,
    pub(super) steps: u64,
    pub(super) restarts: u64,
    pub(super) minutes: f64,
}

impl<T: StudyTask> Study<T> {
    /// One training a seed, from 0.
    pub(super) fn run(&self, context: &Context, seeds: usize) -> Result<Vec<Trained>> {
        context.progress.set_length(seeds as u64);
        let seeds: Vec<u64> = (0..seeds as u64).collect();
        side_by_side(&seeds, |&seed| {
            let trained = self.train(seed)?;
            context.progress.inc(1);
            Ok(trained)
        })
    }

    fn train(&self, seed: u64) -> Result<Trained> {
        let [input_symbols, target_symbols] = self.task.symbols();
        let config = DiagonalConfig {
            maps: self.maps,
            moving: self.moving,
            reach: self.reach,
            input_symbols,
            target_symbols,
            rounded: self.recipe.rounded,
        };
        let stages = self.recipe.validation.len();
        let recipe = self.recipe.clone().check()?;
        let mut trainer = Trainer::new(config.check()?, recipe, self.task.clone(), seed)?;
        let started = Instant::now();
        let is_exact = |trainer: &Trainer<T>| {
            trainer.best().is_some_and(|(_, validated)| validated.is_exact(stages))
        };
        while trainer.progress().step < self.steps && !is_exact(&trainer) {
            trainer.step()?;
        }
        let model = trainer.best().map_or(trainer.model(), |(best, _)| best).clone();
        let progress = trainer.progress();
        Ok(Trained {
            model,
            steps: progress.step,
            restarts: progress.restarts,
            minutes: started.elapsed().as_secs_f64() / 60.0,
        })
    }
}
