//! Training a diagonal Neural GPU until it is exact.
//!
//! What is minimised is the cross-entropy of all cells and a small saturation cost; what is wanted is a network whose state is digital, because only such a one
//! runs on strings a hundred times as long without an error. A [`Trainer`] goes through these phases; [`Recipe`] has the numbers:
//!
//! 1. **Search.** Short strings, whose greatest length grows as they are learnt; from the first step on each unit of the state is rounded with some
//!    probability. *Gate 1* tries the network on longer strings than it has seen. One that does not pass in time is given up, and training starts
//!    again with new weights.
//! 2. **Ramp.** While the error stays low, noise on the pre-activations and the probability of rounding grow to their maximum.
//! 3. **Calm.** *Gate 2* lets strings of the full length in; the error has to be low for some time.
//! 4. **Cycles.** The learning rate falls and starts again, under full noise. The weights and their running average are validated on strings longer than any of
//!    training; the best are kept. A network that is not nearly exact after some cycles is given up, too.
//!
//! Every decision is made on training error and validation lengths.
//!
//! ```
//! use seedbed_data::strings::{Arithmetic, Operation};
//! use seedbed_neural_gpu::DiagonalConfig;
//! use seedbed_neural_gpu::train::{Recipe, Trainer};
//! use seedbed_nn::Config;
//!
//! let task = Arithmetic::binary(Operation::Add);
//! let recipe = Recipe { examples: 2, shards: 2, ..Recipe::of(&task, 24) };
//! let mut trainer = Trainer::new(DiagonalConfig::default().check()?, recipe.check()?, task, 0)?;
//! trainer.step()?;
//! assert_eq!(trainer.progress().step, 1);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod adamax;
mod progress;
mod recipe;
pub mod relaxed;
mod saved;
mod sets;

pub use adamax::{ClippedAdaMax, ClippedAdaMaxConfig, ClippedAdaMaxUpdate};
pub use progress::{Phase, Progress};
pub use recipe::Recipe;
pub use relaxed::{RelaxedProgress, RelaxedRecipe, RelaxedTrainer};
pub use sets::Validated;

use std::sync::{Arc, OnceLock};

use seedbed_autodiff::{Rng, par_value_and_grad};
use seedbed_data::strings::StringTask;
use seedbed_nn::ema::{Ema, EmaConfig};
use seedbed_nn::{Check, Checked, Config as _, ConfigError};
use serde::{Deserialize, Serialize};

use crate::{Batch, DiagonalConfig, DiagonalGpu, Perturbation, Saturation};
use progress::Action;
use sets::Sets;

/// A training of one task: see [the module](self).
pub struct Trainer<T> {
    config: Checked<DiagonalConfig>,
    recipe: Checked<Recipe>,
    task: T,
    seed: u64,
    sets: Sets,
    rng: Rng,
    model: DiagonalGpu,
    optimizer: ClippedAdaMax<DiagonalGpu>,
    average: Ema<DiagonalGpu>,
    /// Good weights, to be taken again after a collapse.
    snapshot: DiagonalGpu,
    /// Of all networks so far.
    best: DiagonalGpu,
    best_validated: Option<Validated>,
    progress: Progress,
    /// Of the last 200 steps: the loss and the saturation cost, for the weight of the latter.
    sums: [f64; 2],
}

/// What a step did that is worth a line in a log.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "event")]
pub enum Event {
    /// The network was tried at the full length: the shares of exact strings of the last weights and of their average.
    Tried {
        /// With the last weights.
        last: f64,
        /// With the average.
        average: f64,
        /// Whether that was enough.
        passed: bool,
    },
    /// The training error rose too far; good weights were taken again.
    Reverted,
    /// The network was given up.
    StartedAgain,
    /// The network was validated.
    Validated {
        /// The last weights.
        last: Validated,
        /// Their average.
        average: Validated,
        /// Whether one of the two is the best so far.
        best: bool,
    },
}

/// A part of a step's examples, which is computed on its own.
struct Shard {
    batch: Batch,
    noise: Rng,
    outcome: OnceLock<Outcome>,
}

/// What is seen of a shard beside its loss.
#[derive(Debug)]
struct Outcome {
    exact: Vec<bool>,
    saturation: f32,
}

/// Why a training cannot go on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrainError {
    /// A configuration that makes no sense.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The loss or the gradient is NaN or infinite.
    #[error(
        "the loss is {loss} at step {step}, with the learning rate {rate}: it should be finite; a smaller rate may help"
    )]
    NotFinite {
        /// The step.
        step: u64,
        /// The loss.
        loss: f64,
        /// The learning rate.
        rate: f64,
    },
    /// A checkpoint that cannot be read or written.
    #[error(transparent)]
    Checkpoint(#[from] seedbed_nn::checkpoint::CheckpointError),
}

