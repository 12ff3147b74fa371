//! Reading from a memory.

use super::{dims, heads, sizes};
use crate::kernels::memory;
use crate::{Float, Fused, FusedCtx, Tensor};

#[derive(Debug)]
struct Read;

impl<F: Float> Fused<F, 2> for Read {
    type Saved = ();

    fn name(&self) -> &'static str {
        "memory_read"
    }

    fn reference(&self, [memory, w]: [&Tensor<F>; 2]) -> Tensor<F> {
        w.matmul(memory)
    }

    fn forward(&self, [memory, w]: [&Tensor<F>; 2]) -> (Tensor<F>, ()) {
        let dims = dims(memory, w);
        (Tensor::new(memory::read(memory.data(), w.data(), dims), &dims), ())
    }

    fn vjp(&self, c: &FusedCtx<'_, F, (), 2>, g: Tensor<F>) -> [Option<Tensor<F>>; 2] {
        let (memory, w) = (c.x(0), c.x(1));
        let mut d = [c.gradient(0), c.gradient(1)];
        let x = [memory.data(), w.data(), g.data()];
        memory::read_gradients(x, d.each_mut().map(Tensor::data_mut), dims(memory, w));
        d.map(Some)
    }
}

/// Reading.
impl<F: Float> Tensor<F> {
    /// What heads with attention w `[batch, heads, rows]` read from this memory `[batch, rows, width]` (Graves, Wayne & Danihelka 2014,
    /// equation 2): r = Σᵢ wᵢ Mᵢ, `[batch, heads, width]`.
    ///
    /// # Panics
    /// If the shapes do not fit.
    ///
    /// ```
    /// use seedbed_autodiff::Tensor;
    /// let memory = Tensor::<f32>::new(vec![1.0, 2.0, 3.0, 4.0], &[1, 2, 2]);
    /// let w = Tensor::new(vec![0.5, 0.5], &[1, 1, 2]);
    /// assert_eq!(memory.memory_read(&w).to_vec(), [2.0, 3.0]);
    /// ```
    #[track_caller]
    pub fn memory_read(&self, attention: &Self) -> Self {
        let [batch, rows, _] = sizes("memory_read", self);
        heads("memory_read", "the attention", attention, batch, rows);
        Tensor::fused(Read, [self, attention])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check_fused;
    use crate::fused::memory::tests::attended;

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
    #[should_panic(expected = "memory_read: the attention must be [1, heads, 2], got [1, 1, 3]")]
    fn attention_must_fit() {
        let _ = Tensor::<f32>::zeros(&[1, 2, 2]).memory_read(&Tensor::zeros(&[1, 1, 3]));
    }
}
