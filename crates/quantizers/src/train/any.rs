//! A quantizer of any kind, chosen by a configuration.

use seedbed_autodiff::{Float, Module, Path, Rng, Role, Tensor};
use seedbed_nn::{Check, Config, ConfigError};
use serde::{Deserialize, Serialize};

use super::projection::maps;
use super::{
    FiniteScalar, FsqConfig, LatentConfig, LatentQuantizer, Learner, LfqConfig, LookupFree, Pass,
    QuantizeDropout, Quantized, ResidualFiniteScalar, ResidualFsqConfig, ResidualLearner, Seen,
    SimVq, SimVqConfig, VectorQuantizer, VqConfig,
};
use crate::{Quantizer, QuantizerError};

/// The configuration of a quantizer of any kind.
///
/// ```
/// use seedbed_quantizers::train::LearnerConfig;
/// let config: LearnerConfig = serde_json::from_str(r#"{"fsq": {"levels": [8, 6, 5]}}"#)?;
/// assert!(matches!(config, LearnerConfig::Fsq(_)));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LearnerConfig {
    /// [`VectorQuantizer`].
    Vq(VqConfig),
    /// [`SimVq`].
    SimVq(SimVqConfig),
    /// [`FiniteScalar`].
    Fsq(FsqConfig),
    /// [`LookupFree`].
    Lfq(LfqConfig),
    /// [`ResidualLearner`] of [`VectorQuantizer`]s.
    ResidualVq(ResidualVqConfig),
    /// [`ResidualFiniteScalar`].
    ResidualFsq(ResidualFsqConfig),
    /// [`ResidualLearner`] of [`LookupFree`].
    ResidualLfq(ResidualLfqConfig),
    /// [`LatentQuantizer`].
    Latent(LatentConfig),
}

/// Residual stages of VQ that are alike.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ResidualVqConfig {
    /// How many stages.
    pub stages: usize,
    /// Each of them.
    pub stage: VqConfig,
    /// Whether all stages share a codebook.
    pub shared: bool,
    /// Whether and how stages are left out in training.
    pub dropout: Option<QuantizeDropout>,
}

impl Default for ResidualVqConfig {
    fn default() -> Self {
        Self { stages: 4, stage: VqConfig::default(), shared: false, dropout: None }
    }
}

impl ResidualVqConfig {
    /// The elements of all tensors.
    fn elements(&self) -> f64 {
        let own = if self.shared { 1 } else { self.stages };
        own as f64 * self.stage.elements()
    }
}

impl Config for ResidualVqConfig {
    fn validate(&self) -> Result<(), ConfigError> {
        const CHECK: Check = Check::of("ResidualVqConfig");
        check_stages(CHECK, self.stages, self.dropout)?;
        self.stage.validate()?;
        CHECK.elements("stages", self.elements())
    }
}

/// The most residual stages.
const MOST_STAGES: usize = 1 << 10;

fn check_stages(
    check: Check,
    stages: usize,
    dropout: Option<QuantizeDropout>,
) -> Result<(), ConfigError> {
    check.at_least_one("stages", stages as u64)?;
    check.that(stages <= MOST_STAGES, "stages", stages, format!("at most {MOST_STAGES}"))?;
    if let Some(QuantizeDropout { from, multiple_of }) = dropout {
        check.that(from < stages, "dropout.from", from, "below the number of stages")?;
        check.at_least_one("dropout.multiple_of", multiple_of as u64)?;
    }
    Ok(())
}

/// Residual stages of LFQ, or on the sphere of BSQ: each has codes of half the size of the stage before.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ResidualLfqConfig {
    /// How many stages.
    pub stages: usize,
    /// The first of them.
    pub stage: LfqConfig,
    /// Numbers in a vector; by default as many as a stage takes. Others are projected.
    pub dim: Option<usize>,
    /// Whether and how stages are left out in training.
    pub dropout: Option<QuantizeDropout>,
}

impl Default for ResidualLfqConfig {
    fn default() -> Self {
        Self { stages: 4, stage: LfqConfig::default(), dim: None, dropout: None }
    }
}

impl ResidualLfqConfig {
    /// The elements of all tensors.
    fn elements(&self) -> f64 {
        maps(self.dim, f64::from(self.stage.bits) * self.stage.codebooks as f64)
    }

