use seedbed_autodiff::{Float, Rng, Tensor, module};
use seedbed_nn::{Init, LstmCell, LstmState};

use super::Controller;

/// A stack of LSTM cells whose first state is learnt.
///
/// The gates of the first layer are x Wₓ + [r, h] W + b: the product with the inputs of all steps is one matrix product, the other is one
/// a step. Gates stand in the order i, f, g, o.
#[derive(Clone, Debug)]
pub struct LstmController<F: Float = f32> {
    /// Wₓ, `[inputs, 4·hidden]`.
    pub weight_x: Tensor<F>,
    /// W, `[reads + hidden, 4·hidden]`.
    pub weight_rh: Tensor<F>,
    /// b, `[4·hidden]`.
    pub bias: Tensor<F>,
    /// The layers after the first.
    pub layers: Vec<LstmCell<F>>,
    /// The states before the first step, one a layer, each `[1, hidden]`; 0 before training.
    pub first: Vec<LstmState<F>>,
}
module!(LstmController<F> { weight_x, weight_rh, bias, layers, first });

/// The states of all layers.
pub type LstmControllerState<F> = Vec<LstmState<F>>;

impl<F: Float> LstmController<F> {
    /// `layers` layers of `hidden` units on `inputs` numbers and `reads` numbers that were read. Initialised as
    /// [`LstmCell::new`].
    ///
    /// # Panics
    /// If there is no layer.
    #[track_caller]
    pub fn new(inputs: usize, reads: usize, hidden: usize, layers: usize, rng: &mut Rng) -> Self {
        assert!(layers >= 1, "LstmController: needs at least one layer");
        let mut cells =
            (0..layers).map(|i| LstmCell::new(if i == 0 { inputs } else { hidden }, hidden, rng));
        let LstmCell { weight_x, weight_h, bias } = cells.next().expect("at least one layer");
        let layers: Vec<_> = cells.collect();
        let init = Init::Uniform(1.0 / (hidden.max(1) as f64).sqrt());
        let weight_r = init.weight(&[reads, 4 * hidden], rng);
        let zeros = Tensor::zeros(&[1, hidden]);
        let first = LstmState { h: zeros.clone(), c: zeros };
        Self {
            weight_x,
            weight_rh: Tensor::concat(&[weight_r, weight_h], 0),
            bias,
            first: vec![first; 1 + layers.len()],
            layers,
        }
    }

    fn hidden(&self) -> usize {
        self.bias.len() / 4
    }
}

impl<F: Float> Controller<F> for LstmController<F> {
    type State = LstmControllerState<F>;

    fn inputs(&self) -> usize {
        self.weight_x.shape()[0]
    }

    fn reads(&self) -> usize {
        self.weight_rh.shape()[0] - self.hidden()
    }

    fn outputs(&self) -> usize {
        self.hidden()
    }

    fn start(&self, batch: usize) -> Self::State {
        let all = |x: &Tensor<F>| x.broadcast_to(&[batch, self.hidden()]);
        self.first.iter().map(|s| LstmState { h: all(&s.h), c: all(&s.c) }).collect()
    }

    #[track_caller]
    fn prepare(&self, inputs: &Tensor<F>) -> Tensor<F> {
        inputs.linear(&self.weight_x, Some(&self.bias), Default::default())
    }

    #[track_caller]
    fn step(
        &self,
        prepared: &Tensor<F>,
        reads: &Tensor<F>,
        state: &Self::State,
    ) -> (Tensor<F>, Self::State) {
        let (below, above) = state.split_first().expect("at least one layer");
        let gates = prepared + Tensor::concat(&[reads, &below.h], 1).matmul(&self.weight_rh);
        let both = gates.lstm_cell(&below.c);
        let mut next = vec![LstmState { h: both.index(0, 0), c: both.index(0, 1) }];
        for (cell, state) in self.layers.iter().zip(above) {
            next.push(cell.step(&next[next.len() - 1].h, state));
        }
        (next[next.len() - 1].h.clone(), next)
    }
}
