//! A running average of a model's weights.

use seedbed_autodiff::update::{self, Update};
use seedbed_autodiff::{Float, Module, Path, Role, Tensor};
use serde::{Deserialize, Serialize};

use crate::config::{Check, Checked, Config, ConfigError};

/// The configuration of an [`Ema`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct EmaConfig {
    /// The weight of the past, d.
    pub decay: f64,
    /// Uses min(d, (1 + t) / (10 + t)) at the update number t, so that the random start is soon forgotten.
    pub warm_up: bool,
}

impl Default for EmaConfig {
    fn default() -> Self {
        Self { decay: 0.999, warm_up: true }
    }
}

impl Config for EmaConfig {
    fn validate(&self) -> Result<(), ConfigError> {
        Check::of("EmaConfig").decay_rate("decay", self.decay)
    }
}

/// An exponential moving average of a model's parameters: `a ← d a + (1 − d) x` (Polyak and Juditsky, "Acceleration of
/// stochastic approximation by averaging", 1992, in the exponential form).
///
/// Buffers, which are averages already, are the model's newest.
///
/// What the rounding of an average takes from its updates is kept beside it, so that a decay near 1 moves it, however small the steps are. Checkpoints hold both:
/// [`Writer::ema`](crate::checkpoint::Writer::ema).
///
/// ```
/// use seedbed_autodiff::Tensor;
/// use seedbed_nn::Config;
/// use seedbed_nn::ema::{Ema, EmaConfig};
/// let config = EmaConfig { decay: 0.75, warm_up: false }.check()?;
/// let mut ema = Ema::new(&Tensor::<f32>::scalar(0.0), config);
/// ema.update(&Tensor::scalar(4.0));
/// assert_eq!(ema.average.item(), 1.0);
/// # Ok::<(), seedbed_nn::ConfigError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Ema<M> {
    /// The averaged model.
    pub average: M,
    /// How many updates were made.
    pub updates: u64,
    /// What rounding took from the average, to be added with the next update.
    pub(crate) rest: M,
    config: Checked<EmaConfig>,
}

impl<M> Ema<M> {
    /// The average of the model as it is.
    pub fn new<F: Float>(model: &M, config: Checked<EmaConfig>) -> Self
    where
        M: Module<F>,
    {
        let rest = model.map_params(|x| Tensor::zeros(x.shape()));
        Self { average: model.clone(), updates: 0, rest, config }
    }

    /// Takes the model's newest parameters into account.
    ///
    /// # Panics
    /// If the model has another structure.
    #[track_caller]
    pub fn update<F: Float>(&mut self, model: &M)
    where
        M: Module<F>,
    {
        let t = self.updates as f64;
        let limit = if self.config.warm_up { (1.0 + t) / (10.0 + t) } else { 1.0 };
        self.updates += 1;
        let weight = Approach(F::of(1.0 - self.config.decay.min(limit)));
        update::apply(&mut self.average, model, [&mut self.rest], |_| Some(weight));
        copy_buffers(&mut self.average, &buffers(model));
    }
}

/// The buffers of a module, as constants, in the order of the walk.
pub(crate) fn buffers<F: Float, M: Module<F>>(module: &M) -> Vec<Tensor<F>> {
    let mut buffers = Vec::new();
    module.walk(&mut Path::default(), &mut |_, role, x| {
        if role == Role::Buffer {
            buffers.push(x.stop_gradient());
        }
    });
    buffers
}

/// Replaces the buffers of a module.
pub(crate) fn copy_buffers<F: Float, M: Module<F>>(module: &mut M, buffers: &[Tensor<F>]) {
    let mut buffers = buffers.iter();
    module.walk_mut(&mut Path::default(), &mut |_, role, x| {
        if role == Role::Buffer {
            x.clone_from(buffers.next().expect("modules of one structure"));
        }
    });
}

/// A step from the average towards the new value.
#[derive(Clone, Copy)]
struct Approach<F>(F);

impl<F: Float> Update<F, 1> for Approach<F> {
    const WORK: usize = 12;
    /// The sum of the average and its step, and what rounding takes from it (Knuth's two-sum).
    #[inline(always)]
    fn at(self, average: F, x: F, [rest]: [F; 1]) -> (F, [F; 1]) {
        // Of an average that was set from elsewhere there is no rest: it is less than an average's last digit.
        let of_this = rest.abs() <= F::epsilon() * average.abs();
        let rest = if of_this { rest } else { F::zero() };
        let step = self.0 * ((x - average) - rest) + rest;
        let next = average + step;
        let stepped = next - average;
        let lost = (average - (next - stepped)) + (step - stepped);
        (next, [lost])
    }
}
