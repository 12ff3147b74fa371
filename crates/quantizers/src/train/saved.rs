//! A quantizer that learnt, in a file.

use std::path::Path;

use seedbed_autodiff::{Float, Rng};
use seedbed_nn::Config;
use seedbed_nn::checkpoint::{Checkpoint, CheckpointError, Writer};

use super::{AnyLearner, Learner, LearnerConfig, LfqConfig, ResidualLfqConfig, ResidualVqConfig};

/// The name of the module.
const QUANTIZER: &str = "quantizer";

impl<F: Float> AnyLearner<F> {
    /// The name of the configuration in a file: what has it was written by [`save`](Self::save).
    pub(crate) const CONFIG: &str = "quantizer-config";

    /// Its configuration; none of stages that are not alike or have maps around them, which no configuration describes.
    pub fn config(&self) -> Option<LearnerConfig> {
        Some(match self {
            Self::Vq(vq) => LearnerConfig::Vq(vq.config().clone()),
            Self::SimVq(vq) => LearnerConfig::SimVq(vq.config().clone()),
            Self::Fsq(fsq) => LearnerConfig::Fsq(fsq.config().clone()),
            Self::Lfq(lfq) => LearnerConfig::Lfq(lfq.config().clone()),
            Self::ResidualVq(residual) => {
                let stage = residual.stages[0].config();
                let is_described = residual.projection.is_none()
                    && residual.stages.iter().all(|other| other.config() == stage);
                if !is_described {
                    return None;
                }
                LearnerConfig::ResidualVq(ResidualVqConfig {
                    stages: residual.count(),
                    stage: stage.clone(),
                    shared: residual.is_shared(),
                    dropout: residual.dropout,
                })
            }
            Self::ResidualFsq(fsq) => LearnerConfig::ResidualFsq(fsq.config().clone()),
            Self::Latent(latent) => LearnerConfig::Latent(latent.config().clone()),
            Self::ResidualLfq(residual) => {
                let config = ResidualLfqConfig {
                    stages: residual.count(),
                    stage: LfqConfig { dim: None, ..residual.stages[0].config().clone() },
                    dim: Some(residual.dim()),
                    dropout: residual.dropout,
                };
                let stages = residual.stages.iter().enumerate();
                let is_described = !residual.is_shared()
                    && stages.into_iter().all(|(i, stage)| *stage.config() == config.stage(i));
                if !is_described {
                    return None;
                }
                LearnerConfig::ResidualLfq(config)
            }
        })
    }

    /// Writes the quantizer and its configuration to a safetensors file, whole or not at all.
    ///
    /// # Errors
    /// If it cannot be written, or has no [`config`](Self::config).
    ///
    /// ```
    /// use seedbed_autodiff::Rng;
    /// use seedbed_quantizers::train::{AnyLearner, FsqConfig, Learner, LearnerConfig};
    /// # let file = std::env::temp_dir().join(format!("quantizer-{}.safetensors", std::process::id()));
    /// let config = LearnerConfig::Fsq(FsqConfig { dim: Some(16), ..Default::default() });
    /// let quantizer = config.build::<f32>(&mut Rng::new(0))?;
    /// quantizer.save(&file)?;
    /// let x = [0.3; 16];
    /// assert_eq!(AnyLearner::<f32>::load(&file)?.freeze()?.encode(&x)?, quantizer.freeze()?.encode(&x)?);
    /// # std::fs::remove_file(&file)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn save(&self, file: &Path) -> Result<(), CheckpointError> {
        let Some(config) = self.config() else {
            let problem = "its stages are not alike, or have maps around them".into();
            return Err(CheckpointError::OtherModel { file: file.into(), problem });
        };
        Writer::new().module(QUANTIZER, self).value(Self::CONFIG, &config)?.write(file)
    }

    /// Reads a quantizer that [`save`](Self::save) wrote.
    ///
    /// # Errors
    /// If the file cannot be read, or does not hold what its configuration says.
    pub fn load(file: &Path) -> Result<Self, CheckpointError> {
        let checkpoint = Checkpoint::read(file)?;
        let config: LearnerConfig = checkpoint.value(Self::CONFIG)?;
        let corrupt = |problem| CheckpointError::Corrupt { file: file.into(), problem };
        config.validate().map_err(|error| corrupt(error.to_string()))?;
        // A few bytes of configuration may ask for any amount of memory; the tensors are as large as the file.
        if config.elements() > checkpoint.elements() as f64 {
            return Err(corrupt(
                "its configuration describes a larger quantizer than it holds".into(),
            ));
        }
        // The weights are replaced at once.
        let like = config.build(&mut Rng::new(0)).map_err(|error| corrupt(error.to_string()))?;
        checkpoint.module(QUANTIZER, &like)
    }
}
