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
            writer.ema("judge", judge).value("judge_updates", &judge.updates)?;
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
        let experts = self.config.experts;
        if [next.competition.experts(), next.best_shares.len()] != [experts; 2] {
            let problem = format!("it holds the shares of other than {experts} experts");
            return Err(CheckpointError::Corrupt { file: file.into(), problem });
        }
        next.canonical.restore(&saved.value("canonical")?).map_err(corrupt)?;
        next.transformed.restore(&saved.value("transformed")?).map_err(corrupt)?;
        next.steps = saved.value("steps")?;
        for (j, adam) in next.expert_adams.iter_mut().enumerate() {
            saved.load_named_optimizer(&format!("adam{j}"), adam)?;
        }
        saved.load_named_optimizer("adam_discriminator", &mut next.discriminator_adam)?;
        if let Some(judge) = &mut next.judge {
            saved.load_ema("judge", judge)?;
            judge.updates = saved.value("judge_updates")?;
        }
        *self = next;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use seedbed_autodiff::{Rng, Tensor};
    use seedbed_nn::Config as _;

    use super::*;
    use crate::samples::Unpaired;

    #[test]
    fn shares_of_other_experts_are_refused() {
        let images = |seed| Tensor::<f32>::uniform(&[8, 8, 8, 1], 0.0, 1.0, &mut Rng::new(seed));
        let data = Unpaired::new(images(0), images(1)).unwrap();
        let config = TrainConfig { experts: 2, batch: 4, ..TrainConfig::default() };
        let config = config.half().half().for_images([8, 8, 1]).check().unwrap();
        let mut trainer = Trainer::<f32>::new(&config, &data, 0).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("t.safetensors");
        let mut broken = trainer.clone();
        broken.best_shares.pop();
        broken.save(&file).unwrap();
        let error = trainer.load(&file).unwrap_err().to_string();
        assert!(error.contains("shares of other than 2 experts"), "{error}");
        trainer.step(&data).unwrap();
    }
}
