//! A trained machine in a file.

use std::path::Path;

use seedbed_autodiff::{Float, Rng};
use seedbed_nn::Config as _;
use seedbed_nn::checkpoint::{Checkpoint, CheckpointError, Writer};

use crate::{StripConfig, StripMachine};

impl<F: Float> StripMachine<F> {
    /// Writes the machine and its configuration to a safetensors file, whole or not at all.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn save(&self, file: &Path) -> Result<(), CheckpointError> {
        Writer::new().module("model", self).value("config", &self.config)?.write(file)
    }

    /// Reads a machine that [`save`](Self::save) wrote.
    ///
    /// # Errors
    /// If the file cannot be read, or does not hold what its configuration says.
    pub fn load(file: &Path) -> Result<Self, CheckpointError> {
        let checkpoint = Checkpoint::read(file)?;
        let config: StripConfig = checkpoint.value("config")?;
        let corrupt = |problem| CheckpointError::Corrupt { file: file.into(), problem };
        let config = config.check().map_err(|error| corrupt(error.to_string()))?;
        // A few bytes of configuration may ask for any amount of memory; the tensors are as large as the file.
        if config.elements() > checkpoint.elements() as f64 {
            return Err(corrupt(
                "its configuration describes a larger machine than it holds".into(),
            ));
        }
        checkpoint.module("model", &Self::new(&config, &mut Rng::new(0)))
    }
}
