use seedbed_autodiff::{Float, Module};
use serde::{Deserialize, Serialize};

use super::{
    AdaMaxConfig, AdamConfig, AdamWConfig, AmsGradConfig, GravesRmsPropConfig, LionConfig, Method,
    Optim, Optimizer, PerParam, RmsPropConfig, SgdConfig,
};
use crate::{Checked, Config, ConfigError};

/// Any optimiser, chosen in a configuration file.
///
/// ```
/// use seedbed_autodiff::Tensor;
/// use seedbed_nn::Config;
/// use seedbed_nn::optim::{Optimizer, OptimizerConfig, PerParam};
///
/// let config: OptimizerConfig = serde_json::from_str(r#"{ "kind": "adamw", "lr": 3e-4 }"#).unwrap();
/// let model = Tensor::<f32>::ones(&[2]);
/// let optimizer = config.check()?.build(&model, PerParam::default());
/// assert_eq!((optimizer.name(), optimizer.lr()), ("adamw", 3e-4));
/// # Ok::<(), seedbed_nn::ConfigError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind")]
pub enum OptimizerConfig {
    /// [`Sgd`](super::Sgd).
    #[serde(rename = "sgd")]
    Sgd(SgdConfig),
    /// [`Adam`](super::Adam).
    #[serde(rename = "adam")]
    Adam(AdamConfig),
    /// [`AdamW`](super::AdamW).
    #[serde(rename = "adamw")]
    AdamW(AdamWConfig),
    /// [`AdaMax`](super::AdaMax).
    #[serde(rename = "adamax")]
    AdaMax(AdaMaxConfig),
    /// [`AmsGrad`](super::AmsGrad).
    #[serde(rename = "amsgrad")]
    AmsGrad(AmsGradConfig),
    /// [`Lion`](super::Lion).
    #[serde(rename = "lion")]
    Lion(LionConfig),
    /// [`RmsProp`](super::RmsProp).
    #[serde(rename = "rmsprop")]
    RmsProp(RmsPropConfig),
    /// [`GravesRmsProp`](super::GravesRmsProp).
    #[serde(rename = "graves_rmsprop")]
    GravesRmsProp(GravesRmsPropConfig),
}

impl Config for OptimizerConfig {
    fn validate(&self) -> Result<(), ConfigError> {
        match self {
            Self::Sgd(c) => c.validate(),
            Self::Adam(c) => c.validate(),
            Self::AdamW(c) => c.validate(),
            Self::AdaMax(c) => c.validate(),
            Self::AmsGrad(c) => c.validate(),
            Self::Lion(c) => c.validate(),
            Self::RmsProp(c) => c.validate(),
            Self::GravesRmsProp(c) => c.validate(),
        }
    }
}

impl Checked<OptimizerConfig> {
    /// The optimiser.
    pub fn build<F: Float, M: Module<F> + 'static>(
        &self,
        model: &M,
        options: PerParam,
    ) -> Box<dyn Optimizer<F, M>> {
        fn boxed<
            F: Float,
            M: Module<F> + 'static,
            C: Method<F, S> + Clone + 'static,
            const S: usize,
        >(
            model: &M,
            config: &C,
            options: PerParam,
        ) -> Box<dyn Optimizer<F, M>> {
            let config = config.clone().check().expect("it was checked as a part of the enum");
            Box::new(Optim::new(model, config).with_options(options))
        }
        match &**self {
            OptimizerConfig::Sgd(c) => boxed(model, c, options),
            OptimizerConfig::Adam(c) => boxed(model, c, options),
            OptimizerConfig::AdamW(c) => boxed(model, c, options),
            OptimizerConfig::AdaMax(c) => boxed(model, c, options),
            OptimizerConfig::AmsGrad(c) => boxed(model, c, options),
            OptimizerConfig::Lion(c) => boxed(model, c, options),
            OptimizerConfig::RmsProp(c) => boxed(model, c, options),
            OptimizerConfig::GravesRmsProp(c) => boxed(model, c, options),
        }
    }
}