    /// The configuration of a stage: its codes are `2⁻ⁱ` as large.
    pub(super) fn stage(&self, i: usize) -> LfqConfig {
        let scale = self.stage.scale * 0.5_f64.powi(i as i32);
        let dim = Some(self.stage.bits as usize * self.stage.codebooks);
        LfqConfig { scale, dim, ..self.stage.clone() }
    }

    fn build<F: Float>(
        &self,
        rng: &mut Rng,
    ) -> Result<ResidualLearner<F, LookupFree<F>>, ConfigError> {
        self.validate()?;
        let stages = (0..self.stages).map(|i| Ok(LookupFree::new(&self.stage(i).check()?, rng)));
        let learner = ResidualLearner::new(stages.collect::<Result<Vec<_>, ConfigError>>()?);
        let dim = self.dim.unwrap_or(learner.dim());
        Ok(dropped(learner.projected(dim, rng), self.dropout))
    }
}

impl Config for ResidualLfqConfig {
    fn validate(&self) -> Result<(), ConfigError> {
        const CHECK: Check = Check::of("ResidualLfqConfig");
        check_stages(CHECK, self.stages, self.dropout)?;
        CHECK.size("dim", self.dim.unwrap_or(1))?;
        self.stage.validate()?;
        CHECK.elements("dim", self.elements())?;
        let inner = self.stage.bits as usize * self.stage.codebooks;
        let own = self.stage.dim.unwrap_or(inner);
        CHECK.that(own == inner, "stage.dim", own, "left out: `dim` projects around all stages")?;
        let expected = "so few that the last has codes above 0";
        let last = self.stage(self.stages - 1).validate().is_ok();
        CHECK.that(last, "stages", self.stages, expected)
    }
}

/// The learner with stages left out in training, where that is asked for.
fn dropped<F: Float, L: Learner<F>>(
    learner: ResidualLearner<F, L>,
    dropout: Option<QuantizeDropout>,
) -> ResidualLearner<F, L> {
    match dropout {
        Some(dropout) => learner.with_dropout(dropout),
        None => learner,
    }
}

impl Config for LearnerConfig {
    fn validate(&self) -> Result<(), ConfigError> {
        match self {
            Self::Vq(config) => config.validate(),
            Self::SimVq(config) => config.validate(),
            Self::Fsq(config) => config.validate(),
            Self::Lfq(config) => config.validate(),
            Self::ResidualVq(config) => config.validate(),
            Self::ResidualFsq(config) => config.validate(),
            Self::ResidualLfq(config) => config.validate(),
            Self::Latent(config) => config.validate(),
        }
    }
}

impl LearnerConfig {
    /// The least number of elements that all tensors of such a quantizer have together.
    pub(crate) fn elements(&self) -> f64 {
        match self {
            Self::Vq(config) => config.elements(),
            Self::SimVq(config) => config.elements(),
            Self::Fsq(config) => config.elements(),
            Self::Lfq(config) => config.elements(),
            Self::ResidualVq(config) => config.elements(),
            Self::ResidualFsq(config) => config.elements(),
            Self::ResidualLfq(config) => config.elements(),
            Self::Latent(config) => config.elements(),
        }
    }

    /// The same for vectors of `dim` numbers: kinds whose codes have a dimension of their own project.
    #[must_use]
    pub fn for_vectors_of(mut self, dim: usize) -> Self {
        match &mut self {
            Self::Vq(config) => config.dim = dim,
            Self::SimVq(config) => config.dim = dim,
            Self::Fsq(config) => config.dim = Some(dim),
            Self::Lfq(config) => config.dim = Some(dim),
            Self::ResidualVq(config) => config.stage.dim = dim,
            Self::ResidualFsq(config) => config.dim = Some(dim),
            Self::ResidualLfq(config) => config.dim = Some(dim),
            Self::Latent(config) => config.dim = Some(dim),
        }
        self
    }

