use seedbed_autodiff::{Float, Rng, Tensor, module};

use super::{Cell, gates, unroll};
use crate::Init;

/// A cell of an LSTM (Hochreiter & Schmidhuber 1997; with the forget gate of Gers et al. 2000).
///
/// i = σ(x Wᵢ + h Uᵢ + bᵢ), f and o alike, g = tanh(x W_g + h U_g + b_g),  c′ = f ⊙ c + i ⊙ g,  h′ = o ⊙ tanh(c′).
///
/// The gates stand in the order i, f, g, o, as in PyTorch: `weight_x` is the transpose of its `weight_ih`, `weight_h` that of
/// `weight_hh`, and `bias` is `bias_ih + bias_hh`.
#[derive(Clone, Debug)]
pub struct LstmCell<F: Float = f32> {
    /// W, `[inputs, 4·hidden]`.
    pub weight_x: Tensor<F>,
    /// U, `[hidden, 4·hidden]`.
    pub weight_h: Tensor<F>,
    /// b, `[4·hidden]`.
    pub bias: Tensor<F>,
}
module!(LstmCell<F> { weight_x, weight_h, bias });

/// The state of an [`LstmCell`].
#[derive(Clone, Debug)]
pub struct LstmState<F: Float = f32> {
    /// The output, `[batch, hidden]`.
    pub h: Tensor<F>,
    /// The cell state, `[batch, hidden]`.
    pub c: Tensor<F>,
}
module!(LstmState<F> { h, c });

impl<F: Float> LstmCell<F> {
    /// Weights uniform on ±1/√hidden, biases 0, but 1 for the forget gate, so that the cell remembers at first
    /// (Jozefowicz, Zaremba & Sutskever 2015).
    #[track_caller]
    pub fn new(inputs: usize, hidden: usize, rng: &mut Rng) -> Self {
        let init = Init::Uniform(1.0 / (hidden.max(1) as f64).sqrt());
        let gates = gates("LstmCell", 4, hidden);
        let (weight_x, weight_h) =
            (init.weight(&[inputs, gates], rng), init.weight(&[hidden, gates], rng));
        let forget = (0..gates).map(|i| F::of(f64::from(i / hidden == 1))).collect();
        Self { weight_x, weight_h, bias: Tensor::new(forget, &[gates]) }
    }

    /// The size of the state.
    pub fn hidden(&self) -> usize {
        self.weight_h.shape()[0]
    }

    /// All zeros, for a batch of this size.
    #[track_caller]
    pub fn zero_state(&self, batch: usize) -> LstmState<F> {
        let zeros = Tensor::zeros(&[batch, self.hidden()]);
        LstmState { h: zeros.clone(), c: zeros }
    }

    /// One step on inputs `[batch, inputs]`.
    ///
    /// # Panics
    /// If the shapes do not fit.
    #[track_caller]
    pub fn step(&self, x: &Tensor<F>, state: &LstmState<F>) -> LstmState<F> {
        let gates = x.matmul(&self.weight_x) + state.h.matmul(&self.weight_h) + &self.bias;
        let states = gates.lstm_cell(&state.c);
        LstmState { h: states.index(0, 0), c: states.index(0, 1) }
    }
}

impl<F: Float> Cell<F> for LstmCell<F> {
    type State = LstmState<F>;

    #[track_caller]
    fn zero_state(&self, batch: usize) -> LstmState<F> {
        self.zero_state(batch)
    }

    #[track_caller]
    fn step(&self, x: &Tensor<F>, state: &LstmState<F>) -> LstmState<F> {
        self.step(x, state)
    }

    fn output(state: &LstmState<F>) -> &Tensor<F> {
        &state.h
    }
}

/// An LSTM of one or more layers over a sequence.
///
/// ```
/// use seedbed_autodiff::{Rng, Tensor};
/// use seedbed_nn::Lstm;
///
/// let lstm = Lstm::<f32>::new(3, 8, 2, &mut Rng::new(0));
/// let x = Tensor::zeros(&[4, 10, 3]);
/// let (y, states) = lstm.forward(&x, None);
/// assert_eq!(y.shape(), [4, 10, 8]);
/// // Go on where it stopped.
/// let (_, _) = lstm.forward(&x, Some(&states));
/// ```
#[derive(Clone, Debug)]
pub struct Lstm<F: Float = f32> {
    /// From the input to the output.
    pub layers: Vec<LstmCell<F>>,
}
module!(Lstm<F> { layers });

impl<F: Float> Lstm<F> {
    /// `layers` cells of `hidden` units, the first on `inputs` features.
    #[track_caller]
    pub fn new(inputs: usize, hidden: usize, layers: usize, rng: &mut Rng) -> Self {
        let mut cells = Vec::new();
        for layer in 0..layers {
            cells.push(LstmCell::new(if layer == 0 { inputs } else { hidden }, hidden, rng));
        }
        Self { layers: cells }
    }

    /// The outputs `[batch, time, hidden]` on `x` `[batch, time, inputs]`, and the last state of every layer.
    /// Without `initial` states, all are zero.
    ///
    /// # Panics
    /// If the shapes do not fit, or there is not one initial state a layer.
    #[track_caller]
    pub fn forward(
        &self,
        x: &Tensor<F>,
        initial: Option<&[LstmState<F>]>,
    ) -> (Tensor<F>, Vec<LstmState<F>>) {
        unroll("Lstm", &self.layers, x, initial)
    }
}