impl<T: StringTask> Trainer<T> {
    /// A training from its start.
    ///
    /// # Errors
    /// If the task has other symbols than the network, or no example of the recipe's lengths.
    pub fn new(
        config: Checked<DiagonalConfig>,
        recipe: Checked<Recipe>,
        task: T,
        seed: u64,
    ) -> Result<Self, TrainError> {
        let symbols = [config.input_symbols, config.target_symbols];
        let expected = format!("{:?}, as the task has them", task.symbols());
        Check::of("DiagonalConfig").that(
            symbols == task.symbols(),
            "input_symbols, target_symbols",
            format!("{symbols:?}"),
            expected,
        )?;
        Check::of("Recipe").that(
            task.fitting(recipe.first_length / 2).is_some(),
            "first_length",
            recipe.first_length,
            "twice the length of the task's shortest example, or more",
        )?;
        sets::check_lengths(Check::of("Recipe"), &task, &recipe.validation)?;
        let mut rng = Rng::new(seed);
        let model = DiagonalGpu::new(&config, &mut rng.split());
        let optimizer =
            ClippedAdaMaxConfig { lr: recipe.rate, weight_decay: recipe.decay }.check()?;
        let average = EmaConfig { decay: recipe.average, warm_up: true }.check()?;
        Ok(Self {
            sets: Sets::new(&task, &recipe),
            rng,
            optimizer: ClippedAdaMax::new(&model, optimizer),
            average: Ema::new(&model, average),
            snapshot: model.clone(),
            best: model.clone(),
            best_validated: None,
            progress: Progress::new(&recipe),
            sums: [0.0; 2],
            config,
            recipe,
            task,
            seed,
            model,
        })
    }

    /// Where the training stands.
    pub fn progress(&self) -> &Progress {
        &self.progress
    }

    /// The weights that were validated best, with their validation.
    pub fn best(&self) -> Option<(&DiagonalGpu, &Validated)> {
        self.best_validated.as_ref().map(|validated| (&self.best, validated))
    }

    /// The weights as the last step left them.
    pub fn model(&self) -> &DiagonalGpu {
        &self.model
    }

    /// One step, with all that follows from it.
    ///
    /// # Errors
    /// If the loss is not finite any more.
    pub fn step(&mut self) -> Result<Option<Event>, TrainError> {
        let shards = self.shards();
        let perturbation = Perturbation {
            pre_activation: self.progress.noise,
            state: self.progress.noise * self.recipe.state_noise,
            rounding: self.progress.rounding,
        };
        let spans = || shards.iter().flat_map(|shard| shard.batch.packing.spans());
        let work: usize = spans().map(|span| span.rows.len() * span.steps).sum();
        // The mean over shards is taken.
        let weight = self.progress.saturation_weight * shards.len() as f64 / work as f64;
        let settle = self.recipe.settle;
        let (loss, gradient) = par_value_and_grad(&self.model, &shards, |model, shard| {
            let Shard { batch, noise, outcome } = shard;
            let noise = &mut noise.clone();
            let (last, Saturation(saturation)) =
                model.run(&batch.inputs, &batch.packing, perturbation, noise);
            let logits = model.read(&last, &batch.packing);
            let seen = Outcome { exact: batch.exact(&logits), saturation: saturation.item() };
            outcome.set(seen).expect("once a shard");
            let mut loss = batch.loss(&logits) + saturation * weight;
            if settle > 0.0 {
                let one = Arc::new(batch.packing.with_steps(1));
                let (next, _) = model.cell.run(&last, &one, perturbation, noise);
                let units = batch.targets.len() * model.cell.maps();
                loss = loss + (next - last).square().sum(..) * (settle / units as f64);
            }
            loss
        });
        let loss = f64::from(loss.item());
        let rate = self.progress.rate_now(&self.recipe);
        if !loss.is_finite() {
            let (step, rate) = (self.progress.step, rate * self.recipe.rate);
            return Err(TrainError::NotFinite { step, loss, rate });
        }
        self.optimizer.step_scaled(&mut self.model, &gradient, rate);
        self.average.update(&self.model);

        let (mut wrong_at_length, mut wrong, mut saturation) = (0, 0, 0.0);
        let of_shard = self.recipe.examples / shards.len();
        for Shard { batch, outcome, .. } in &shards {
            let outcome = outcome.get().expect("every shard was computed");
            saturation += f64::from(outcome.saturation);
            for (&i, exact) in batch.packing.order().iter().zip(&outcome.exact) {
                wrong += usize::from(!exact);
                wrong_at_length += usize::from(!exact && i < of_shard);
            }
        }
        self.weigh_saturation(loss, saturation / work as f64);
        let share =
            |wrong: usize, lengths: usize| wrong as f64 / (lengths * self.recipe.examples) as f64;
        let action =
            self.progress.observe(&self.recipe, share(wrong_at_length, 1), share(wrong, 3));
        Ok(self.act(action))
    }

