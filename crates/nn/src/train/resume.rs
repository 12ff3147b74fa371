//! A trainer to and from a checkpoint.

use std::path::PathBuf;

use seedbed_autodiff::{Float, Module};

use super::{Batches, Place, Progress, TrainError, Trainer};
use crate::checkpoint::{Checkpoint, CheckpointDir, CheckpointError, Writer};
use crate::optim::Optimizer;
use crate::warn::warn;

impl<F: Float, M: Module<F>, O: Optimizer<F, M>> Trainer<F, M, O> {
    /// Goes to the latest good checkpoint in the configured directory, and returns its step; `None` if there
    /// is no checkpoint yet, so that a program can always call this before it trains.
    ///
    /// Where a newer checkpoint is damaged, this says so on the standard error, and [`skipped`](Self::skipped) has why. The directory
    /// is locked from here on, until the fit ends or the trainer is dropped.
    ///
    /// # Errors
    /// If no checkpoint can be read, it is of another model, optimiser or stream, or another training runs in the directory.
    /// Nothing is half-loaded then.
    pub fn resume<B: Batches>(&mut self, batches: &mut B) -> Result<Option<u64>, TrainError> {
        let dir = self.config.dir.as_ref().ok_or(TrainError::NoDir)?;
        let dir = CheckpointDir::open(dir, self.config.keep)?;
        let lock = match self.place.lock.take() {
            Some(lock) => lock,
            None => dir.lock()?,
        };
        let (mut step, mut skipped) = (None, Vec::new());
        if let Some(latest) = dir.latest()? {
            self.restore(&latest.checkpoint, batches)?;
            (step, skipped) = (Some(self.progress.step), latest.skipped);
            for error in &skipped {
                warn(format_args!("{error}; going on from step {}", self.progress.step));
            }
        }
        self.place = Place { lock: Some(lock), resumed: true, left_at: None, skipped };
        Ok(step)
    }

    /// Why the last [`resume`](Self::resume) passed over checkpoints that are newer than the one that it went to; each was told on
    /// the standard error, too.
    pub fn skipped(&self) -> &[CheckpointError] {
        &self.place.skipped
    }

    fn restore<B: Batches>(
        &mut self,
        checkpoint: &Checkpoint,
        batches: &mut B,
    ) -> Result<(), TrainError> {
        let model = checkpoint.module("model", &self.model)?;
        let mut ema = self.ema.clone();
        if let Some(ema) = &mut ema {
            checkpoint.load_ema("ema", ema)?;
        }
        let rng = checkpoint.rng("rng")?;
        let progress: Progress = checkpoint.value("progress")?;
        let state = checkpoint.value("batches")?;
        let error = |source| TrainError::Batches { step: progress.step, source };
        let before = batches.state().map_err(error)?;
        batches.restore(&state).map_err(error)?;
        if let Err(e) = checkpoint.load_optimizer(&mut self.optimizer) {
            batches.restore(&before).map_err(error)?;
            return Err(e.into());
        }
        if let Some(ema) = &mut ema {
            ema.updates = progress.ema_updates;
        }
        self.ema = ema;
        (self.model, self.rng, self.progress) = (model, rng, progress);
        Ok(())
    }

    /// The model of the best validation, from `best.safetensors`: the average where there is one.
    ///
    /// # Errors
    /// If there is no directory, or the file cannot be read.
    pub fn best_model(&self) -> Result<M, TrainError> {
        let checkpoint = Checkpoint::read(&self.best_file().ok_or(TrainError::NoDir)?)?;
        let name = if self.ema.is_some() { "ema" } else { "model" };
        Ok(checkpoint.module(name, &self.model)?)
    }

    pub(super) fn best_file(&self) -> Option<PathBuf> {
        self.config.dir.as_ref().map(|dir| dir.join("best.safetensors"))
    }

    /// Everything as a checkpoint.
    pub(super) fn checkpoint<B: Batches>(&self, batches: &B) -> Result<Writer, TrainError> {
        let step = self.progress.step;
        let state = batches.state().map_err(|source| TrainError::Batches { step, source })?;
        let mut writer = Writer::new();
        writer.module("model", &self.model).optimizer(&self.optimizer).rng("rng", &self.rng);
        if let Some(ema) = &self.ema {
            writer.ema("ema", ema);
        }
        let mut values = || -> Result<(), CheckpointError> {
            writer.value("progress", &self.progress)?;
            writer.value("batches", &state)?;
            writer.value("config", &*self.config)?;
            writer.value("step", &step)?;
            Ok(())
        };
        values()?;
        Ok(writer)
    }
}
