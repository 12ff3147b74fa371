use seedbed_autodiff::{Activation, Float, Rng, Tensor, module};
use seedbed_nn::Linear;

use super::Controller;

/// Layers with tanh, without a state: what the machine remembers it must write to its memory.
#[derive(Clone, Debug)]
pub struct FeedForward<F: Float = f32> {
    /// The first is on [x, r].
    pub layers: Vec<Linear<F>>,
    /// Elements of r.
    pub reads: usize,
}
module!(FeedForward<F> { layers } config { reads });

impl<F: Float> FeedForward<F> {
    /// `layers` layers of `hidden` units on `inputs` elements and `reads` elements that were read. Weights by Glorot's uniform rule.
    ///
    /// # Panics
    /// If there is no layer.
    #[track_caller]
    pub fn new(inputs: usize, reads: usize, hidden: usize, layers: usize, rng: &mut Rng) -> Self {
        assert!(layers >= 1, "FeedForward: needs at least one layer");
        let width = |layer| if layer == 0 { inputs + reads } else { hidden };
        Self { layers: (0..layers).map(|i| Linear::new(width(i), hidden, rng)).collect(), reads }
    }
}

impl<F: Float> Controller<F> for FeedForward<F> {
    type State = ();

    fn inputs(&self) -> usize {
        self.layers[0].weight.shape()[0] - self.reads
    }

    fn reads(&self) -> usize {
        self.reads
    }

    fn outputs(&self) -> usize {
        self.layers[0].weight.shape()[1]
    }

    fn start(&self, _batch: usize) {}

    #[track_caller]
    fn step(&self, x: &Tensor<F>, reads: &Tensor<F>, _: &()) -> (Tensor<F>, ()) {
        let input = Tensor::concat(&[x, reads], 1);
        let layers = self.layers.iter();
        (layers.fold(input, |h, layer| layer.forward_with(&h, Activation::Tanh)), ())
    }
}
