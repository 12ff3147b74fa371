//! A training in a file, to go on from with the same bits.

use std::path::Path;

use seedbed_data::programs::ProgramTask;
use seedbed_nn::checkpoint::{Checkpoint, CheckpointError, Writer};

use super::{Recipe, TrainProgress, Trainer};
use crate::StripConfig;

impl Trainer {
    /// Writes everything that the training is to a file, whole or not at all.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn save(&self, file: &Path) -> Result<(), CheckpointError> {
        let mut writer = Writer::new();
        writer
            .module("machine", &self.machine)
            .optimizer(&self.optimizer)
            .ema("average", &self.average)
            .module("best", &self.best)
            .rng("rng", &self.rng)
            .value("average_updates", &self.average.updates)?
            .value("progress", &self.progress)?
            .value("config", &*self.config)?
            .value("recipe", &*self.recipe)?
            .value("task", &self.task)?
            .value("seed", &self.seed)?;
        writer.write(file)
    }

    /// Goes on where the training was that was saved; the same steps follow as without a stop.
    ///
    /// # Errors
    /// If the file cannot be read, or is of another machine, recipe, task or seed.
    pub fn load(&mut self, file: &Path) -> Result<(), CheckpointError> {
        let saved = Checkpoint::read(file)?;
        let other = |problem| CheckpointError::OtherModel { file: file.into(), problem };
        let config: StripConfig = saved.value("config")?;
        if config != *self.config {
            return Err(other(format!("it is of {config:?}, this training of {:?}", *self.config)));
        }
        let recipe: Recipe = saved.value("recipe")?;
        if recipe != *self.recipe {
            return Err(other(format!("it has {recipe:?}, this training {:?}", *self.recipe)));
        }
        let (task, seed): (ProgramTask, u64) = (saved.value("task")?, saved.value("seed")?);
        if (task, seed) != (self.task, self.seed) {
            let (of, with) = (task.name(), self.task.name());
            let problem =
                format!("it is of {of} and seed {seed}, this training of {with} and {}", self.seed);
            return Err(other(problem));
        }
        let machine = saved.module("machine", &self.machine)?;
        let mut average = self.average.clone();
        saved.load_ema("average", &mut average)?;
        let best = saved.module("best", &self.machine)?;
        average.updates = saved.value("average_updates")?;
        let rng = saved.rng("rng")?;
        let progress: TrainProgress = saved.value("progress")?;
        if let Err(problem) = progress.check(&self.recipe) {
            return Err(CheckpointError::Corrupt { file: file.into(), problem });
        }
        // The last that can fail.
        saved.load_optimizer(&mut self.optimizer)?;
        self.average = average;
        (self.machine, self.best, self.rng, self.progress) = (machine, best, rng, progress);
        Ok(())
    }
}
