//! The LSTM cell after its matrix products.

use crate::kernels::rnn;
use crate::{Float, Fused, FusedCtx, Tensor};

#[derive(Debug)]
struct LstmCell;

impl<F: Float> Fused<F, 2> for LstmCell {
    /// i, f, g, o and tanh(c′).
    type Saved = Vec<F>;

    fn name(&self) -> &'static str {
        "lstm_cell"
    }

    fn reference(&self, [gates, c]: [&Tensor<F>; 2]) -> Tensor<F> {
        let gates = gates.chunk(-1, 4);
        let (i, f, o) = (gates[0].sigmoid(), gates[1].sigmoid(), gates[3].sigmoid());
        let c = f * c + i * gates[2].tanh();
        Tensor::stack(&[o * c.tanh(), c], 0)
    }

    fn forward(&self, [gates, c]: [&Tensor<F>; 2]) -> (Tensor<F>, Vec<F>) {
        let [n, hidden] = [c.shape()[0], c.shape()[1]];
        let (states, saved) = rnn::lstm(gates.data(), c.data(), n);
        (Tensor::new(states, &[2, n, hidden]), saved)
    }

    fn vjp(&self, ctx: &FusedCtx<'_, F, Vec<F>, 2>, g: Tensor<F>) -> [Option<Tensor<F>>; 2] {
        let (gates, c) = (ctx.x(0), ctx.x(1));
        let (d_gates, d_c) = rnn::lstm_gradients(ctx.saved(), c.data(), g.data(), c.shape()[0]);
        [Some(Tensor::new(d_gates, gates.shape())), Some(Tensor::new(d_c, c.shape()))]
    }
}

/// Recurrent cells.
impl<F: Float> Tensor<F> {
    /// One step of an LSTM (Hochreiter & Schmidhuber 1997; with the forget gate of Gers et al. 2000), after its matrix products.
    ///
    /// `self` holds the pre-activations `[n, 4·hidden]` of the gates in the order i, f, g, o (as in PyTorch, so that
    /// weights can be imported), `c` is the cell state `[n, hidden]`:
    ///
    /// c′ = σ(f) ⊙ c + σ(i) ⊙ tanh(g),  h′ = σ(o) ⊙ tanh(c′).
    ///
    /// Returns h′ and c′ as `[2, n, hidden]`; `.index(0, 0)` is h′ and `.index(0, 1)` is c′.
    ///
    /// # Panics
    /// If the shapes do not fit.
    ///
    /// ```
    /// use seedbed_autodiff::Tensor;
    /// let (gates, c) = (Tensor::<f64>::zeros(&[1, 4]), Tensor::ones(&[1, 1]));
    /// let c_next = gates.lstm_cell(&c).index(0, 1);
    /// assert_eq!(c_next.to_vec(), [0.5]); // σ(0) · 1 + σ(0) · tanh(0)
    /// ```
    #[track_caller]
    pub fn lstm_cell(&self, c: &Self) -> Self {
        assert!(
            matches!((self.shape(), c.shape()), (&[n, gates], &[m, hidden]) if n == m && hidden.checked_mul(4) == Some(gates)),
            "lstm_cell: needs pre-activations [n, 4·hidden] and a cell state [n, hidden], got {:?} and {:?}",
            self.shape(),
            c.shape()
        );
        Tensor::fused(LstmCell, [self, c])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Rng, check_fused};

    fn fast_equals_reference<F: Float>(tolerance: f64) {
        for (n, hidden) in [(1, 1), (3, 5), (2, 16), (4, 33), (0, 3), (2, 0), (300, 24)] {
            let rng = &mut Rng::new(1);
            let gates = Tensor::<F>::normal(&[n, 4 * hidden], 0.0, 2.0, rng);
            let c = Tensor::normal(&[n, hidden], 0.0, 1.0, rng);
            check_fused(|| LstmCell, [&gates, &c], tolerance);
        }
    }

    #[test]
    fn fast_equals_reference_f32() {
        fast_equals_reference::<f32>(1e-6);
    }

    #[test]
    fn fast_equals_reference_f64() {
        fast_equals_reference::<f64>(1e-14);
    }

    #[test]
    #[should_panic(expected = "got [2, 8] and [2, 3]")]
    fn shapes_must_fit() {
        let _ = Tensor::<f32>::zeros(&[2, 8]).lstm_cell(&Tensor::zeros(&[2, 3]));
    }
}
