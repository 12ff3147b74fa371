//! Reading from a memory.

use seedbed_autodiff::{Float, Fused, FusedCtx, Tensor};

use super::{dims, heads, sizes};
use crate::kernels;

#[derive(Debug)]
struct Read;

impl<F: Float> Fused<F, 2> for Read {
    type Saved = ();

    fn name(&self) -> &'static str {
        "memory::read"
    }

    fn reference(&self, [memory, w]: [&Tensor<F>; 2]) -> Tensor<F> {
        w.matmul(memory)
    }

    fn forward(&self, [memory, w]: [&Tensor<F>; 2]) -> (Tensor<F>, ()) {
        let dims = dims(memory, w);
        (Tensor::new(kernels::read(memory.data(), w.data(), dims), &dims), ())
    }

    fn vjp(&self, c: &FusedCtx<'_, F, (), 2>, g: Tensor<F>) -> [Option<Tensor<F>>; 2] {
        let (memory, w) = (c.x(0), c.x(1));
        let mut d = [c.gradient(0), c.gradient(1)];
        let x = [memory.data(), w.data(), g.data()];
        kernels::read_gradients(x, d.each_mut().map(Tensor::data_mut), dims(memory, w));
        d.map(Some)
    }
}

/// What heads with attention w `[batch, heads, N]` read from a memory `[batch, N, M]` (Graves, Wayne & Danihelka 2014, equation 2):
/// r = Σᵢ wᵢ Mᵢ, `[batch, heads, M]`.
///
/// # Panics
/// If the shapes do not fit.
///
/// ```
/// use seedbed_autodiff::Tensor;
/// use seedbed_ntm::memory;
/// let rows = Tensor::<f32>::new(vec![1.0, 2.0, 3.0, 4.0], &[1, 2, 2]);
/// let w = Tensor::new(vec![0.5, 0.5], &[1, 1, 2]);
/// assert_eq!(memory::read(&rows, &w).to_vec(), [2.0, 3.0]);
/// ```
#[track_caller]
pub fn read<F: Float>(memory: &Tensor<F>, attention: &Tensor<F>) -> Tensor<F> {
    let op = "memory::read";
    let [batch, rows, _] = sizes(op, memory);
    heads(op, "the attention", attention, batch, rows);
    Tensor::fused(Read, [memory, attention])
}

#[cfg(test)]
mod tests {
    use seedbed_autodiff::check_fused;

    use super::*;
    use crate::memory::tests::attended;

    fn fast_equals_reference<F: Float>(tolerance: f64) {
        for (memory, w, _) in attended::<F>() {
            check_fused(|| Read, [&memory, &w], tolerance);
        }
    }

    #[test]
    fn fast_equals_reference_f32() {
        fast_equals_reference::<f32>(1e-5);
    }

    #[test]
    fn fast_equals_reference_f64() {
        fast_equals_reference::<f64>(1e-13);
    }

    #[test]
    #[should_panic(expected = "memory::read: the attention must be [1, heads, 2], got [1, 1, 3]")]
    fn attention_must_fit() {
        let _ = read(&Tensor::<f32>::zeros(&[1, 2, 2]), &Tensor::zeros(&[1, 1, 3]));
    }
}
