//! The loop itself.

use std::path::Path;

use seedbed_autodiff::{Float, Module, Rng};

use super::bar::Bar;
use super::loss::Differentiated;
use super::metrics_file::{METRICS, MetricsFile};
use super::stop::Asked;
#[cfg(feature = "cli")]
use super::stop::catch_ctrl_c;
use super::{Batches, Best, Metrics, NonFinite, Report, Stopped, TrainError, Trainer};
use crate::checkpoint::CheckpointDir;
use crate::clip::{clip_global_norm, clip_value, global_norm};
use crate::ema::copy_buffers;
use crate::optim::Optimizer;
use crate::warn::tell;

/// Where a run is written and shown.
struct Outputs {
    /// The directory's checkpoints and metrics, if there is a directory.
    files: Option<(CheckpointDir, MetricsFile)>,
    bar: Bar,
}

impl Outputs {
    fn metrics(&mut self, step: u64, split: &str, metrics: &Metrics) -> Result<(), TrainError> {
        self.bar.set_metrics(split, metrics);
        self.files.as_mut().map_or(Ok(()), |(_, file)| file.write(step, split, metrics))
    }
}

impl<F: Float, M: Module<F>, O: Optimizer<F, M>> Trainer<F, M, O> {
    pub(super) fn run<B: Batches>(
        &mut self,
        batches: &mut B,
        differentiate: impl FnMut(&M, B::Batch, &mut Rng) -> Differentiated<F, M>,
        validate: impl FnMut(&M) -> Metrics,
    ) -> Result<Report, TrainError> {
        #[cfg(feature = "cli")]
        if self.config.catch_ctrl_c {
            catch_ctrl_c()?;
        }
        let outputs = self.open_outputs()?;
        let report = self.run_steps(outputs, batches, differentiate, validate);
        self.leave();
        report
    }

    /// The loop.
    fn run_steps<B: Batches>(
        &mut self,
        mut outputs: Outputs,
        batches: &mut B,
        mut differentiate: impl FnMut(&M, B::Batch, &mut Rng) -> Differentiated<F, M>,
        mut validate: impl FnMut(&M) -> Metrics,
    ) -> Result<Report, TrainError> {
        let due = |step: u64, every: u64| every > 0 && step.is_multiple_of(every);
        let (mut saved, mut asked) = (None, None);
        let stopped = loop {
            let step = self.progress.step;
            if self.out_of_patience() {
                break Stopped::Early;
            }
            if step >= self.config.steps {
                break Stopped::Finished;
            }
            asked = self.stop.take(self.config.catch_ctrl_c);
            if asked.is_some() {
                break Stopped::Interrupted;
            }
            let batch =
                batches.next_batch().map_err(|source| TrainError::Batches { step, source })?;
            let Some(batch) = batch else { break Stopped::OutOfBatches };
            let differentiated = differentiate(&self.model, batch, &mut self.rng.split());
            let metrics = self.update(differentiated)?;

            let step = self.progress.step;
            outputs.bar.set_position(step);
            if due(step, self.config.log_every) {
                outputs.metrics(step, "train", &metrics)?;
            }
            if due(step, self.config.validate_every) {
                self.validate(&mut validate, batches, &mut outputs)?;
            }
            if due(step, self.config.checkpoint_every) {
                saved = Some(step);
                self.save(batches, &mut outputs)?;
            }
        };
        let step = Some(self.progress.step);
        let ended = matches!(stopped, Stopped::Finished | Stopped::OutOfBatches);
        if ended && self.config.validate_every > 0 && self.is_unvalidated() {
            self.validate(&mut validate, batches, &mut outputs)?;
            saved = None;
        }
        if saved != step {
            self.save(batches, &mut outputs)?;
        }
        outputs.bar.finish();
        if asked == Some(Asked::CtrlC) {
            self.say_how_to_go_on();
        }
        Ok(Report { stopped, step: self.progress.step, best: self.progress.best.clone() })
    }

    /// What a person who pressed Ctrl-C wants to know.
    fn say_how_to_go_on(&self) {
        let step = self.progress.step;
        match &self.config.dir {
            Some(dir) => tell(format_args!(
                "stopped after step {step}; a checkpoint is saved in {}; to go on from there, start the program again \
                 (it has to call Trainer::resume before the fit)",
                dir.display()
            )),
            None => tell(format_args!(
                "stopped after step {step}; nothing is saved, because TrainConfig.dir is not set"
            )),
        }
    }

