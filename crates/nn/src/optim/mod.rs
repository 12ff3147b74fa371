//! Optimisers: a formula each, over any module.
//!
//! An optimiser is a [`Method`] (its configuration and its formula on one number) inside an [`Optim`], which keeps
//! the state: one module of the model's own type for each moment, and the number of steps of each parameter. A step is one pass over
//! the memory, in place (see [`seedbed_autodiff::update`]).
//!
//! | name | configuration | state |
//! |---|---|---|
//! | [`Sgd`] | [`SgdConfig`]: momentum, Nesterov, L2 | `velocity` |
//! | [`Adam`] | [`AdamConfig`]: L2 in the gradient | `m`, `v` |
//! | [`AdamW`] | [`AdamWConfig`]: decoupled weight decay | `m`, `v` |
//! | [`AdaMax`] | [`AdaMaxConfig`] | `m`, `u` |
//! | [`AmsGrad`] | [`AmsGradConfig`] | `m`, `v`, `w` |
//! | [`Lion`] | [`LionConfig`]: decoupled weight decay | `m` |
//! | [`RmsProp`] | [`RmsPropConfig`]: plain, with momentum | `v`, `velocity` |
//! | [`GravesRmsProp`] | [`GravesRmsPropConfig`]: centred, with momentum | `n`, `q`, `delta` |
//!
//! ```
//! use seedbed_autodiff::{Tensor, value_and_grad};
//! use seedbed_nn::Config;
//! use seedbed_nn::optim::{AdamW, AdamWConfig};
//!
//! let mut model = Tensor::<f32>::new(vec![3.0, -2.0], &[2]);
//! let config = AdamWConfig { lr: 0.1, weight_decay: 0.0, ..Default::default() }.check()?;
//! let mut optimizer = AdamW::new(&model, config);
//! for _ in 0..200 {
//!     let (_, gradient) = value_and_grad(&model, |m| (m * m).sum(..));
//!     optimizer.step(&mut model, &gradient);
//! }
//! assert!(model.data().iter().all(|x| x.abs() < 1e-2));
//! # Ok::<(), seedbed_nn::ConfigError>(())
//! ```

mod adam;
mod adamax;
mod amsgrad;
mod config;
mod groups;
mod lion;
mod optimizer;
mod range;
mod rmsprop;
mod sgd;

use seedbed_autodiff::update::{self, Update};
use seedbed_autodiff::{Float, Module, Path, Role, Tensor};

use crate::{Checked, Config};

pub use adam::{Adam, AdamConfig, AdamUpdate, AdamW, AdamWConfig};
pub use adamax::{AdaMax, AdaMaxConfig, AdaMaxUpdate};
pub use amsgrad::{AmsGrad, AmsGradConfig, AmsGradUpdate};
pub use config::OptimizerConfig;
pub use groups::{ParamGroup, ParamOptions, PerParam};
pub use lion::{Lion, LionConfig, LionUpdate};
pub use optimizer::Optimizer;
pub use rmsprop::{
    GravesRmsProp, GravesRmsPropConfig, GravesRmsPropUpdate, RmsProp, RmsPropConfig, RmsPropUpdate,
};
pub use sgd::{Sgd, SgdConfig, SgdUpdate};

/// An optimiser's formula: what to do with one number, given its configuration.
///
/// To add an optimiser, implement this for its configuration; `Optim<M, YourConfig, S>` is the optimiser.
pub trait Method<F: Float, const S: usize>: Config {
    /// The formula with its numbers filled in.
    type Update: Update<F, S>;

    /// The name in checkpoints.
    const NAME: &'static str;

    /// The names of the state's modules in checkpoints. All start as zeros.
    const STATES: [&'static str; S];

    /// The learning rate before schedule and groups.
    fn lr(&self) -> f64;

    /// The weight decay of parameters of which no group says otherwise.
    fn weight_decay(&self) -> f64;

    /// The formula of a parameter's step number `step` (from 1, frozen steps not counted), with this learning rate and
    /// weight decay.
    fn update(&self, step: u64, lr: f64, weight_decay: f64) -> Self::Update;
}

/// An optimiser of models of type `M`: a [`Method`] and its state.
///
/// Each parameter counts its own steps, those in which it was not frozen: what corrects the bias of its moments is how
/// often they were updated.
#[derive(Clone, Debug)]
pub struct Optim<M, C, const S: usize> {
    config: Checked<C>,
    states: [M; S],
    steps: u64,
    param_steps: Vec<u64>,
    options: PerParam,
}

impl<M, C, const S: usize> Optim<M, C, S> {
    /// The optimiser before its first step.
    pub fn new<F: Float>(model: &M, config: Checked<C>) -> Self
    where
        M: Module<F>,
        C: Method<F, S>,
    {
        Self {
            config,
            states: std::array::from_fn(|_| zeros_like(model)),
            steps: 0,
            param_steps: vec![0; model.params().len()],
            options: PerParam::default(),
        }
    }

