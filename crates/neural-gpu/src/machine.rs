use std::any::Any;
use std::fmt::Debug;

use seedbed_autodiff::{Float, Module, Rng, Tensor};
use seedbed_data::strings::Example;
use seedbed_nn::{Checked, Config};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::automaton::{Automaton, AutomatonError, Halt};
use crate::{Batch, DiagonalConfig, DiagonalGpu, NeuralGpu, NeuralGpuConfig, Perturbation};

/// What is common to the machines of this crate: made from a configuration, run on strings of any length.
///
/// [`evaluate`](crate::evaluate) counts what any of them gets right.
///
/// ```
/// use seedbed_autodiff::Rng;
/// use seedbed_data::strings::{Arithmetic, Operation};
/// use seedbed_neural_gpu::evaluate::{draw, share_exact};
/// use seedbed_neural_gpu::{DiagonalGpu, Machine, NeuralGpu, NeuralGpuConfig};
/// use seedbed_nn::Config;
///
/// fn at_nine<M: Machine>(machine: &M) -> f64 {
///     let addition = Arithmetic::binary(Operation::Add);
///     share_exact(machine, &draw(&addition, 9, 8, 0.5, &mut Rng::new(1)), true)
/// }
/// let config = NeuralGpuConfig { maps: 4, copies: 1, ..Default::default() };
/// let original = NeuralGpu::random(&config.check()?, &mut Rng::new(0));
/// let diagonal = DiagonalGpu::random(&Config::check(Default::default())?, &mut Rng::new(0));
/// assert!(at_nine(&original) < 1.0 && at_nine(&diagonal) < 1.0); // nothing was learnt yet
/// # Ok::<(), seedbed_nn::ConfigError>(())
/// ```
pub trait Machine<F: Float = f32>: Module<F> + Send + Sync {
    /// What it is made from.
    type Config: Config + Serialize + DeserializeOwned + Clone + Debug + PartialEq;

    /// A machine with random weights.
    fn random(config: &Checked<Self::Config>, rng: &mut Rng) -> Self;

    /// How many symbols inputs and answers of such machines are made of.
    fn symbols(config: &Self::Config) -> [usize; 2];

    /// How many numbers the weights of a machine of this configuration have together, or fewer: a file whose configuration says more than it holds is refused. 0 refuses none.
    fn elements(config: &Self::Config) -> f64 {
        let _ = config;
        0.0
    }

    /// The logits of all cells, `[cells, target symbols]` in the order of [`Packing::cells`](crate::Packing::cells), without noise and in memory that does not
    /// grow with the number of steps.
    ///
    /// # Panics
    /// If a symbol is not of the alphabet.
    fn logits(&self, batch: &Batch, rounded: bool) -> Tensor<F>;

    /// Whether each answer of the rounded machine is right, by looking up at most so many rules; `None` where that takes more, or the machine cannot be looked up.
    fn by_rules(&self, examples: &[Example], rules: usize) -> Option<Vec<bool>> {
        let _ = (examples, rules);
        None
    }
}

impl<F: Float> Machine<F> for DiagonalGpu<F> {
    type Config = DiagonalConfig;

    fn random(config: &Checked<DiagonalConfig>, rng: &mut Rng) -> Self {
        Self::new(config, rng)
    }

    fn symbols(config: &DiagonalConfig) -> [usize; 2] {
        [config.input_symbols, config.target_symbols]
    }

    fn elements(config: &DiagonalConfig) -> f64 {
        config.elements()
    }

    fn logits(&self, batch: &Batch, rounded: bool) -> Tensor<F> {
        self.infer(batch, rounded)
    }

    fn by_rules(&self, examples: &[Example], rules: usize) -> Option<Vec<bool>> {
        let model = (self as &dyn Any).downcast_ref::<DiagonalGpu<f32>>()?;
        let mut automaton = Automaton::new(model).ok()?.with_limits(rules, usize::MAX);
        let right = |x: &Example| match automaton.run(&x.input, Halt::AfterSteps(x.len())) {
            Ok(run) => Some(run.answer == x.target),
            // A tie is no answer.
            Err(AutomatonError::NoAnswer { .. }) => Some(false),
            Err(_) => None,
        };
        examples.iter().map(right).collect()
    }
}

impl<F: Float> Machine<F> for NeuralGpu<F> {
    type Config = NeuralGpuConfig;

    fn random(config: &Checked<NeuralGpuConfig>, rng: &mut Rng) -> Self {
        Self::new(config, rng)
    }

    fn symbols(config: &NeuralGpuConfig) -> [usize; 2] {
        [config.input_symbols, config.target_symbols]
    }

    fn elements(config: &NeuralGpuConfig) -> f64 {
        config.elements()
    }

    fn logits(&self, batch: &Batch, rounded: bool) -> Tensor<F> {
        let perturbation = if rounded { Perturbation::ROUNDED } else { Perturbation::NONE };
        // Nothing is drawn: there is neither noise nor dropout.
        let rng = &mut Rng::new(0);
        let last = self.run(&batch.inputs, &batch.packing, perturbation, 0.0, rng);
        self.read(&last, &batch.packing)
    }
}
