//! The training of the original network as Kaiser and Sutskever 2016 describe it, and their program does it.
//!
//! - **Relaxed weights**: each weight has some copies that take turns in the steps of a run, which makes the search easier. A *pull*, the weight of
//!   Σ (θ − mean θ)² in the loss, draws them together; it grows with each decision that found few errors, until the copies are replaced by their mean.
//! - **Curriculum**: the greatest length grows with the same decisions.
//! - **Dropout** on the state after each step, less of it on longer strings.
//! - **Noise on gradients**, ε · √(t^−0.55 · max(0, error − 0.02)) · N(0, 1) at step t. Their program prepares it, but gives its optimiser the gradients without it; here it acts.
//! - **Noise on states**, tied to the pull.
//!
//! The pull is counted in units of the program; noise here is uniform where theirs is a truncated normal, with the same deviation.

mod recipe;
mod saved;

pub use recipe::RelaxedRecipe;

use std::sync::OnceLock;

use seedbed_autodiff::{Module as _, Rng, Tensor, par_value_and_grad};
use seedbed_data::strings::StringTask;
use seedbed_nn::clip::clip_global_norm;
use seedbed_nn::optim::{Adam, AdamConfig};
use seedbed_nn::{Check, Checked, Config as _};
use serde::{Deserialize, Serialize};

use super::sets::{Sets, check_lengths};
use super::{Event, TrainError, Validated};
use crate::{Batch, NeuralGpu, NeuralGpuConfig, Perturbation};

/// A training of the original network: see [the module](self).
///
/// ```
/// use seedbed_data::strings::{Arithmetic, Operation};
/// use seedbed_neural_gpu::NeuralGpuConfig;
/// use seedbed_neural_gpu::train::{RelaxedRecipe, RelaxedTrainer};
/// use seedbed_nn::Config;
///
/// let config = NeuralGpuConfig { maps: 4, ..Default::default() };
/// let recipe = RelaxedRecipe { examples: 2, shards: 1, ..Default::default() };
/// let task = Arithmetic::binary(Operation::Add);
/// let mut trainer = RelaxedTrainer::new(config.check()?, recipe.check()?, task, 0)?;
/// trainer.step()?;
/// assert_eq!(trainer.progress().step, 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct RelaxedTrainer<T> {
    config: Checked<NeuralGpuConfig>,
    recipe: Checked<RelaxedRecipe>,
    task: T,
    seed: u64,
    sets: Sets,
    rng: Rng,
    model: NeuralGpu,
    optimizer: Adam<NeuralGpu>,
    best: NeuralGpu,
    best_validated: Option<Validated>,
    progress: RelaxedProgress,
}

/// Where a training of the original network stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RelaxedProgress {
    /// Steps that were made.
    pub step: u64,
    /// The greatest length of the curriculum.
    pub length: usize,
    /// The pull between copies.
    pub pull: f64,
    /// Whether the copies were replaced by their mean.
    pub averaged: bool,
    /// What the recipe's rate is multiplied with.
    pub rate: f64,
    /// The share of wrong strings before the last decision, in training.
    pub error: f64,
    /// The mean losses before the last decisions, the newest last; at most three.
    pub losses: Vec<f64>,
    /// Since the last decision: the loss, and the strings and the wrong ones of lengths that the curriculum has reached.
    sums: [f64; 3],
}

/// A part of a step's examples.
struct Shard {
    batch: Batch,
    noise: Rng,
    wrong: OnceLock<usize>,
}

impl<T: StringTask> RelaxedTrainer<T> {
    /// A training from its start.
    ///
    /// # Errors
    /// If the task has other symbols than the network, or no example of the recipe's lengths.
    pub fn new(
        config: Checked<NeuralGpuConfig>,
        recipe: Checked<RelaxedRecipe>,
        task: T,
        seed: u64,
    ) -> Result<Self, TrainError> {
        let symbols = [config.input_symbols, config.target_symbols];
        Check::of("NeuralGpuConfig").that(
            symbols == task.symbols(),
            "input_symbols, target_symbols",
            format!("{symbols:?}"),
            format!("{:?}, as the task has them", task.symbols()),
        )?;
        Check::of("RelaxedRecipe").that(
            task.fitting(recipe.first_length).is_some(),
            "first_length",
            recipe.first_length,
            "the length of the task's shortest example, or more",
        )?;
        check_lengths(Check::of("RelaxedRecipe"), &task, &recipe.validation)?;
        let mut rng = Rng::new(seed);
        let model = NeuralGpu::new(&config, &mut rng.split());
        let adam = AdamConfig { lr: recipe.rate, eps: recipe.eps, ..Default::default() };
        let progress = RelaxedProgress {
            step: 0,
            length: recipe.first_length,
            pull: recipe.pull,
            averaged: config.copies == 1,
            rate: 1.0,
            error: 1.0,
            losses: Vec::new(),
            sums: [0.0; 3],
        };
        Ok(Self {
            sets: Sets::of(&task, recipe.full_length, &recipe.validation, recipe.tough),
            rng,
            optimizer: Adam::new(&model, adam.check()?),
            best: model.clone(),
            best_validated: None,
            progress,
            config,
            recipe,
            task,
            seed,
            model,
        })
    }

    /// Where the training stands.
    pub fn progress(&self) -> &RelaxedProgress {
        &self.progress
    }

    /// The weights that were validated best, all copies at their mean, with their validation.
    pub fn best(&self) -> Option<(&NeuralGpu, &Validated)> {
        self.best_validated.as_ref().map(|validated| (&self.best, validated))
    }

    /// The weights as the last step left them.
    pub fn model(&self) -> &NeuralGpu {
        &self.model
    }

