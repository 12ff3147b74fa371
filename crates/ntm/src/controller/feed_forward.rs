use seedbed_autodiff::{Activation, Float, Rng, Tensor, module};
use seedbed_nn::{Init, Linear};

use super::Controller;

/// Layers with tanh, without a state: what the machine remembers it must write to its memory.
///
/// h = tanh(x Wₓ + r Wᵣ + b) is the first layer, the others are plain.
#[derive(Clone, Debug)]
pub struct FeedForward<F: Float = f32> {
    /// Wₓ and b, of the input.
    pub input: Linear<F>,
    /// Wᵣ, of what was read.
    pub read: Linear<F>,
    /// The layers after the first.
    pub layers: Vec<Linear<F>>,
}
module!(FeedForward<F> { input, read, layers });

impl<F: Float> FeedForward<F> {
    /// `layers` layers of `hidden` units on `inputs` numbers and `reads` numbers that were read. Weights by Glorot's uniform rule.
    ///
    /// # Panics
    /// If there is no layer.
    #[track_caller]
    pub fn new(inputs: usize, reads: usize, hidden: usize, layers: usize, rng: &mut Rng) -> Self {
        assert!(layers >= 1, "FeedForward: needs at least one layer");
        // One matrix in the paper's sense: the fan-in counts both parts.
        let limit = (6.0 / (inputs + reads + hidden) as f64).sqrt();
        let init = Init::Uniform(limit);
        Self {
            input: Linear::with_init(inputs, hidden, init, rng),
            read: Linear::with_init(reads, hidden, init, rng).without_bias(),
            layers: (1..layers).map(|_| Linear::new(hidden, hidden, rng)).collect(),
        }
    }
}

impl<F: Float> Controller<F> for FeedForward<F> {
    type State = ();

    fn inputs(&self) -> usize {
        self.input.weight.shape()[0]
    }

    fn reads(&self) -> usize {
        self.read.weight.shape()[0]
    }

    fn outputs(&self) -> usize {
        self.input.weight.shape()[1]
    }

    fn start(&self, _batch: usize) {}

    #[track_caller]
    fn prepare(&self, inputs: &Tensor<F>) -> Tensor<F> {
        self.input.forward(inputs)
    }

    #[track_caller]
    fn step(&self, prepared: &Tensor<F>, reads: &Tensor<F>, _: &()) -> (Tensor<F>, ()) {
        let first = (prepared + self.read.forward(reads)).tanh();
        let h = self.layers.iter().fold(first, |h, layer| layer.forward_with(&h, Activation::Tanh));
        (h, ())
    }
}