    /// With learning rates, weight decays and frozen parameters of their own.
    ///
    /// Options can be changed in the middle of a training, to thaw a parameter for example: it goes on with the state and
    /// the number of steps that it had, and one that was always frozen makes its first step.
    ///
    /// ```
    /// use seedbed_autodiff::Tensor;
    /// use seedbed_nn::Config;
    /// use seedbed_nn::optim::{ParamOptions, PerParam, Sgd, SgdConfig};
    ///
    /// // No weight decay on biases and gains: the vectors.
    /// let model = (Tensor::<f32>::ones(&[2, 2]), Tensor::<f32>::ones(&[2]));
    /// let options = PerParam::by(&model, |_path, shape| match shape.len() {
    ///     0 | 1 => ParamOptions { weight_decay: Some(0.0), ..Default::default() },
    ///     _ => ParamOptions::default(),
    /// });
    /// let config = SgdConfig { lr: 0.1, weight_decay: 1e-4, ..Default::default() }.check()?;
    /// let sgd = Sgd::new(&model, config).with_options(options);
    /// # Ok::<(), seedbed_nn::ConfigError>(())
    /// ```
    ///
    /// # Panics
    /// If the options were made for a model with another number of parameters.
    #[must_use]
    #[track_caller]
    pub fn with_options<F: Float>(mut self, options: PerParam) -> Self
    where
        M: Module<F>,
        C: Method<F, S>,
    {
        let params = self.param_steps.len();
        assert!(
            options.is_for(params),
            "with_options: the options are of another model, the optimizer's has {params} parameters"
        );
        self.options = options;
        self
    }

    /// The configuration.
    pub fn config(&self) -> &C {
        &self.config
    }

    /// How many steps were made.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// How many steps each parameter made, in the order of the model's walk: fewer where it was frozen.
    pub fn param_steps(&self) -> &[u64] {
        &self.param_steps
    }

    /// One step along the gradient.
    ///
    /// # Panics
    /// If the gradient is not of the model's structure and shapes.
    #[track_caller]
    pub fn step<F: Float>(&mut self, model: &mut M, gradient: &M)
    where
        M: Module<F>,
        C: Method<F, S>,
    {
        self.step_scaled(model, gradient, 1.0);
    }

    /// One step with the learning rate multiplied by `factor`, as a [`Schedule`](crate::schedule::Schedule) gives it.
    ///
    /// # Panics
    /// If the gradient is not of the model's structure and shapes.
    #[track_caller]
    pub fn step_scaled<F: Float>(&mut self, model: &mut M, gradient: &M, factor: f64)
    where
        M: Module<F>,
        C: Method<F, S>,
    {
        self.steps += 1;
        let (config, options) = (&self.config, &self.options);
        let mut params = self.param_steps.iter_mut().enumerate();
        update::apply(model, gradient, self.states.each_mut(), |_| {
            let Some((i, steps)) = params.next() else {
                panic!(
                    "step: the model has more parameters than the one that the optimizer was made for"
                )
            };
            let option = options.get(i);
            if option.frozen {
                return None;
            }
            *steps += 1;
            let lr = config.lr() * factor * option.lr_factor;
            let decay = option.weight_decay.unwrap_or(config.weight_decay());
            Some(config.update(*steps, lr, decay))
        });
    }
}

/// The module with zeros in place of every tensor.
fn zeros_like<F: Float, M: Module<F>>(model: &M) -> M {
    let mut zeros = model.clone();
    zeros.walk_mut(&mut Path::default(), &mut |_, role, x| {
        // An optimiser leaves buffers alone: an empty one costs nothing in memory and in checkpoints.
        let shape = if role == Role::Param { x.shape() } else { &[0] };
        *x = Tensor::zeros(shape);
    });
    zeros
}
