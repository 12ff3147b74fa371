//! Latent quantization that learns.

use seedbed_autodiff::{Float, Rng, Tensor, module};
use seedbed_nn::{Check, Checked, Config, ConfigError};
use serde::{Deserialize, Serialize};

use super::convert::to_f32;
use super::estimator::straight_through;
use super::projection::{check_heads, check_weight, maps};
use super::{Learner, Losses, Pass, Projection, Quantized, Seen};
use crate::{Heads, Latent, Quantizer, QuantizerError};

/// Latent quantization.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LatentConfig {
    /// How many values each number of a code has.
    pub levels: Vec<u32>,
    /// Numbers in a vector; by default as many as `codebooks` codes have. Others are projected.
    pub dim: Option<usize>,
    /// How many codes a vector has, side by side.
    pub codebooks: usize,
    /// The weight of moving values to vectors.
    pub quantization: f64,
    /// The weight of moving vectors to values.
    pub commitment: f64,
}

impl Default for LatentConfig {
    /// The authors' weights.
    fn default() -> Self {
        let levels = vec![8, 5, 5, 5];
        Self { levels, dim: None, codebooks: 1, quantization: 0.1, commitment: 0.1 }
    }
}

impl LatentConfig {
    /// The elements of all tensors.
    pub(crate) fn elements(&self) -> f64 {
        let values: f64 = self.levels.iter().map(|&n| f64::from(n)).sum();
        values + maps(self.dim, self.levels.len() as f64 * self.codebooks as f64)
    }
}

impl Config for LatentConfig {
    fn validate(&self) -> Result<(), ConfigError> {
        const CHECK: Check = Check::of("LatentConfig");
        if let Err(error) = Latent::even(&self.levels) {
            let found = format!("{:?}", self.levels);
            CHECK.that(false, "levels", found, format!("numbers of values ({error})"))?;
        }
        check_heads(CHECK, "codebooks", self.codebooks)?;
        CHECK.size("dim", self.dim.unwrap_or(1))?;
        CHECK.elements("dim", self.elements())?;
        check_weight(CHECK, "quantization", self.quantization)?;
        check_weight(CHECK, "commitment", self.commitment)
    }
}

/// [`Latent`] with its values, projections and losses: `quantization`, `(sg x − v)²`, moves values, and `commitment`, `(x − sg v)²`, moves vectors; both are means over numbers, before
/// the projection back.
///
/// The authors disentangle with it: few values for each number, and a strong weight decay on the networks around it. (The reference detaches its values together with the
/// rounding, and has both losses on the straight-through output: values never move, and of equal weights nothing is left. Its indices also take values for those of the first grid.)
///
/// ```
/// use seedbed_autodiff::{Rng, Tensor};
/// use seedbed_nn::Config;
/// use seedbed_quantizers::train::{LatentConfig, LatentQuantizer, Learner};
/// let rng = &mut Rng::new(0);
/// let config = LatentConfig { levels: vec![5, 5], ..Default::default() }.check()?;
/// let latent = LatentQuantizer::<f32>::new(&config, rng);
/// let out = latent.forward_train(&Tensor::new(vec![0.2, -0.6], &[1, 2]), None, rng);
/// assert_eq!((out.values.data(), out.indices), (&[0.25, -0.5][..], vec![3]));
/// # Ok::<(), seedbed_nn::ConfigError>(())
/// ```
#[derive(Clone, Debug)]
pub struct LatentQuantizer<F: Float = f32> {
    /// The maps around it.
    pub projection: Option<Projection<F>>,
    /// The values of each number.
    pub values: Vec<Tensor<F>>,
    config: LatentConfig,
}
module!(LatentQuantizer<F> { projection, values } config { config });

impl<F: Float> LatentQuantizer<F> {
    /// A quantizer whose values are those of [`Latent::even`].
    pub fn new(config: &Checked<LatentConfig>, rng: &mut Rng) -> Self {
        let grid = Latent::even(&config.levels).expect("the configuration was checked");
        let values = grid.values().iter().map(|own| {
            let own: Vec<F> = own.iter().map(|&v| F::of(v.into())).collect();
            let shape = [own.len()];
            Tensor::new(own, &shape)
        });
        let inner = config.levels.len() * config.codebooks;
        let dim = config.dim.unwrap_or(inner);
        let config = LatentConfig { dim: Some(dim), ..LatentConfig::clone(config) };
        Self { projection: Projection::between(dim, inner, rng), values: values.collect(), config }
    }

    /// Its configuration.
    pub fn config(&self) -> &LatentConfig {
        &self.config
    }

    fn frozen(&self) -> Result<Latent, QuantizerError> {
        Latent::new(self.values.iter().map(|own| to_f32(own).to_vec()).collect())
    }

    fn round(&self, x: &Tensor<F>) -> Quantized<F> {
        let (rows, dim) = (x.shape()[0] * self.config.codebooks, self.values.len());
        let flat = x.reshape(&[rows, dim]);
        let latent = self.frozen().unwrap_or_else(|error| panic!("LatentQuantizer: {error}"));
        let mut digits = vec![Vec::with_capacity(rows); dim];
        let x32 = to_f32(&flat);
        let mut indices = Vec::with_capacity(rows);
        for row in x32.data().chunks_exact(dim) {
            let mut index = 0;
            for (k, (j, basis)) in latent.digits(row).zip(latent.radix().basis()).enumerate() {
                digits[k].push(j);
                index += j as u64 * basis;
            }
            indices.push(index);
        }
        let columns: Vec<Tensor<F>> =
            self.values.iter().zip(&digits).map(|(own, at)| own.index_select(0, at)).collect();
        let q = Tensor::stack(&columns, 1);
        let mut losses = Losses::default();
        let LatentConfig { quantization, commitment, .. } = self.config;
        if rows > 0 && quantization > 0.0 {
            let loss = (flat.stop_gradient() - &q).square().mean(..);
            losses.add("quantization", loss, quantization);
        }
        if rows > 0 && commitment > 0.0 {
            let loss = (&flat - q.stop_gradient()).square().mean(..);
            losses.add("commitment", loss, commitment);
        }
        let values = straight_through(&flat, &q).reshape(x.shape());
        Quantized { values, indices, losses, seen: Seen::default() }
    }
}

impl<F: Float> Learner<F> for LatentQuantizer<F> {
    fn dim(&self) -> usize {
        self.config.dim.expect("set by new")
    }

    fn tokens(&self) -> usize {
        self.config.codebooks
    }

    fn train_rows(&self, x: &Tensor<F>, _: &mut Pass<'_>) -> Quantized<F> {
        Projection::around(self.projection.as_ref(), x, |x| self.round(x))
    }

    fn freeze(&self) -> Result<Box<dyn Quantizer>, QuantizerError> {
        let maps = self.projection.as_ref();
        match self.config.codebooks {
            1 => Projection::freeze(maps, self.frozen()?),
            heads => Projection::freeze(maps, Heads::new(self.frozen()?, heads)?),
        }
    }
}
