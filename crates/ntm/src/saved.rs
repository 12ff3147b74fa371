//! A trained machine in a file.

use std::path::Path;

use seedbed_autodiff::{Float, Rng};
use seedbed_nn::checkpoint::{Checkpoint, CheckpointError, Writer};
use seedbed_nn::{Checked, Config};

use crate::{Ntm, NtmConfig};

impl<F: Float> Ntm<F> {
    /// Writes the machine and its configuration to a safetensors file, whole or not at all.
    ///
    /// # Errors
    /// If it cannot be written.
    ///
    /// ```
    /// use seedbed_autodiff::Rng;
    /// use seedbed_nn::Config;
    /// use seedbed_ntm::{Ntm, NtmConfig};
    /// # let file = std::env::temp_dir().join(format!("ntm-save-{}.safetensors", std::process::id()));
    /// let config = NtmConfig { slots: 8, ..Default::default() }.check()?;
    /// let ntm = Ntm::<f32>::new(&config, &mut Rng::new(0));
    /// ntm.save(&config, &file)?;
    /// let loaded = Ntm::<f32>::load(&file)?;
    /// assert_eq!(loaded.output.weight, ntm.output.weight);
    /// # std::fs::remove_file(&file)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn save(&self, config: &Checked<NtmConfig>, file: &Path) -> Result<(), CheckpointError> {
        Writer::new().module("model", self).value("config", &**config)?.write(file)
    }

    /// Reads a machine that [`save`](Self::save) wrote.
    ///
    /// # Errors
    /// If the file cannot be read, or does not hold what its configuration says.
    pub fn load(file: &Path) -> Result<Self, CheckpointError> {
        let checkpoint = Checkpoint::read(file)?;
        let config: NtmConfig = checkpoint.value("config")?;
        let config = config.check().map_err(|error| CheckpointError::Corrupt {
            file: file.into(),
            problem: error.to_string(),
        })?;
        // The weights are replaced at once.
        checkpoint.module("model", &Self::new(&config, &mut Rng::new(0)))
    }
}