    /// Examples of three lengths: the greatest, half of it, and one drawn between. Each shard has as many of each, those of the greatest first.
    fn shards(&mut self) -> Vec<Shard> {
        let Self { recipe, task, rng, progress, .. } = self;
        let shortest = (1..).find_map(|length| task.fitting(length)).expect("checked");
        let greatest = progress.length;
        let between = shortest + rng.below(greatest - shortest + 1);
        let mut shards = vec![Vec::new(); recipe.shards];
        for steps in [greatest, greatest / 2, between] {
            let steps = task.fitting(steps).expect("not shorter than the shortest");
            for i in 0..recipe.examples {
                let shorter = shortest + rng.below(steps - shortest + 1);
                let length = if rng.bernoulli(recipe.shorter) { shorter } else { steps };
                let length = task.fitting(length).expect("not shorter than the shortest");
                let example = match rng.bernoulli(recipe.tough) {
                    true => task.sample_tough(length, rng),
                    false => task.sample(length, rng),
                };
                shards[i % recipe.shards].push((example, steps));
            }
        }
        let shard = |examples: Vec<_>| Shard {
            batch: Batch::new(&examples),
            noise: rng.split(),
            outcome: OnceLock::new(),
        };
        shards.into_iter().map(shard).collect()
    }

    /// Every 200 steps: weight ← clamp(rate · loss / saturation cost, 10⁻²⁰, 10⁻³).
    fn weigh_saturation(&mut self, loss: f64, saturation: f64) {
        self.sums[0] += loss;
        self.sums[1] += saturation;
        if (self.progress.network_step + 1).is_multiple_of(200) {
            let rate = self.recipe.rate * self.progress.rate_now(&self.recipe);
            let weight = rate * self.sums[0] / self.sums[1].max(f64::MIN_POSITIVE);
            self.progress.saturation_weight = weight.clamp(1e-20, 1e-3);
            self.sums = [0.0; 2];
        }
    }

    fn act(&mut self, action: Action) -> Option<Event> {
        match action {
            Action::Nothing => None,
            Action::Snapshot => {
                self.snapshot.clone_from(&self.model);
                None
            }
            Action::TryGate => Some(self.try_gate()),
            Action::Revert => {
                self.model.clone_from(&self.snapshot);
                self.average.average.clone_from(&self.snapshot);
                Some(Event::Reverted)
            }
            Action::Validate => Some(self.validate()),
            Action::StartAgain => Some(self.start_again()),
        }
    }

    fn try_gate(&mut self) -> Event {
        let first = self.progress.phase == Phase::Search;
        let wanted = if first { self.recipe.gate_accuracy } else { self.recipe.settled_accuracy };
        let share = |model| {
            let plain = self.sets.share_at_full_length(model, false);
            // Gate 2 wants both: what is digital does not change when it is rounded.
            match first || plain < wanted {
                true => plain,
                false => plain.min(self.sets.share_at_full_length(model, true)),
            }
        };
        let (last, average) = (share(&self.model), share(&self.average.average));
        let passed = last.max(average) >= wanted;
        if passed {
            if average > last {
                self.model.clone_from(&self.average.average);
            }
            self.snapshot.clone_from(&self.model);
            self.progress.pass_gate(&self.recipe);
        }
        Event::Tried { last, average, passed }
    }

    fn validate(&mut self) -> Event {
        if self.progress.error < self.recipe.calm_below {
            self.snapshot.clone_from(&self.model);
        }
        let of = |model| self.sets.validate(model, self.recipe.rounded);
        let (last, average) = (of(&self.model), of(&self.average.average));
        let (better, model) = match average.score() >= last.score() {
            true => (&average, &self.average.average),
            false => (&last, &self.model),
        };
        let good_stages = &mut self.progress.good_stages;
        *good_stages = better.good_stages().max(*good_stages);
        let stages = *good_stages;
        let best = self.best_validated.as_ref().is_none_or(|best| better.score() > best.score());
        if best {
            self.best.clone_from(model);
            self.best_validated = Some(better.clone());
        }
        let event = Event::Validated { last, average, best };
        let cycles = self.progress.cycles(&self.recipe);
        let Recipe { discard_after, discard_stages, .. } = *self.recipe;
        if discard_after > 0 && cycles >= discard_after && stages < discard_stages {
            self.start_again();
        }
        event
    }

    fn start_again(&mut self) -> Event {
        let fresh = DiagonalGpu::new(&self.config, &mut self.rng.split());
        self.optimizer = ClippedAdaMax::new(&fresh, self.checked_optimizer());
        self.average = Ema::new(&fresh, self.checked_average());
        self.snapshot.clone_from(&fresh);
        self.model = fresh;
        self.sums = [0.0; 2];
        self.progress.start_again(&self.recipe);
        Event::StartedAgain
    }
}
