use seedbed_autodiff::{Float, Rng, Tensor, module};
use seedbed_nn::{Init, Linear, LstmState};

use super::Controller;

/// A stack of LSTM cells whose first state is learnt.
///
/// The gates of a layer are [x, r, h] W + b in the first and [h below, h] W + b above: one product a step. They stand in the order
/// i, f, g, o.
#[derive(Clone, Debug)]
pub struct LstmController<F: Float = f32> {
    /// W, `[inputs + reads + hidden, 4·hidden]` in the first, `[2·hidden, 4·hidden]` above, and b.
    pub layers: Vec<Linear<F>>,
    /// The states before the first step, one a layer, each `[1, hidden]`; 0 before training.
    pub first: Vec<LstmState<F>>,
    /// Elements of r.
    pub reads: usize,
}
module!(LstmController<F> { layers, first } config { reads });

/// The states of all layers.
pub type LstmControllerState<F> = Vec<LstmState<F>>;

impl<F: Float> LstmController<F> {
    /// `layers` layers of `hidden` units on `inputs` elements and `reads` elements that were read: weights uniform on ±1/√hidden, biases 0, but 1
    /// for the forget gate, as in [`LstmCell`](seedbed_nn::LstmCell).
    ///
    /// # Panics
    /// If there is no layer.
    #[track_caller]
    pub fn new(inputs: usize, reads: usize, hidden: usize, layers: usize, rng: &mut Rng) -> Self {
        assert!(layers >= 1, "LstmController: needs at least one layer");
        let init = Init::Uniform(1.0 / (hidden.max(1) as f64).sqrt());
        let forget = (0..4 * hidden).map(|i| F::of(f64::from(i / hidden == 1))).collect();
        let forget = Tensor::new(forget, &[4 * hidden]);
        let mut layer = |i| {
            let width = if i == 0 { inputs + reads } else { hidden };
            let linear = Linear::with_init(width + hidden, 4 * hidden, init, rng);
            Linear { bias: Some(forget.clone()), ..linear }
        };
        let zeros = Tensor::zeros(&[1, hidden]);
        let first = LstmState { h: zeros.clone(), c: zeros };
        Self { layers: (0..layers).map(&mut layer).collect(), first: vec![first; layers], reads }
    }
}

impl<F: Float> Controller<F> for LstmController<F> {
    type State = LstmControllerState<F>;

    fn inputs(&self) -> usize {
        self.layers[0].weight.shape()[0] - self.reads - self.outputs()
    }

    fn reads(&self) -> usize {
        self.reads
    }

    fn outputs(&self) -> usize {
        self.first[0].h.shape()[1]
    }

    fn start(&self, batch: usize) -> Self::State {
        let all = |x: &Tensor<F>| x.broadcast_to(&[batch, self.outputs()]);
        self.first.iter().map(|s| LstmState { h: all(&s.h), c: all(&s.c) }).collect()
    }

    #[track_caller]
    fn step(
        &self,
        x: &Tensor<F>,
        reads: &Tensor<F>,
        state: &Self::State,
    ) -> (Tensor<F>, Self::State) {
        let mut next: Self::State = Vec::with_capacity(self.layers.len());
        for (layer, state) in self.layers.iter().zip(state) {
            let input = match next.last() {
                None => Tensor::concat(&[x, reads, &state.h], 1),
                Some(below) => Tensor::concat(&[&below.h, &state.h], 1),
            };
            let both = layer.forward(&input).lstm_cell(&state.c);
            next.push(LstmState { h: both.index(0, 0), c: both.index(0, 1) });
        }
        (next[next.len() - 1].h.clone(), next)
    }
}
