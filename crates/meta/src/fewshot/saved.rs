//! A training of a few-shot learner in a file, to go on from with the same bits.

use std::path::Path;

use seedbed_nn::checkpoint::{Checkpoint, CheckpointError, Writer};

use super::trainer::{FewShotConfig, FewShotTrainer, Outer};

impl FewShotTrainer {
    /// Writes everything that the training is to a file, whole or not at all.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn save(&self, file: impl AsRef<Path>) -> Result<(), CheckpointError> {
        let mut writer = Writer::new();
        writer
            .module("upper", &self.upper)
            .rng("rng", &self.rng)
            .value("steps", &self.steps)?
            .value("side", &self.side)?
            .value("config", &*self.config)?;
        match &self.outer {
            Outer::Adam(adam) => writer.optimizer(adam),
            Outer::Sgd(sgd) => writer.optimizer(sgd),
        };
        writer.write(file.as_ref())
    }

    /// Goes on where the training was that was saved; the same steps follow as without a stop. If that fails, nothing has changed.
    ///
    /// # Errors
    /// If the file cannot be read, or is of a training with other settings or images.
    pub fn load(&mut self, file: impl AsRef<Path>) -> Result<(), CheckpointError> {
        let file = file.as_ref();
        let saved = Checkpoint::read(file)?;
        let other = |problem| CheckpointError::OtherModel { file: file.into(), problem };
        let (config, side): (FewShotConfig, usize) = (saved.value("config")?, saved.value("side")?);
        if config != *self.config {
            return Err(other(format!("it is of {config:?}, this training of {:?}", *self.config)));
        }
        if side != self.side {
            let own = self.side;
            return Err(other(format!(
                "it is for images of {side} pixels, this training of {own}"
            )));
        }
        let upper = saved.module("upper", &self.upper)?;
        let (rng, steps) = (saved.rng("rng")?, saved.value("steps")?);
        // The last that can fail.
        match &mut self.outer {
            Outer::Adam(adam) => saved.load_optimizer(adam)?,
            Outer::Sgd(sgd) => saved.load_optimizer(sgd)?,
        }
        (self.upper, self.rng, self.steps) = (upper, rng, steps);
        Ok(())
    }
}
