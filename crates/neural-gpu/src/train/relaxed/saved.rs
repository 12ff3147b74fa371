//! A training of the original network in a file.

use std::path::Path;

use seedbed_data::strings::StringTask;
use seedbed_nn::checkpoint::{Checkpoint, CheckpointError, Writer};

use super::{RelaxedProgress, RelaxedTrainer};
use crate::NeuralGpuConfig;

impl<T: StringTask> RelaxedTrainer<T> {
    /// Writes everything that the training is to a file, whole or not at all.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn save(&self, file: &Path) -> Result<(), CheckpointError> {
        let mut writer = Writer::new();
        writer
            .module("model", &self.model)
            .optimizer(&self.optimizer)
            .module("best", &self.best)
            .rng("rng", &self.rng)
            .value("best_validated", &self.best_validated)?
            .value("progress", &self.progress)?
            .value("config", &*self.config)?
            .value("recipe", &*self.recipe)?
            .value("seed", &self.seed)?;
        writer.write(file)
    }

    /// Goes on where the training was that was saved; the same steps follow as without a stop. The recipe is this trainer's.
    ///
    /// # Errors
    /// If the file cannot be read, or is of another network or seed.
    pub fn load(&mut self, file: &Path) -> Result<(), CheckpointError> {
        let saved = Checkpoint::read(file)?;
        let other = |problem| CheckpointError::OtherModel { file: file.into(), problem };
        let (config, seed): (NeuralGpuConfig, u64) = (saved.value("config")?, saved.value("seed")?);
        if config != *self.config {
            return Err(other(format!(
                "it is of {config:?}, and this training of {:?}",
                *self.config
            )));
        }
        if seed != self.seed {
            return Err(other(format!("it has seed {seed}, and this training {}", self.seed)));
        }
        let (model, best) =
            (saved.module("model", &self.model)?, saved.module("best", &self.model)?);
        let rng = saved.rng("rng")?;
        let progress: RelaxedProgress = saved.value("progress")?;
        let lengths = self.recipe.first_length..=self.recipe.full_length;
        if !lengths.contains(&progress.length) {
            let problem = format!(
                "the training's greatest length is {}, but should be from {} to {}, as in the recipe",
                progress.length,
                lengths.start(),
                lengths.end()
            );
            return Err(CheckpointError::Corrupt { file: file.into(), problem });
        }
        let best_validated = saved.value("best_validated")?;
        // The last that can fail.
        saved.load_optimizer(&mut self.optimizer)?;
        (self.model, self.best, self.best_validated) = (model, best, best_validated);
        (self.rng, self.progress) = (rng, progress);
        Ok(())
    }

    /// Writes the network that was validated best; before the first validation the mean of the copies as they are.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn save_best(&self, file: &Path) -> Result<(), CheckpointError> {
        match &self.best_validated {
            Some(_) => self.best.save(&self.config, file),
            None => self.model.averaged().save(&self.config, file),
        }
    }
}
