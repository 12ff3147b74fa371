//! Residual finite scalar quantization that learns.

use seedbed_autodiff::{Float, Rng, Tensor, custom_gradient, module};
use seedbed_nn::{Check, Checked, Config, ConfigError};
use serde::{Deserialize, Serialize};

use super::convert::{of_f32, to_f32};
use super::projection::maps;
use super::{Learner, Losses, Pass, Projection, Quantized, Seen};
use crate::{Quantizer, QuantizerError, ResidualFsq, Scratch, StageScale};

/// Residual finite scalar quantization.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ResidualFsqConfig {
    /// Levels of each number of a code, the same in every stage.
    pub levels: Vec<u32>,
    /// How many stages.
    pub stages: usize,
    /// How fine the stages are.
    pub scale: StageScale,
    /// Whether stages clamp, and vectors are squashed before.
    pub clamp: bool,
    /// Numbers in a vector; by default as many as there are levels. Others are projected.
    pub dim: Option<usize>,
}

impl Default for ResidualFsqConfig {
    fn default() -> Self {
        let (scale, levels) = (StageScale::default(), vec![5, 5, 5, 5]);
        Self { levels, stages: 4, scale, clamp: true, dim: None }
    }
}

impl ResidualFsqConfig {
    /// The elements of all tensors.
    pub(crate) fn elements(&self) -> f64 {
        maps(self.dim, self.levels.len() as f64)
    }

    fn build(&self) -> Result<ResidualFsq, QuantizerError> {
        ResidualFsq::with_scale(&self.levels, self.stages, self.scale, self.clamp)
    }
}

impl Config for ResidualFsqConfig {
    fn validate(&self) -> Result<(), ConfigError> {
        const CHECK: Check = Check::of("ResidualFsqConfig");
        if let Err(error) = self.build() {
            let found = format!("{:?} in {} stages", self.levels, self.stages);
            CHECK.that(false, "levels", found, format!("a grid ({error})"))?;
        }
        CHECK.size("dim", self.dim.unwrap_or(1))?;
        CHECK.elements("dim", self.elements())
    }
}

/// [`ResidualFsq`] with its projections.
///
/// As each stage passes the gradient on to the same vector, it comes as many times as there are stages that do not clamp: so it is in the reference.
#[derive(Clone, Debug)]
pub struct ResidualFiniteScalar<F: Float = f32> {
    /// The maps around it.
    pub projection: Option<Projection<F>>,
    fsq: ResidualFsq,
    config: ResidualFsqConfig,
}
module!(ResidualFiniteScalar<F> { projection } config { fsq, config });

impl<F: Float> ResidualFiniteScalar<F> {
    /// A quantizer of this configuration.
    pub fn new(config: &Checked<ResidualFsqConfig>, rng: &mut Rng) -> Self {
        let fsq = config.build().expect("the configuration was checked");
        let dim = config.dim.unwrap_or(fsq.dim());
        let config = ResidualFsqConfig { dim: Some(dim), ..ResidualFsqConfig::clone(config) };
        Self { projection: Projection::between(dim, fsq.dim(), rng), fsq, config }
    }

    /// Its configuration.
    pub fn config(&self) -> &ResidualFsqConfig {
        &self.config
    }

    fn round(&self, x: &Tensor<F>) -> Quantized<F> {
        let x32 = to_f32(x);
        let (mut values, mut slopes) = (vec![0.0; x.len()], vec![0.0; x.len()]);
        let mut indices = vec![0_u64; x.shape()[0] * self.fsq.tokens()];
        let wanted = Some(&mut values[..]);
        self.fsq
            .quantize_into(x32.data(), wanted, (&mut indices).into(), &mut Scratch::new())
            .unwrap_or_else(|error| panic!("ResidualFiniteScalar: {error}"));
        self.fsq.slopes(x32.data(), &mut slopes);
        let (values, slopes) = (of_f32(values, x.shape()), of_f32::<F>(slopes, x.shape()));
        let values =
            custom_gradient("residual_fsq", [x], |_| values, move |_, _, g| [Some(g * &slopes)]);
        Quantized { values, indices, losses: Losses::default(), seen: Seen::default() }
    }
}

impl<F: Float> Learner<F> for ResidualFiniteScalar<F> {
    fn dim(&self) -> usize {
        self.config.dim.expect("set by new")
    }

    fn tokens(&self) -> usize {
        self.fsq.tokens()
    }

    fn train_rows(&self, x: &Tensor<F>, _: &mut Pass<'_>) -> Quantized<F> {
        Projection::around(self.projection.as_ref(), x, |x| self.round(x))
    }

    fn freeze(&self) -> Result<Box<dyn Quantizer>, QuantizerError> {
        Projection::freeze(self.projection.as_ref(), self.fsq.clone())
    }
}
