//! SimVQ: a frozen codebook behind a map that learns.

use seedbed_autodiff::{Float, Rng, Tensor, module};
use seedbed_nn::{Check, Checked, Config, ConfigError, Init, Linear};
use serde::{Deserialize, Serialize};

use super::convert::to_f32;
use super::estimator::{rotation, straight_through};
use super::projection::check_weight;
use super::vq::codebook_of;
use super::{Batch, Estimator, Learner, Losses, Pass, Quantized, Seen};
use crate::{Quantizer, QuantizerError, Vq};

/// SimVQ (Zhu et al. 2024).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SimVqConfig {
    /// Numbers in a vector.
    pub dim: usize,
    /// How many codes.
    pub codebook_size: usize,
    /// Numbers in a frozen code; by default as many as in a vector.
    pub frozen_dim: Option<usize>,
    /// Straight through, or rotation.
    pub estimator: Estimator,
    /// The weight of both losses.
    pub weight: f64,
    /// The weight of moving vectors to codes beside moving codes to vectors.
    pub commitment: f64,
}

impl Default for SimVqConfig {
    fn default() -> Self {
        Self {
            dim: 64,
            codebook_size: 1024,
            frozen_dim: None,
            estimator: Estimator::default(),
            weight: 1.0,
            commitment: 0.25,
        }
    }
}

impl SimVqConfig {
    /// The elements of all tensors.
    pub(crate) fn elements(&self) -> f64 {
        let width = self.frozen_dim.unwrap_or(self.dim) as f64;
        width * (self.codebook_size as f64 + self.dim as f64)
    }
}

impl Config for SimVqConfig {
    fn validate(&self) -> Result<(), ConfigError> {
        const CHECK: Check = Check::of("SimVqConfig");
        CHECK.size("dim", self.dim)?;
        CHECK.size("codebook_size", self.codebook_size)?;
        CHECK.size("frozen_dim", self.frozen_dim.unwrap_or(1))?;
        CHECK.elements("codebook_size", self.elements())?;
        let by_distance =
            matches!(self.estimator, Estimator::Diveq { .. } | Estimator::SpaceFilling { .. });
        let found = format!("{:?}", self.estimator);
        CHECK.that(!by_distance, "estimator", found, "straight-through or rotation")?;
        check_weight(CHECK, "weight", self.weight)?;
        check_weight(CHECK, "commitment", self.commitment)
    }
}

/// A codebook that is a frozen random one times a matrix that learns: every code moves with every step, so that none dies.
///
/// Losses: `codebook`, `‖sg x − q‖²`, and `commitment`, `‖x − sg q‖²`, both as means over numbers.
#[derive(Clone, Debug)]
pub struct SimVq<F: Float = f32> {
    /// The map from frozen codes to codes.
    pub transform: Linear<F>,
    /// The frozen codes, `codes × frozen dimension`.
    pub frozen: Tensor<F>,
    config: SimVqConfig,
}
module!(SimVq<F> { transform } buffers { frozen } config { config });

impl<F: Float> SimVq<F> {
    /// Frozen codes from a normal distribution of variance `1/dim`, and a map by PyTorch's rule.
    pub fn new(config: &Checked<SimVqConfig>, rng: &mut Rng) -> Self {
        let config = SimVqConfig::clone(config);
        let width = config.frozen_dim.unwrap_or(config.dim);
        let std = (width as f64).sqrt().recip();
        let frozen = Tensor::normal(&[config.codebook_size, width], 0.0, std, rng);
        let transform =
            Linear::with_init(width, config.dim, Init::TorchUniform, rng).without_bias();
        Self { transform, frozen, config }
    }

    /// Its configuration.
    pub fn config(&self) -> &SimVqConfig {
        &self.config
    }

    /// The codes as they stand.
    pub fn codes(&self) -> Tensor<F> {
        self.transform.forward(&self.frozen)
    }
}

impl<F: Float> Learner<F> for SimVq<F> {
    fn dim(&self) -> usize {
        self.config.dim
    }

    fn codebooks(&self) -> usize {
        1
    }

    fn train_rows(&self, x: &Tensor<F>, _: &mut Pass<'_>) -> Quantized<F> {
        let codes = self.codes();
        let codebook = codebook_of(&codes.stop_gradient());
        let mut indices = vec![0_u32; x.shape()[0]];
        crate::vq::assign(&codebook, crate::Metric::Euclidean, to_f32(x).data(), &mut indices)
            .unwrap_or_else(|error| panic!("SimVq: {error}"));
        let at: Vec<usize> = indices.iter().map(|&k| k as usize).collect();
        let q = codes.index_select(0, &at);
        let mut losses = Losses::default();
        let SimVqConfig { weight, commitment, estimator, .. } = self.config;
        if !x.is_empty() {
            losses.add("codebook", (x.stop_gradient() - &q).square().mean(..), weight);
        }
        if !x.is_empty() && commitment > 0.0 {
            let loss = (x - q.stop_gradient()).square().mean(..);
            losses.add("commitment", loss, weight * commitment);
        }
        let values = match estimator {
            Estimator::Rotation => rotation(x, &q),
            _ => straight_through(x, &q),
        };
        let wide = indices.iter().map(|&k| u64::from(k)).collect();
        let batch = Batch { vectors: x.stop_gradient(), codes: indices };
        Quantized { values, indices: wide, losses, seen: Seen(vec![batch]) }
    }

    fn freeze(&self) -> Result<Box<dyn Quantizer>, QuantizerError> {
        let codes = to_f32(&self.codes()).to_vec();
        Ok(Box::new(Vq::new(crate::Codebook::new(codes, self.config.dim)?)))
    }
}
