//! Links between rows that were written one after the other.

use seedbed_autodiff::{Float, Fused, FusedCtx, Tensor};

use crate::kernels;

#[derive(Debug)]
struct Links;

impl<F: Float> Fused<F, 3> for Links {
    type Saved = ();

    fn name(&self) -> &'static str {
        "memory::links"
    }

    fn reference(&self, [before, precedence, w]: [&Tensor<F>; 3]) -> Tensor<F> {
        let (row, column) = (w.unsqueeze(3), w.unsqueeze(2));
        let off_diagonal = 1.0 - Tensor::eye(w.shape()[2]);
        ((1.0 - &row - column) * before + row * precedence.unsqueeze(2)) * off_diagonal
    }

    fn forward(&self, x: [&Tensor<F>; 3]) -> (Tensor<F>, ()) {
        let links = kernels::links(x.map(Tensor::data), heads(x[2]));
        (Tensor::new(links, x[0].shape()), ())
    }

    fn vjp(&self, c: &FusedCtx<'_, F, (), 3>, g: Tensor<F>) -> [Option<Tensor<F>>; 3] {
        let x = [0, 1, 2].map(|i| c.x(i).data());
        let mut d = [0, 1, 2].map(|i| c.gradient(i));
        let heads = heads(c.x(2));
        kernels::links_gradients(x, g.data(), d.each_mut().map(Tensor::data_mut), heads);
        d.map(Some)
    }
}

/// Heads of all examples, from their attention.
fn heads<F: Float>(w: &Tensor<F>) -> usize {
    w.shape()[0] * w.shape()[1]
}

/// The temporal links of a Differentiable Neural Computer (Graves et al. 2016), from the links `before` `[batch, heads, N, N]`, the
/// precedence pₜ₋₁ (where each head wrote last) and the attention wₜ of heads that write, both `[batch, heads, N]`:
///
/// Lᵢⱼ ← (1 − wᵢ − wⱼ) Lᵢⱼ + wᵢ pⱼ,  Lᵢᵢ = 0.
///
/// Lᵢⱼ is near 1 if row i was written right after row j.
///
/// # Panics
/// If the shapes do not fit.
///
/// ```
/// use seedbed_autodiff::Tensor;
/// use seedbed_ntm::memory;
/// // Row 0 was written before, row 1 is now.
/// let [first, second] = [[1.0, 0.0], [0.0, 1.0]].map(|x| Tensor::<f32>::new(x.to_vec(), &[1, 1, 2]));
/// let links = memory::links(&Tensor::zeros(&[1, 1, 2, 2]), &first, &second);
/// assert_eq!(links.to_vec(), [0.0, 0.0, 1.0, 0.0]);
/// ```
#[track_caller]
pub fn links<F: Float>(
    before: &Tensor<F>,
    precedence: &Tensor<F>,
    attention: &Tensor<F>,
) -> Tensor<F> {
    let fits = match (before.shape(), attention.shape()) {
        (&[batch, heads, n, m], w) => n == m && n > 0 && *w == [batch, heads, n],
        _ => false,
    };
    assert!(
        fits && precedence.shape() == attention.shape(),
        "memory::links: needs links [batch, heads, N, N] of N > 0 rows, precedence and attention [batch, heads, N], got {:?}, {:?} and {:?}",
        before.shape(),
        precedence.shape(),
        attention.shape()
    );
    Tensor::fused(Links, [before, precedence, attention])
}

#[cfg(test)]
mod tests {
    use seedbed_autodiff::{Rng, check_fused};

    use super::*;

    fn fast_equals_reference<F: Float>(tolerance: f64) {
        for [batch, heads, n] in
            [[1, 1, 1], [2, 3, 5], [1, 1, 64], [3, 2, 13], [0, 1, 2], [2, 0, 3]]
        {
            let rng = &mut Rng::new(1);
            let before = Tensor::<F>::uniform(&[batch, heads, n, n], 0.0, 1.0, rng);
            let mut soft = || Tensor::normal(&[batch, heads, n], 0.0, 2.0, rng).softmax(2);
            check_fused(|| Links, [&before, &soft(), &soft()], tolerance);
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
    #[should_panic(expected = "memory::links: needs links [batch, heads, N, N] of N > 0 rows")]
    fn links_are_square() {
        let w = Tensor::<f32>::zeros(&[1, 1, 2]);
        let _ = links(&Tensor::zeros(&[1, 1, 2, 3]), &w, &w);
    }
}