    /// One step of the optimiser, or none if the gradient is of no use.
    fn update(&mut self, d: Differentiated<F, M>) -> Result<Metrics, TrainError> {
        let Differentiated { loss, mut gradient, metrics, buffers } = d;
        let config = &self.config;
        // Clipping by value hides what is infinite, so that the norm is looked at before.
        let whole = config.clip_value.map(|limit| {
            let norm = global_norm(&gradient);
            clip_value(&mut gradient, limit);
            norm
        });
        let norm = config.clip_norm.map(|max| clip_global_norm(&mut gradient, max));
        let bad = match whole.or(norm).unwrap_or_else(|| global_norm(&gradient)) {
            _ if !loss.is_finite() => Some(("loss", loss)),
            norm if !norm.is_finite() => Some(("gradient's norm", norm)),
            _ => None,
        };
        let factor = config.schedule.factor(self.progress.step) * self.progress.plateau.factor();
        match bad {
            None => {
                self.progress.skipped = 0;
                self.optimizer.step_scaled(&mut self.model, &gradient, factor);
                if let Some(buffers) = buffers {
                    copy_buffers(&mut self.model, &buffers);
                }
                if let Some(ema) = &mut self.ema {
                    ema.update(&self.model);
                    self.progress.ema_updates = ema.updates;
                }
            }
            Some((what, value)) => {
                self.progress.skipped += 1;
                let step = self.progress.step;
                match config.non_finite {
                    NonFinite::Skip(limit) if self.progress.skipped < limit => {}
                    _ => return Err(TrainError::NonFinite { step, what, value }),
                }
            }
        }
        self.progress.step += 1;
        let mut all = Metrics::new().with("loss", loss).with("lr", self.optimizer.lr() * factor);
        if let Some(norm) = norm {
            all = all.with("grad_norm", norm);
        }
        Ok(metrics.iter().fold(all, |all, (name, x)| all.with(name, x)))
    }

    /// Asks for metrics, and follows the monitored one.
    fn validate<B: Batches>(
        &mut self,
        validate: &mut impl FnMut(&M) -> Metrics,
        batches: &B,
        outputs: &mut Outputs,
    ) -> Result<(), TrainError> {
        let step = self.progress.step;
        let metrics = validate(self.averaged());
        outputs.metrics(step, "validation", &metrics)?;
        self.progress.validated = step;
        let Some(monitor) = self.config.monitor.clone() else { return Ok(()) };
        let Some(value) = metrics.get(&monitor.metric) else {
            let present = metrics.iter().map(|(name, _)| name.to_owned()).collect();
            return Err(TrainError::NoSuchMetric { metric: monitor.metric, present });
        };
        if let Some(plateau) = &self.config.plateau {
            self.progress.plateau.observe(value, monitor.goal, plateau);
        }
        if self.progress.monitor.observe(value, monitor.goal, monitor.min_delta) {
            self.progress.best = Some(Best { step, value });
            if let Some(file) = self.best_file() {
                self.checkpoint(batches)?.write(&file)?;
            }
        }
        Ok(())
    }

    fn out_of_patience(&self) -> bool {
        let patience = self.config.monitor.as_ref().and_then(|m| m.patience);
        patience.is_some_and(|p| self.progress.monitor.since_best() >= p)
    }

    /// Whether the last step was not validated, in this process or a former one.
    fn is_unvalidated(&self) -> bool {
        self.progress.validated != self.progress.step
    }

    /// The metrics go first: a checkpoint never knows of a step that they do not.
    fn save<B: Batches>(&self, batches: &B, outputs: &mut Outputs) -> Result<(), TrainError> {
        if let Some((dir, metrics)) = &mut outputs.files {
            metrics.sync()?;
            dir.save(self.progress.step, &self.checkpoint(batches)?)?;
        }
        Ok(())
    }

    fn open_outputs(&mut self) -> Result<Outputs, TrainError> {
        let dir = self.config.dir.clone();
        let files = dir.map(|dir| self.open_files(&dir)).transpose()?;
        let bar = Bar::new(self.config.steps, self.config.progress);
        bar.set_position(self.progress.step);
        Ok(Outputs { files, bar })
    }

    /// The directory's files, locked; another run's are not written over.
    fn open_files(&mut self, dir: &Path) -> Result<(CheckpointDir, MetricsFile), TrainError> {
        let checkpoints = CheckpointDir::open(dir, self.config.keep)?;
        let step = self.progress.step;
        let lock = match self.place.lock.take() {
            Some(lock) => lock,
            None => {
                let lock = checkpoints.lock()?;
                let newest = checkpoints.files()?.last().map(|(step, _)| *step);
                let fresh = step == 0 && !self.place.resumed;
                if fresh && (dir.join(METRICS).exists() || newest.is_some()) {
                    return Err(TrainError::DirInUse { dir: dir.into() });
                }
                // A run that was left was free for others to go on with.
                if let Some(found) =
                    newest.filter(|&n| !fresh && n > self.place.left_at.unwrap_or(step))
                {
                    return Err(TrainError::Overtaken { dir: dir.into(), found, step });
                }
                lock
            }
        };
        let metrics = MetricsFile::open(dir, step)?;
        (self.place.lock, self.place.resumed) = (Some(lock), true);
        Ok((checkpoints, metrics))
    }

    /// Gives the directory's lock back.
    fn leave(&mut self) {
        let newest =
            |dir: &Path| CheckpointDir::open(dir, self.config.keep).and_then(|d| d.files());
        if let (Some(lock), Some(dir)) = (self.place.lock.take(), self.config.dir.as_deref()) {
            self.place.left_at = newest(dir).ok().and_then(|files| files.last().map(|(s, _)| *s));
            drop(lock);
        }
    }
}
