//! A training in a file, to go on from with the same bits.

use std::path::Path;

use seedbed_data::strings::StringTask;
use seedbed_nn::Config as _;
use seedbed_nn::checkpoint::{Checkpoint, CheckpointError, Writer};
use seedbed_nn::ema::{Ema, EmaConfig};

use super::{ClippedAdaMaxConfig, Progress, Recipe, Trainer};
use crate::DiagonalConfig;

impl<T: StringTask> Trainer<T> {
    /// Writes everything that the training is to a file, whole or not at all.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn save(&self, file: &Path) -> Result<(), CheckpointError> {
        let mut writer = Writer::new();
        writer
            .module("model", &self.model)
            .optimizer(&self.optimizer)
            .ema("average", &self.average)
            .module("snapshot", &self.snapshot)
            .module("best", &self.best)
            .rng("rng", &self.rng)
            .value("average_updates", &self.average.updates)?
            .value("best_validated", &self.best_validated)?
            .value("progress", &self.progress)?
            .value("sums", &self.sums)?
            .value("config", &self.config)?
            .value("recipe", &self.recipe)?
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
        let (config, seed): (DiagonalConfig, u64) = (saved.value("config")?, saved.value("seed")?);
        if config != *self.config {
            return Err(other(format!(
                "it is of {config:?}, and this training of {:?}",
                *self.config
            )));
        }
        if seed != self.seed {
            return Err(other(format!("it has seed {seed}, and this training {}", self.seed)));
        }
        let model = saved.module("model", &self.model)?;
        let mut average = Ema::new(&self.model, self.checked_average());
        saved.load_ema("average", &mut average)?;
        let (snapshot, best) =
            (saved.module("snapshot", &self.model)?, saved.module("best", &self.model)?);
        let rng = saved.rng("rng")?;
        average.updates = saved.value("average_updates")?;
        let best_validated = saved.value("best_validated")?;
        let (progress, sums): (Progress, _) = (saved.value("progress")?, saved.value("sums")?);
        if let Err(problem) = progress.check(&self.recipe) {
            return Err(CheckpointError::Corrupt { file: file.into(), problem });
        }
        // The last that can fail.
        saved.load_optimizer(&mut self.optimizer)?;
        (self.model, self.snapshot, self.best) = (model, snapshot, best);
        self.average = average;
        (self.rng, self.best_validated) = (rng, best_validated);
        (self.progress, self.sums) = (progress, sums);
        Ok(())
    }

    /// Writes the network that was validated best, as [`DiagonalGpu::save`](crate::DiagonalGpu::save) does; before the first validation the last weights.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn save_best(&self, file: &Path) -> Result<(), CheckpointError> {
        let best = if self.best_validated.is_some() { &self.best } else { &self.model };
        best.save(&self.config, file)
    }

    pub(super) fn checked_optimizer(&self) -> seedbed_nn::Checked<ClippedAdaMaxConfig> {
        let Recipe { rate, decay, .. } = *self.recipe;
        ClippedAdaMaxConfig { lr: rate, weight_decay: decay }
            .check()
            .expect("as when the training was made")
    }

    pub(super) fn checked_average(&self) -> seedbed_nn::Checked<EmaConfig> {
        let Recipe { average, .. } = *self.recipe;
        EmaConfig { decay: average, warm_up: true }.check().expect("as when the training was made")
    }
}
