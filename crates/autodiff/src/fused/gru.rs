//! The GRU cell after its matrix products.

use crate::kernels::rnn;
use crate::{Float, Fused, FusedCtx, Tensor};

#[derive(Debug)]
struct GruCell;

impl<F: Float> Fused<F, 3> for GruCell {
    /// r, z and n.
    type Saved = Vec<F>;

    fn name(&self) -> &'static str {
        "gru_cell"
    }

    fn reference(&self, [from_x, from_h, h]: [&Tensor<F>; 3]) -> Tensor<F> {
        let (x, s) = (from_x.chunk(-1, 3), from_h.chunk(-1, 3));
        let r = (&x[0] + &s[0]).sigmoid();
        let z = (&x[1] + &s[1]).sigmoid();
        let n = (&x[2] + r * &s[2]).tanh();
        &n + z * (h - &n)
    }

    fn forward(&self, [from_x, from_h, h]: [&Tensor<F>; 3]) -> (Tensor<F>, Vec<F>) {
        let (next, saved) = rnn::gru(from_x.data(), from_h.data(), h.data(), h.shape()[0]);
        (Tensor::new(next, h.shape()), saved)
    }

    fn vjp(&self, c: &FusedCtx<'_, F, Vec<F>, 3>, g: Tensor<F>) -> [Option<Tensor<F>>; 3] {
        let (from_h, h) = (c.x(1), c.x(2));
        let n = h.shape()[0];
        let d = rnn::gru_gradients(c.saved(), from_h.data(), h.data(), g.data(), n);
        [
            Some(Tensor::new(d.from_x, from_h.shape())),
            Some(Tensor::new(d.from_h, from_h.shape())),
            Some(Tensor::new(d.h, h.shape())),
        ]
    }
}

impl<F: Float> Tensor<F> {
    /// One step of a GRU (Cho et al. 2014), after its matrix products, in the form in which the reset gate follows the
    /// product (as in cuDNN and PyTorch, so that weights can be imported).
    ///
    /// `self` are the pre-activations of the input (W x + b, `[n, 3·hidden]`) and `from_h` those of the state (U h + b′, `[n, 3·hidden]`),
    /// both in the order r, z, n; `h` is the state `[n, hidden]`. The biases stay apart because only b′ meets the reset gate:
    ///
    /// r = σ(xᵣ + hᵣ),  z = σ(x_z + h_z),  n = tanh(xₙ + r ⊙ hₙ),  h′ = (1 − z) ⊙ n + z ⊙ h.
    ///
    /// # Panics
    /// If the shapes do not fit.
    ///
    /// ```
    /// use seedbed_autodiff::Tensor;
    /// let (zeros, h) = (Tensor::<f64>::zeros(&[1, 3]), Tensor::ones(&[1, 1]));
    /// assert_eq!(zeros.gru_cell(&zeros, &h).to_vec(), [0.5]); // half way from 1 to tanh(0)
    /// ```
    #[track_caller]
    pub fn gru_cell(&self, from_h: &Self, h: &Self) -> Self {
        let fit = matches!((self.shape(), h.shape()), (&[n, gates], &[m, hidden]) if n == m && hidden.checked_mul(3) == Some(gates));
        assert!(
            fit && from_h.shape() == self.shape(),
            "gru_cell: needs two pre-activations [n, 3·hidden] and a state [n, hidden], got {:?}, {:?} and {:?}",
            self.shape(),
            from_h.shape(),
            h.shape()
        );
        Tensor::fused(GruCell, [self, from_h, h])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Rng, check_fused};

    fn fast_equals_reference<F: Float>(tolerance: f64) {
        for (n, hidden) in [(1, 1), (3, 5), (2, 16), (4, 33), (0, 3), (2, 0), (300, 24)] {
            let rng = &mut Rng::new(1);
            let [x, s] =
                std::array::from_fn(|_| Tensor::<F>::normal(&[n, 3 * hidden], 0.0, 2.0, rng));
            let h = Tensor::normal(&[n, hidden], 0.0, 1.0, rng);
            check_fused(|| GruCell, [&x, &s, &h], tolerance);
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
    #[should_panic(expected = "got [2, 6], [2, 6] and [2, 3]")]
    fn shapes_must_fit() {
        let x = Tensor::<f32>::zeros(&[2, 6]);
        let _ = x.gru_cell(&x, &Tensor::zeros(&[2, 3]));
    }
}