    /// The quantizer.
    ///
    /// # Errors
    /// What is wrong with the configuration.
    pub fn build<F: Float>(&self, rng: &mut Rng) -> Result<AnyLearner<F>, ConfigError> {
        Ok(match self.clone() {
            Self::Vq(config) => AnyLearner::Vq(VectorQuantizer::new(&config.check()?, rng)),
            Self::SimVq(config) => AnyLearner::SimVq(SimVq::new(&config.check()?, rng)),
            Self::Fsq(config) => AnyLearner::Fsq(FiniteScalar::new(&config.check()?, rng)),
            Self::Lfq(config) => AnyLearner::Lfq(LookupFree::new(&config.check()?, rng)),
            Self::ResidualVq(config) => {
                config.validate()?;
                let stage = config.stage.check()?;
                let learner = if config.shared {
                    ResidualLearner::shared(VectorQuantizer::new(&stage, rng), config.stages)
                } else {
                    let stages = (0..config.stages).map(|_| VectorQuantizer::new(&stage, rng));
                    ResidualLearner::new(stages.collect())
                };
                AnyLearner::ResidualVq(dropped(learner, config.dropout))
            }
            Self::ResidualLfq(config) => AnyLearner::ResidualLfq(config.build(rng)?),
            Self::Latent(config) => AnyLearner::Latent(LatentQuantizer::new(&config.check()?, rng)),
            Self::ResidualFsq(config) => {
                AnyLearner::ResidualFsq(ResidualFiniteScalar::new(&config.check()?, rng))
            }
        })
    }
}

/// A quantizer of any kind that learns; see [`LearnerConfig::build`].
#[derive(Clone, Debug)]
pub enum AnyLearner<F: Float = f32> {
    /// [`LearnerConfig::Vq`].
    Vq(VectorQuantizer<F>),
    /// [`LearnerConfig::SimVq`].
    SimVq(SimVq<F>),
    /// [`LearnerConfig::Fsq`].
    Fsq(FiniteScalar<F>),
    /// [`LearnerConfig::Lfq`].
    Lfq(LookupFree<F>),
    /// [`LearnerConfig::ResidualVq`].
    ResidualVq(ResidualLearner<F, VectorQuantizer<F>>),
    /// [`LearnerConfig::ResidualFsq`].
    ResidualFsq(ResidualFiniteScalar<F>),
    /// [`LearnerConfig::ResidualLfq`].
    ResidualLfq(ResidualLearner<F, LookupFree<F>>),
    /// [`LearnerConfig::Latent`].
    Latent(LatentQuantizer<F>),
}

/// Runs an expression with what is inside.
macro_rules! inside {
    ($any:expr, $learner:ident => $body:expr) => {
        match $any {
            AnyLearner::Vq($learner) => $body,
            AnyLearner::SimVq($learner) => $body,
            AnyLearner::Fsq($learner) => $body,
            AnyLearner::Lfq($learner) => $body,
            AnyLearner::ResidualVq($learner) => $body,
            AnyLearner::ResidualFsq($learner) => $body,
            AnyLearner::ResidualLfq($learner) => $body,
            AnyLearner::Latent($learner) => $body,
        }
    };
}

impl<F: Float> Module<F> for AnyLearner<F> {
    fn walk(&self, path: &mut Path, f: &mut dyn FnMut(&Path, Role, &Tensor<F>)) {
        inside!(self, learner => learner.walk(path, f));
    }
    fn walk_mut(&mut self, path: &mut Path, f: &mut dyn FnMut(&Path, Role, &mut Tensor<F>)) {
        inside!(self, learner => learner.walk_mut(path, f));
    }
}

impl<F: Float> Learner<F> for AnyLearner<F> {
    fn dim(&self) -> usize {
        inside!(self, learner => learner.dim())
    }
    fn tokens(&self) -> usize {
        inside!(self, learner => learner.tokens())
    }
    fn codebooks(&self) -> usize {
        inside!(self, learner => learner.codebooks())
    }
    fn train_rows(&self, x: &Tensor<F>, pass: &mut Pass<'_>) -> Quantized<F> {
        inside!(self, learner => learner.train_rows(x, pass))
    }
    fn prepare(&mut self, x: &Tensor<F>, rng: &mut Rng) {
        inside!(self, learner => learner.prepare(x, rng));
    }
    fn update(&mut self, seen: &Seen<F>, rng: &mut Rng) -> usize {
        inside!(self, learner => learner.update(seen, rng))
    }
    fn freeze(&self) -> Result<Box<dyn Quantizer>, QuantizerError> {
        inside!(self, learner => learner.freeze())
    }
}
