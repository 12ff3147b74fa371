//! Writing to a memory.

use seedbed_autodiff::{Float, Fused, FusedCtx, Tensor};

use super::{dims, heads, sizes};
use crate::kernels;

#[derive(Debug)]
struct Write;

impl<F: Float> Fused<F, 4> for Write {
    type Saved = ();

    fn name(&self) -> &'static str {
        "memory::write"
    }

    fn reference(&self, [memory, w, erase, add]: [&Tensor<F>; 4]) -> Tensor<F> {
        let keep = 1.0 - w.unsqueeze(3) * erase.unsqueeze(2);
        memory * keep.prod(1) + w.matmul_tn(add)
    }

    fn forward(&self, x: [&Tensor<F>; 4]) -> (Tensor<F>, ()) {
        let memory = kernels::write(x.map(Tensor::data), dims(x[0], x[1]));
        (Tensor::new(memory, x[0].shape()), ())
    }

    fn vjp(&self, c: &FusedCtx<'_, F, (), 4>, g: Tensor<F>) -> [Option<Tensor<F>>; 4] {
        let x = [0, 1, 2, 3].map(|i| c.x(i).data());
        let mut d = [0, 1, 2, 3].map(|i| c.gradient(i));
        let dims = dims(c.x(0), c.x(1));
        kernels::write_gradients(x, g.data(), d.each_mut().map(Tensor::data_mut), dims);
        d.map(Some)
    }
}

/// A memory `[batch, N, M]` after heads with attention w `[batch, heads, N]` erased e and added a, both `[batch, heads, M]`
/// (Graves, Wayne & Danihelka 2014, equations 3 and 4):
///
/// M′ᵢ = Mᵢ ⊙ Π (1 − wᵢ e) + Σ wᵢ a,  product and sum over the heads.
///
/// # Panics
/// If the shapes do not fit.
///
/// ```
/// use seedbed_autodiff::Tensor;
/// use seedbed_ntm::memory;
/// let rows = Tensor::<f32>::new(vec![1.0, 2.0], &[1, 2, 1]);
/// let [w, one, ten] = [vec![0.0, 1.0], vec![1.0], vec![10.0]].map(|x| {
///     let n = x.len();
///     Tensor::new(x, &[1, 1, n])
/// });
/// assert_eq!(memory::write(&rows, &w, &one, &ten).to_vec(), [1.0, 10.0]);
/// ```
#[track_caller]
pub fn write<F: Float>(
    memory: &Tensor<F>,
    attention: &Tensor<F>,
    erase: &Tensor<F>,
    add: &Tensor<F>,
) -> Tensor<F> {
    let op = "memory::write";
    let [batch, rows, width] = sizes(op, memory);
    let n = [
        heads(op, "the attention", attention, batch, rows),
        heads(op, "erase", erase, batch, width),
        heads(op, "add", add, batch, width),
    ];
    assert!(
        n[0] == n[1] && n[0] == n[2],
        "{op}: attention of {} heads, erase of {}, add of {}",
        n[0],
        n[1],
        n[2]
    );
    Tensor::fused(Write, [memory, attention, erase, add])
}

#[cfg(test)]
mod tests {
    use seedbed_autodiff::{check_fused, grad};

    use super::*;
    use crate::memory::tests::attended;

    fn fast_equals_reference<F: Float>(tolerance: f64) {
        for (memory, w, mut rng) in attended::<F>() {
            let rng = &mut rng;
            let (batch, heads, width) = (w.shape()[0], w.shape()[1], memory.shape()[2]);
            let erase = Tensor::uniform(&[batch, heads, width], 0.0, 1.0, rng);
            let add = Tensor::normal(&[batch, heads, width], 0.0, 1.0, rng);
            check_fused(|| Write, [&memory, &w, &erase, &add], tolerance);
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
    fn what_is_erased_wholly_still_has_a_gradient() {
        // Two heads erase the same row: the product of the factors is 0, the gradient is not found by a division.
        let (memory, one) = (Tensor::<f64>::full(&[1, 1, 1], 3.0), Tensor::ones(&[1, 2, 1]));
        let zero = Tensor::zeros(&[1, 2, 1]);
        let half = Tensor::new(vec![1.0, 0.5], &[1, 2, 1]);
        let d = grad(&half, |e| write(&memory, &one, e, &zero).sum(..));
        assert_eq!(d.to_vec(), [-1.5, 0.0]);
    }

    #[test]
    #[should_panic(expected = "memory::write: attention of 1 heads, erase of 2, add of 1")]
    fn heads_must_agree() {
        let x = |heads| Tensor::<f32>::zeros(&[1, heads, 2]);
        let _ = write(&x(2), &x(1), &x(2), &x(1));
    }
}
