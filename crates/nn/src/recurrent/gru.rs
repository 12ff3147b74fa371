use seedbed_autodiff::{Float, Rng, Tensor, module};

use super::{Cell, gates, unroll};
use crate::Init;

/// A cell of a GRU (Cho et al. 2014), with the reset gate after the matrix product (as in cuDNN and PyTorch).
///
/// r = σ(x Wᵣ + bᵣ + h Uᵣ + b′ᵣ), z alike, n = tanh(x Wₙ + bₙ + r ⊙ (h Uₙ + b′ₙ)),  h′ = (1 − z) ⊙ n + z ⊙ h.
///
/// The gates stand in the order r, z, n, as in PyTorch: `weight_x` is the transpose of its `weight_ih`, `weight_h` that of
/// `weight_hh`.
#[derive(Clone, Debug)]
pub struct GruCell<F: Float = f32> {
    /// W, `[inputs, 3·hidden]`.
    pub weight_x: Tensor<F>,
    /// U, `[hidden, 3·hidden]`.
    pub weight_h: Tensor<F>,
    /// b, `[3·hidden]`.
    pub bias_x: Tensor<F>,
    /// b′, `[3·hidden]`.
    pub bias_h: Tensor<F>,
}
module!(GruCell<F> { weight_x, weight_h, bias_x, bias_h });

impl<F: Float> GruCell<F> {
    /// Weights uniform on ±1/√hidden, biases 0.
    #[track_caller]
    pub fn new(inputs: usize, hidden: usize, rng: &mut Rng) -> Self {
        let init = Init::Uniform(1.0 / (hidden.max(1) as f64).sqrt());
        let gates = gates("GruCell", 3, hidden);
        Self {
            weight_x: init.weight(&[inputs, gates], rng),
            weight_h: init.weight(&[hidden, gates], rng),
            bias_x: Tensor::zeros(&[gates]),
            bias_h: Tensor::zeros(&[gates]),
        }
    }

    /// The size of the state.
    pub fn hidden(&self) -> usize {
        self.weight_h.shape()[0]
    }

    /// All zeros, for a batch of this size.
    #[track_caller]
    pub fn zero_state(&self, batch: usize) -> Tensor<F> {
        Tensor::zeros(&[batch, self.hidden()])
    }

    /// The state `[batch, hidden]` after one step on inputs `[batch, inputs]`.
    ///
    /// # Panics
    /// If the shapes do not fit.
    #[track_caller]
    pub fn step(&self, x: &Tensor<F>, h: &Tensor<F>) -> Tensor<F> {
        let from_x = x.matmul(&self.weight_x) + &self.bias_x;
        let from_h = h.matmul(&self.weight_h) + &self.bias_h;
        from_x.gru_cell(&from_h, h)
    }
}

impl<F: Float> Cell<F> for GruCell<F> {
    type State = Tensor<F>;

    #[track_caller]
    fn zero_state(&self, batch: usize) -> Tensor<F> {
        self.zero_state(batch)
    }

    #[track_caller]
    fn step(&self, x: &Tensor<F>, h: &Tensor<F>) -> Tensor<F> {
        self.step(x, h)
    }

    fn output(state: &Tensor<F>) -> &Tensor<F> {
        state
    }
}

/// A GRU of one or more layers over a sequence.
///
/// ```
/// use seedbed_autodiff::{Rng, Tensor};
/// use seedbed_nn::Gru;
///
/// let gru = Gru::<f32>::new(3, 8, 1, &mut Rng::new(0));
/// let (y, states) = gru.forward(&Tensor::zeros(&[4, 10, 3]), None);
/// assert_eq!((y.shape(), states[0].shape()), (&[4, 10, 8][..], &[4, 8][..]));
/// ```
#[derive(Clone, Debug)]
pub struct Gru<F: Float = f32> {
    /// From the input to the output.
    pub layers: Vec<GruCell<F>>,
}
module!(Gru<F> { layers });

impl<F: Float> Gru<F> {
    /// `layers` cells of `hidden` units, the first on `inputs` features.
    #[track_caller]
    pub fn new(inputs: usize, hidden: usize, layers: usize, rng: &mut Rng) -> Self {
        let mut cells = Vec::new();
        for layer in 0..layers {
            cells.push(GruCell::new(if layer == 0 { inputs } else { hidden }, hidden, rng));
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
        initial: Option<&[Tensor<F>]>,
    ) -> (Tensor<F>, Vec<Tensor<F>>) {
        unroll("Gru", &self.layers, x, initial)
    }
}
