//! A training in a file, to go on from with the same bits.

use std::path::Path;

use seedbed_autodiff::Float;
use seedbed_nn::checkpoint::{Checkpoint, CheckpointError, Writer};

use super::{TrainConfig, Trainer};

impl<F: Float> Trainer<F> {
    /// Writes everything that the training is, whole or not at all.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn save(&self, file: &Path) -> Result<(), CheckpointError> {
        let mut writer = Writer::new();
        writer.module("model", &self.model).rng("rng", &self.rng);
        for (j, adam) in self.expert_adams.iter().enumerate() {
            writer.named_optimizer(&format!("adam{j}"), adam);
        }
        writer
            .named_optimizer("adam_discriminator", &self.discriminator_adam)
            .value("config", &*self.config)?
            .value("competition", &self.competition)?
            .value("best_shares", &self.best_shares)?
            .value("canonical", &self.canonical.state())?
            .value("transformed", &self.transformed.state())?
            .value("steps", &self.steps)?;
        if let Some(judge) = &self.judge {
            writer.module("judge", &judge.average).value("judge_updates", &judge.updates)?;
        }
        writer.write(file)
    }

    /// Goes on where the training was that was saved: the same steps follow as without a stop.
    ///
    /// # Errors
    /// If the file cannot be read, or is of a training with another configuration; then nothing changes.
    pub fn load(&mut self, file: &Path) -> Result<(), CheckpointError> {
        let saved = Checkpoint::read(file)?;
        let config: TrainConfig = saved.value("config")?;
        if config != *self.config {
            let problem = format!("it is of {config:?}, and this training of {:?}", *self.config);
            return Err(CheckpointError::OtherModel { file: file.into(), problem });
        }
        let corrupt = |error: seedbed_data::DataError| {
            let problem = error.to_string();
            CheckpointError::Corrupt { file: file.into(), problem }
        };
        let mut next = self.clone();
        next.model = saved.module("model", &self.model)?;
        next.rng = saved.rng("rng")?;
        next.competition = saved.value("competition")?;
        next.best_shares = saved.value("best_shares")?;
        next.canonical.restore(&saved.value("canonical")?).map_err(corrupt)?;
        next.transformed.restore(&saved.value("transformed")?).map_err(corrupt)?;
        next.steps = saved.value("steps")?;
        for (j, adam) in next.expert_adams.iter_mut().enumerate() {
            saved.load_named_optimizer(&format!("adam{j}"), adam)?;
        }
        saved.load_named_optimizer("adam_discriminator", &mut next.discriminator_adam)?;
        if let Some(judge) = &mut next.judge {
            judge.average = saved.module("judge", &judge.average)?;
            judge.updates = saved.value("judge_updates")?;
        }
        *self = next;
        Ok(())
    }
}