    /// One step, with all that follows from it.
    ///
    /// # Errors
    /// If the loss is not finite any more.
    pub fn step(&mut self) -> Result<Option<Event>, TrainError> {
        let length = self.draw_length();
        let shards = self.shards(length);
        let (pull, averaged) = (self.progress.pull, self.progress.averaged);
        let state = self.recipe.state_noise * pull;
        let perturbation = Perturbation { state, ..Perturbation::NONE };
        let dropout = self.recipe.dropout * 8.0 / length.max(3) as f64;
        let (loss, mut gradient) = par_value_and_grad(&self.model, &shards, |model, shard| {
            let Shard { batch, noise, wrong } = shard;
            let noise = &mut noise.clone();
            let last = model.run(&batch.inputs, &batch.packing, perturbation, dropout, noise);
            let logits = model.read(&last, &batch.packing);
            let right = batch.exact(&logits);
            wrong.set(right.iter().filter(|&&right| !right).count()).expect("once a shard");
            let loss = batch.loss(&logits);
            if averaged { loss } else { loss + model.relaxation() * pull }
        });
        let (step, rate) = (self.progress.step, self.progress.rate);
        let loss = f64::from(loss.item());
        let norm = clip_global_norm(&mut gradient, self.recipe.clip);
        if !(loss.is_finite() && norm.is_finite()) {
            return Err(TrainError::NotFinite { step, loss, rate: rate * self.recipe.rate });
        }
        self.disturb(&mut gradient);
        self.optimizer.step_scaled(&mut self.model, &gradient, rate);
        if averaged && self.config.copies > 1 {
            // Gradients differ by copy, but one weight is meant.
            self.model = self.model.averaged();
        }

        self.progress.step += 1;
        self.progress.sums[0] += loss;
        if length <= self.progress.length {
            let wrong: usize = shards.iter().filter_map(|shard| shard.wrong.get()).sum();
            self.progress.sums[1] += self.recipe.examples as f64;
            self.progress.sums[2] += wrong as f64;
        }
        let decide = self.progress.step.is_multiple_of(self.recipe.every);
        Ok(if decide { self.decide() } else { None })
    }

    /// Uniform up to the greatest length; now and then the longer of two, or one of the whole curriculum.
    fn draw_length(&mut self) -> usize {
        let Self { task, rng, recipe, progress, .. } = self;
        let shortest = (1..).find_map(|length| task.fitting(length)).expect("checked");
        let up_to = |most: usize, rng: &mut Rng| shortest + rng.below(most - shortest + 1);
        let mut length = up_to(progress.length, rng);
        if rng.bernoulli(recipe.longer) {
            length = length.max(up_to(progress.length, rng));
        }
        if rng.bernoulli(recipe.mixed) {
            length = length.max(up_to(recipe.full_length, rng));
        }
        task.fitting(length).expect("not shorter than the shortest")
    }

    fn shards(&mut self, length: usize) -> Vec<Shard> {
        let Self { task, rng, recipe, .. } = self;
        let mut shard = |_| {
            let of_each = recipe.examples / recipe.shards;
            let examples = crate::evaluate::draw(task, length, of_each, recipe.tough, rng);
            let examples: Vec<_> = examples.into_iter().map(|x| (x, length)).collect();
            Shard { batch: Batch::new(&examples), noise: rng.split(), wrong: OnceLock::new() }
        };
        (0..recipe.shards).map(&mut shard).collect()
    }

    /// Adds the noise to a gradient; none where few strings were wrong before the last decision.
    fn disturb(&mut self, gradient: &mut NeuralGpu) {
        let by_error = (self.progress.error - 0.02).max(0.0);
        let by_step = ((self.progress.step + 1) as f64).powf(-0.55);
        let deviation = self.recipe.gradient_noise * (by_step * by_error).sqrt();
        if deviation > 0.0 {
            let rng = &mut self.rng;
            *gradient = gradient.map_params(|x| x + Tensor::normal(x.shape(), 0.0, deviation, rng));
        }
    }

    /// Lengthens strings and strengthens the pull where few were wrong, slows down where the loss does not fall, and validates.
    fn decide(&mut self) -> Option<Event> {
        let Self { progress, recipe, .. } = self;
        let [loss, strings, wrong] = std::mem::take(&mut progress.sums);
        progress.error = if strings > 0.0 { wrong / strings } else { 1.0 };
        let loss = loss / recipe.every as f64;
        let worse_than_all =
            progress.losses.len() == 3 && progress.losses.iter().all(|&before| loss > before);
        if worse_than_all {
            progress.rate *= recipe.slower;
        }
        progress.losses.push(loss);
        if progress.losses.len() > 3 {
            progress.losses.remove(0);
        }
        if progress.error < recipe.grow_below {
            progress.length = (progress.length + 1).min(recipe.full_length);
            if progress.pull < recipe.greatest_pull {
                progress.pull *= recipe.pull_growth;
            } else if !progress.averaged {
                progress.averaged = true;
                self.model = self.model.averaged();
            }
            if progress.averaged && progress.error < recipe.grow_below / 3.0 {
                progress.rate *= recipe.slower;
            }
        }
        let validate = progress.length == recipe.full_length;
        (validate && progress.error < recipe.validate_below).then(|| self.validate())
    }

    fn validate(&mut self) -> Event {
        let averaged = self.model.averaged();
        let (last, average) =
            (self.sets.validate(&self.model, false), self.sets.validate(&averaged, false));
        // The one that is deployed has one weight for all steps.
        let best = self.best_validated.as_ref().is_none_or(|best| average.score() > best.score());
        if best {
            self.best = averaged;
            self.best_validated = Some(average.clone());
        }
        Event::Validated { last, average, best }
    }
}
