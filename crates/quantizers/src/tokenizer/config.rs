use seedbed_nn::{Check, Config, ConfigError};
use serde::{Deserialize, Serialize};

use crate::train::{FsqConfig, LearnerConfig};

/// What encoder and decoder are made of.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Architecture {
    /// Pictures are cut into square patches, each of which goes through an MLP by itself.
    PatchMlp {
        /// The side of a patch.
        patch: usize,
        /// Units of the hidden layers.
        hidden: usize,
        /// How many hidden layers.
        layers: usize,
    },
    /// Convolutions, each of which halves the picture, mirrored by ones that double it.
    Conv {
        /// The channels after each halving.
        channels: Vec<usize>,
    },
}

/// An autoencoder with a quantizer in the middle.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TokenizerConfig {
    /// Channels of a pixel.
    pub channels: usize,
    /// What encoder and decoder are made of.
    pub architecture: Architecture,
    /// Numbers in a vector between encoder and quantizer.
    pub latent: usize,
    /// Whether these vectors are brought to mean 0 and variance 1: quantizers by sign need it.
    pub normalize: bool,
    /// The quantizer. Its own `dim` is set to `latent`.
    pub quantizer: LearnerConfig,
}

impl Default for TokenizerConfig {
    /// Patches of 4×4 grey pixels, FSQ of 1000 codes.
    fn default() -> Self {
        Self {
            channels: 1,
            architecture: Architecture::PatchMlp { patch: 4, hidden: 128, layers: 1 },
            latent: 8,
            normalize: false,
            quantizer: LearnerConfig::Fsq(FsqConfig::default()),
        }
    }
}

impl TokenizerConfig {
    /// Pixels from one vector to the next.
    pub fn stride(&self) -> usize {
        match &self.architecture {
            Architecture::PatchMlp { patch, .. } => *patch,
            Architecture::Conv { channels } => 1 << channels.len(),
        }
    }
}

impl Config for TokenizerConfig {
    fn validate(&self) -> Result<(), ConfigError> {
        let check = Check::of("TokenizerConfig");
        let at_least_one = |field, n: usize| check.at_least_one(field, n as u64);
        at_least_one("channels", self.channels)?;
        at_least_one("latent", self.latent)?;
        match &self.architecture {
            Architecture::PatchMlp { patch, hidden, .. } => {
                at_least_one("architecture.patch", *patch)?;
                at_least_one("architecture.hidden", *hidden)?;
            }
            Architecture::Conv { channels } => {
                at_least_one("architecture.channels (length)", channels.len())?;
                for &n in channels {
                    at_least_one("architecture.channels", n)?;
                }
            }
        }
        self.quantizer.clone().for_vectors_of(self.latent).validate()
    }
}
