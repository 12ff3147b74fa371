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

/// The most halvings: none leaves more of a picture of 2³¹ pixels a side.
const MOST_HALVINGS: usize = 31;
/// The most hidden layers.
const MOST_LAYERS: usize = 1 << 10;

impl TokenizerConfig {
    /// The least number of elements that all tensors of such a tokenizer have together.
    pub(super) fn elements(&self) -> f64 {
        let networks = match &self.architecture {
            Architecture::PatchMlp { patch, hidden, layers } => {
                let pixels = (*patch as f64).powi(2) * self.channels as f64;
                let (hidden, latent) = (*hidden as f64, self.latent as f64);
                match *layers {
                    0 => 2.0 * pixels * latent,
                    n => 2.0 * hidden * (pixels + latent + (n as f64 - 1.0) * hidden),
                }
            }
            Architecture::Conv { channels } => {
                let all: Vec<f64> =
                    [self.channels].iter().chain(channels).map(|&n| n as f64).collect();
                let windows: f64 = all.windows(2).map(|pair| 16.0 * pair[0] * pair[1]).sum();
                2.0 * (windows + all[all.len() - 1] * self.latent as f64)
            }
        };
        networks + self.quantizer.clone().for_vectors_of(self.latent).elements()
    }
}

impl Config for TokenizerConfig {
    fn validate(&self) -> Result<(), ConfigError> {
        let check = Check::of("TokenizerConfig");
        check.size("channels", self.channels)?;
        check.size("latent", self.latent)?;
        match &self.architecture {
            &Architecture::PatchMlp { patch, hidden, layers } => {
                check.size("architecture.patch", patch)?;
                check.size("architecture.hidden", hidden)?;
                let expected = format!("at most {MOST_LAYERS}");
                check.that(layers <= MOST_LAYERS, "architecture.layers", layers, expected)?;
            }
            Architecture::Conv { channels } => {
                let (field, n) = ("architecture.channels (length)", channels.len());
                check.at_least_one(field, n as u64)?;
                check.that(n <= MOST_HALVINGS, field, n, format!("at most {MOST_HALVINGS}"))?;
                for &n in channels {
                    check.size("architecture.channels", n)?;
                }
            }
        }
        check.elements("architecture", self.elements())?;
        self.quantizer.clone().for_vectors_of(self.latent).validate()
    }
}
