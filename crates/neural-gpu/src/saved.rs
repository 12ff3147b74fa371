//! A trained network in a file.

use std::path::Path;

use seedbed_autodiff::{Float, Rng};
use seedbed_nn::checkpoint::{Checkpoint, CheckpointError, Writer};
use seedbed_nn::{Checked, Config as _};

use crate::{DiagonalConfig, DiagonalGpu, Machine, NeuralGpu, NeuralGpuConfig};

impl<F: Float> DiagonalGpu<F> {
    /// Writes the network and its configuration to a safetensors file, whole or not at all.
    ///
    /// # Errors
    /// If it cannot be written.
    ///
    /// ```
    /// use seedbed_autodiff::Rng;
    /// use seedbed_neural_gpu::{DiagonalConfig, DiagonalGpu};
    /// use seedbed_nn::Config;
    /// # let file = std::env::temp_dir().join(format!("ngpu-save-{}.safetensors", std::process::id()));
    /// let config = DiagonalConfig::default().check()?;
    /// let gpu = DiagonalGpu::<f32>::new(&config, &mut Rng::new(0));
    /// gpu.save(&config, &file)?;
    /// let (loaded, of) = DiagonalGpu::<f32>::load(&file)?;
    /// assert_eq!((loaded.embedding, of), (gpu.embedding, config));
    /// # std::fs::remove_file(&file)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn save(
        &self,
        config: &Checked<DiagonalConfig>,
        file: &Path,
    ) -> Result<(), CheckpointError> {
        write(self, config, file)
    }

    /// Reads a network that [`save`](Self::save) wrote, and its configuration.
    ///
    /// # Errors
    /// If the file cannot be read, or does not hold what its configuration says.
    pub fn load(file: &Path) -> Result<(Self, Checked<DiagonalConfig>), CheckpointError> {
        read(file)
    }
}

impl<F: Float> NeuralGpu<F> {
    /// Writes the network and its configuration to a safetensors file, whole or not at all.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn save(
        &self,
        config: &Checked<NeuralGpuConfig>,
        file: &Path,
    ) -> Result<(), CheckpointError> {
        write(self, config, file)
    }

    /// Reads a network that [`save`](Self::save) wrote, and its configuration.
    ///
    /// # Errors
    /// If the file cannot be read, or does not hold what its configuration says.
    pub fn load(file: &Path) -> Result<(Self, Checked<NeuralGpuConfig>), CheckpointError> {
        read(file)
    }
}

fn write<F: Float, M: Machine<F>>(
    machine: &M,
    config: &Checked<M::Config>,
    file: &Path,
) -> Result<(), CheckpointError> {
    Writer::new().module("model", machine).value("config", &**config)?.write(file)
}

fn read<F: Float, M: Machine<F>>(file: &Path) -> Result<(M, Checked<M::Config>), CheckpointError> {
    let checkpoint = Checkpoint::read(file)?;
    let config: M::Config = checkpoint.value("config")?;
    let corrupt = |problem| CheckpointError::Corrupt { file: file.into(), problem };
    let config = config.check().map_err(|error| corrupt(error.to_string()))?;
    // A few bytes of configuration may ask for any amount of memory; the tensors are as large as the file.
    if M::elements(&config) > checkpoint.elements() as f64 {
        return Err(corrupt("its configuration describes a larger network than it holds".into()));
    }
    // The weights are replaced at once.
    let machine = checkpoint.module("model", &M::random(&config, &mut Rng::new(0)))?;
    Ok((machine, config))
}
