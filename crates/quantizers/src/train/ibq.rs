//! Index backpropagation quantization.

use seedbed_autodiff::{Float, Rng, Tensor, module};
use seedbed_nn::{Check, Checked, Config, ConfigError};
use serde::{Deserialize, Serialize};

use super::convert::to_f32;
use super::projection::check_weight;
use super::vq::codebook_of;
use super::{Batch, Learner, Losses, Pass, Quantized, Seen};
use crate::{Codebook, Metric, Quantizer, QuantizerError, Vq};

/// Index backpropagation quantization (Shi et al. 2024).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct IbqConfig {
    /// Numbers in a vector.
    pub dim: usize,
    /// How many codes.
    pub codebook_size: usize,
    /// The weight of moving codes to vectors beside moving vectors to codes.
    pub beta: f64,
}

impl Default for IbqConfig {
    fn default() -> Self {
        Self { dim: 64, codebook_size: 1024, beta: 0.25 }
    }
}

impl Config for IbqConfig {
    fn validate(&self) -> Result<(), ConfigError> {
        const CHECK: Check = Check::of("IbqConfig");
        CHECK.size("dim", self.dim)?;
        CHECK.size("codebook_size", self.codebook_size)?;
        CHECK.elements("codebook_size", self.dim as f64 * self.codebook_size as f64)?;
        check_weight(CHECK, "beta", self.beta)
    }
}

/// Every code learns from every vector: the value is that of the code with the largest product `z · e`, its gradient that of the mean over all codes,
/// weighted by `softmax(z · e)`.
///
/// It makes the matrix of all products. Losses: `soft`, `‖q − z‖²`, with the gradient of q through all codes; `commitment`, `‖sg q − z‖²`; and `codebook`,
/// `‖q − sg z‖²` of the one code.
#[derive(Clone, Debug)]
pub struct IndexBackprop<F: Float = f32> {
    /// The codes, `codes × dimension`.
    pub codes: Tensor<F>,
    config: IbqConfig,
}
module!(IndexBackprop<F> { codes } config { config });

impl<F: Float> IndexBackprop<F> {
    /// Codes uniform on ±1/K, as the authors have them.
    pub fn new(config: &Checked<IbqConfig>, rng: &mut Rng) -> Self {
        let config = IbqConfig::clone(config);
        let bound = 1.0 / config.codebook_size as f64;
        let codes = Tensor::uniform(&[config.codebook_size, config.dim], -bound, bound, rng);
        Self { codes, config }
    }
}

impl<F: Float> Learner<F> for IndexBackprop<F> {
    fn dim(&self) -> usize {
        self.config.dim
    }

    fn codebooks(&self) -> usize {
        1
    }

    fn train_rows(&self, x: &Tensor<F>, _: &mut Pass<'_>) -> Quantized<F> {
        let mut indices = vec![0_u32; x.shape()[0]];
        let codebook = codebook_of(&self.codes.stop_gradient());
        crate::vq::assign(&codebook, Metric::Cosine, to_f32(x).data(), &mut indices)
            .unwrap_or_else(|error| panic!("IndexBackprop: {error}"));
        let at: Vec<usize> = indices.iter().map(|&k| k as usize).collect();
        let hard = self.codes.index_select(0, &at);
        // (hard − sg soft + soft) · E: the value is that of the one code, which gets the gradient; the weights' gradient sees all codes.
        let weights = x.matmul_nt(&self.codes).softmax(1);
        let soft = weights.matmul(&self.codes.stop_gradient());
        let values = &hard + (&soft - soft.stop_gradient());
        let mut losses = Losses::default();
        if !x.is_empty() {
            losses.add("soft", (&values - x).square().mean(..), 1.0);
            losses.add("commitment", (hard.stop_gradient() - x).square().mean(..), 1.0);
            losses.add("codebook", (&hard - x.stop_gradient()).square().mean(..), self.config.beta);
        }
        let wide = indices.iter().map(|&k| u64::from(k)).collect();
        let batch = Batch { vectors: x.stop_gradient(), codes: indices };
        Quantized { values, indices: wide, losses, seen: Seen(vec![batch]) }
    }

    fn freeze(&self) -> Result<Box<dyn Quantizer>, QuantizerError> {
        let codes = to_f32(&self.codes).to_vec();
        Ok(Box::new(Vq::cosine(Codebook::new(codes, self.config.dim)?)))
    }
}
