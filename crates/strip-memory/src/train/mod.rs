//! Training a machine until it is exact.
//!
//! Programs begin short, with few items and digits, and grow while they are answered ([`Recipe::grow_below`]). From the first step on a share of all states, strips, gates and attentions
//! is rounded; once programs have their full size, noise and rounding grow to their maximum while the error stays low. In the end the rate falls. A machine is validated on programs that are
//! larger than any of training, with everything rounded ([`Digital::EXACT`]); the best weights are kept.
//!
//! ```
//! use seedbed_data::programs::{ProgramSize, ProgramTask};
//! use seedbed_nn::Config;
//! use seedbed_strip_memory::StripConfig;
//! use seedbed_strip_memory::train::{Recipe, Trainer};
//!
//! let config = StripConfig { maps: 8, ..StripConfig::small() }.check()?;
//! let recipe = Recipe { batch: 2, ..Recipe::of(ProgramTask::KvAdd) }.check()?;
//! let mut trainer = Trainer::new(config, recipe, ProgramTask::KvAdd, 0)?;
//! trainer.step()?;
//! assert_eq!(trainer.progress().step, 1);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod recipe;
mod saved;

pub use recipe::Recipe;

use seedbed_autodiff::{Rng, value_and_grad_aux};
use seedbed_data::DataError;
use seedbed_data::programs::{Program, ProgramSize, ProgramTask};
use seedbed_neural_gpu::Perturbation;
use seedbed_neural_gpu::train::{ClippedAdaMax, ClippedAdaMaxConfig};
use seedbed_nn::ema::{Ema, EmaConfig};
use seedbed_nn::{Checked, Config as _, ConfigError};
use serde::{Deserialize, Serialize};

use crate::{Batch, Digital, StripConfig, StripError, StripMachine, score};

/// A training of one task: see [the module](self).
pub struct Trainer {
    config: Checked<StripConfig>,
    recipe: Checked<Recipe>,
    task: ProgramTask,
    seed: u64,
    rng: Rng,
    machine: StripMachine,
    optimizer: ClippedAdaMax<StripMachine>,
    average: Ema<StripMachine>,
    best: StripMachine,
    validation: Vec<Program>,
    progress: TrainProgress,
}

/// Where a training stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrainProgress {
    /// Steps so far.
    pub step: u64,
    /// The greatest size.
    pub size: ProgramSize,
    /// When it grew last.
    pub grown_at: u64,
    /// The share of programs of the greatest size that are not exact, a running average.
    pub error: f64,
    /// The loss of the last step; before the first it is infinite, which files have as `null`.
    #[serde(with = "unbounded")]
    pub loss: f64,
    /// How far noise and rounding have come, from 0 to 1.
    pub ramp: f64,
    /// The weight of the saturation cost.
    pub saturation_weight: f64,
    /// The best validation: the share of exact programs.
    pub best: Option<f64>,
}

/// ∞ in files: JSON has no number for it.
mod unbounded {
    use serde::{Deserialize as _, Deserializer, Serialize as _, Serializer};

