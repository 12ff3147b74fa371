//! A trained tokenizer in a file.

use std::path::Path;

use seedbed_autodiff::{Float, Rng};
use seedbed_nn::Config;
use seedbed_nn::checkpoint::{Checkpoint, CheckpointError, Writer};

use super::{Tokenizer, TokenizerConfig};

impl<F: Float> Tokenizer<F> {
    /// Writes the tokenizer and its configuration to a safetensors file, whole or not at all.
    ///
    /// # Errors
    /// If it cannot be written.
    ///
    /// ```
    /// use seedbed_autodiff::Rng;
    /// use seedbed_nn::Config;
    /// use seedbed_quantizers::tokenizer::{Tokenizer, TokenizerConfig};
    /// # let file = std::env::temp_dir().join(format!("tokenizer-{}.safetensors", std::process::id()));
    /// let config = TokenizerConfig::default().check()?;
    /// let tokenizer = Tokenizer::<f32>::new(&config, &mut Rng::new(0));
    /// tokenizer.save(&file)?;
    /// assert_eq!(Tokenizer::<f32>::load(&file)?.config(), &*config);
    /// # std::fs::remove_file(&file)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn save(&self, file: &Path) -> Result<(), CheckpointError> {
        Writer::new().module("tokenizer", self).value("config", &self.config)?.write(file)
    }

    /// Reads a tokenizer that [`save`](Self::save) wrote.
    ///
    /// # Errors
    /// If the file cannot be read, or does not hold what its configuration says.
    pub fn load(file: &Path) -> Result<Self, CheckpointError> {
        let checkpoint = Checkpoint::read(file)?;
        let config: TokenizerConfig = checkpoint.value("config")?;
        let corrupt = |problem| CheckpointError::Corrupt { file: file.into(), problem };
        let config = config.check().map_err(|error| corrupt(error.to_string()))?;
        // A few bytes of configuration may ask for any amount of memory; the tensors are as large as the file.
        if config.elements() > checkpoint.elements() as f64 {
            return Err(corrupt(
                "its configuration describes a larger tokenizer than it holds".into(),
            ));
        }
        // The weights are replaced at once.
        checkpoint.module("tokenizer", &Self::new(&config, &mut Rng::new(0)))
    }
}