    pub(super) fn serialize<S: Serializer>(x: &f64, to: S) -> Result<S::Ok, S::Error> {
        x.is_finite().then_some(*x).serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<f64, D::Error> {
        Ok(Option::deserialize(from)?.unwrap_or(f64::INFINITY))
    }
}

impl TrainProgress {
    /// Whether a training by this recipe can be here.
    fn check(&self, recipe: &Recipe) -> Result<(), String> {
        let dims = |s: ProgramSize| [s.items, s.operations, s.digits];
        let (first, full) = (dims(recipe.first), dims(recipe.full));
        let fits = (dims(self.size).iter().zip(first).zip(full))
            .all(|((size, first), full)| (first..=full).contains(size));
        if !fits {
            let Self { size, .. } = self;
            return Err(format!(
                "the training's size is {size:?}, but should be from {:?} to {:?}",
                recipe.first, recipe.full
            ));
        }
        for (what, x) in [
            ("error", self.error),
            ("ramp", self.ramp),
            ("weight of the saturation", self.saturation_weight),
            ("best validation", self.best.unwrap_or(0.0)),
        ] {
            if !(0.0..=1.0).contains(&x) {
                return Err(format!("the training's {what} is {x}, but should be from 0 to 1"));
            }
        }
        if self.grown_at > self.step {
            return Err(format!("the training grew at step {} of {}", self.grown_at, self.step));
        }
        Ok(())
    }
}

/// Why a training cannot go on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrainError {
    /// A configuration that makes no sense.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A size that makes no sense.
    #[error(transparent)]
    Data(#[from] DataError),
    /// Programs that the machine cannot run.
    #[error(transparent)]
    Strip(#[from] StripError),
    /// The loss is NaN or infinite.
    #[error("the loss is {loss} at step {step}: it should be finite; a smaller rate may help")]
    NotFinite {
        /// The step.
        step: u64,
        /// The loss.
        loss: f64,
    },
    /// A checkpoint that cannot be read or written.
    #[error(transparent)]
    Checkpoint(#[from] seedbed_nn::checkpoint::CheckpointError),
}

/// What the programs are drawn from that are validated on, whatever the seed of the training.
const VALIDATION_SEED: u64 = 0x5741_11d5;

/// The share of a running average that a step makes.
const NEW: f64 = 0.05;

impl Trainer {
    /// A training from its start.
    ///
    /// # Errors
    /// If the machine does not know the task's instructions, has too few slots for the full size, or a size makes no sense.
    pub fn new(
        config: Checked<StripConfig>,
        recipe: Checked<Recipe>,
        task: ProgramTask,
        seed: u64,
    ) -> Result<Self, TrainError> {
        let mut rng = Rng::new(seed);
        let machine = StripMachine::new(&config, &mut rng.split());
        task.sample(recipe.first, recipe.tough, &mut Rng::new(VALIDATION_SEED))?;
        let draws = &mut Rng::new(VALIDATION_SEED);
        let full = Batch::new(vec![task.sample(recipe.full, recipe.tough, draws)?])?;
        machine.check(&full, config.slots)?;
        let one = |_| task.sample(recipe.validation, recipe.tough, draws);
        let validation = (0..recipe.validated).map(one).collect::<Result<_, _>>()?;
        let optimizer = ClippedAdaMaxConfig { lr: recipe.rate, weight_decay: 0.0 }.check()?;
        let average = EmaConfig { decay: recipe.average, warm_up: true }.check()?;
        let progress = TrainProgress {
            step: 0,
            size: recipe.first,
            grown_at: 0,
            error: 1.0,
            loss: f64::INFINITY,
            ramp: 0.0,
            saturation_weight: 1e-3,
            best: None,
        };
        Ok(Self {
            optimizer: ClippedAdaMax::new(&machine, optimizer),
            average: Ema::new(&machine, average),
            best: machine.clone(),
            config,
            recipe,
            task,
            seed,
            rng,
            machine,
            validation,
            progress,
        })
    }

    /// Where the training stands.
    pub fn progress(&self) -> &TrainProgress {
        &self.progress
    }

    /// The machine that was validated best; before the first validation the one of the last step.
    pub fn best(&self) -> &StripMachine {
        if self.progress.best.is_some() { &self.best } else { &self.machine }
    }

    /// The machine as the last step left it.
    pub fn machine(&self) -> &StripMachine {
        &self.machine
    }

    /// One step; the share of exact programs of the last weights and of their average, where it was time to validate.
    ///
    /// # Errors
    /// If the loss is not finite.
    pub fn step(&mut self) -> Result<Option<[f64; 2]>, TrainError> {
        let at_greatest = self.rng.bernoulli(0.5);
        let batch = self.batch(at_greatest)?;
        let noise = self.progress.ramp * self.recipe.noise;
        let rounding = self.recipe.rounding + self.progress.ramp * (1.0 - self.recipe.rounding);
        let digital = Digital {
            cells: Perturbation {
                pre_activation: noise,
                state: noise * self.recipe.state_noise,
                rounding,
            },
            rounding,
            one_slot: self.recipe.one_slot + self.progress.ramp * (1.0 - self.recipe.one_slot),
            head_noise: self.progress.ramp * self.recipe.head_noise,
        };
        let weight = self.progress.saturation_weight;
        let slots = self.config.slots;
        let draws = self.rng.split();
        let (loss, (cost, exact), gradient) = value_and_grad_aux(&self.machine, |machine| {
            let (loss, cost, exact) = machine.learn(&batch, slots, digital, &mut draws.clone());
            (&loss + &cost * weight, (f64::from(cost.item()), exact))
        });
        let loss = f64::from(loss.item());
        if !loss.is_finite() {
            return Err(TrainError::NotFinite { step: self.progress.step, loss });
        }
        let rate = self.rate_now();
        self.optimizer.step_scaled(&mut self.machine, &gradient, rate);
        self.average.update(&self.machine);

        let wrong = exact.iter().filter(|&&exact| !exact).count() as f64 / exact.len() as f64;
        self.observe(loss, cost, at_greatest.then_some(wrong));
        let due = self.progress.step.is_multiple_of(self.recipe.validate_every)
            || self.progress.step == self.recipe.steps;
        if due { self.validate().map(Some) } else { Ok(None) }
    }

    /// What the rate is multiplied by.
    fn rate_now(&self) -> f64 {
        let left = self.recipe.steps.saturating_sub(self.progress.step);
        let share = (left as f64 / self.recipe.cooling.max(1) as f64).min(1.0);
        // Under full noise, whole steps have led away from what was learnt.
        (0.05 + 0.95 * share) * (1.0 - 0.5 * self.progress.ramp)
    }

    /// Programs of one size: of the greatest, or of one below it in each respect.
    fn batch(&mut self, at_greatest: bool) -> Result<Batch, TrainError> {
        let ProgramSize { items, operations, digits } = self.progress.size;
        let first = self.recipe.first;
        let mut draw = |least: usize, most: usize| match at_greatest {
            true => most,
            false => least + self.rng.below(most - least + 1),
        };
        let size = ProgramSize {
            items: draw(first.items, items),
            operations: draw(first.operations, operations),
            digits: draw(first.digits, digits),
        };
        let one = |_| self.task.sample(size, self.recipe.tough, &mut self.rng);
        let mut programs: Vec<Program> =
            (0..self.recipe.batch).map(one).collect::<Result<_, _>>()?;
        if self.rng.bernoulli(self.recipe.roomy) {
            let cells = programs[0].cells;
            let cells = cells + self.rng.below(cells + 1);
            programs = programs.into_iter().map(|program| program.with_cells(cells)).collect();
        }
        Ok(Batch::new(programs)?)
    }

    /// Counts a step, and lets sizes and noise grow.
    fn observe(&mut self, loss: f64, saturation: f64, wrong: Option<f64>) {
        let (progress, recipe) = (&mut self.progress, &*self.recipe);
        progress.step += 1;
        progress.loss = loss;
        // weight ← clamp(rate · loss / saturation cost, 10⁻²⁰, 10⁻³), as the diagonal network's authors do.
        let weight = recipe.rate * loss / saturation.max(f64::MIN_POSITIVE);
        progress.saturation_weight = weight.clamp(1e-20, 1e-3);
        let Some(wrong) = wrong else { return };
        progress.error += NEW * (wrong - progress.error);
        let grown = progress.size == recipe.full;
        if !grown
            && progress.error < recipe.grow_below
            && progress.step - progress.grown_at >= recipe.grow_every
        {
            let up = |now: usize, full: usize| (now + 1).min(full);
            progress.size = ProgramSize {
                items: up(progress.size.items, recipe.full.items),
                operations: up(progress.size.operations, recipe.full.operations),
                digits: up(progress.size.digits, recipe.full.digits),
            };
            progress.grown_at = progress.step;
        }
        if grown && progress.step.is_multiple_of(10) {
            if progress.error < recipe.ramp_below {
                progress.ramp = (progress.ramp + recipe.ramp_step).min(1.0);
            } else if progress.error > recipe.back_above {
                progress.ramp = (progress.ramp - recipe.ramp_step).max(0.0);
            }
        }
    }

    fn validate(&mut self) -> Result<[f64; 2], TrainError> {
        let share = |machine: &StripMachine| -> Result<f64, TrainError> {
            Ok(score(machine, &self.validation, 16)?.total().share())
        };
        let (last, average) = (share(&self.machine)?, share(&self.average.average)?);
        let (better, machine) = match average >= last {
            true => (average, &self.average.average),
            false => (last, &self.machine),
        };
        // Of several that are equally good the last, which has learnt under more noise.
        if self.progress.best.is_none_or(|best| better >= best) {
            self.best.clone_from(machine);
            self.progress.best = Some(better);
        }
        Ok([last, average])
    }
}
