//! How heads find their place in a memory.

use super::{heads, odd, positive, sizes};
use crate::kernels::memory::{Attended, Attention};
use crate::{Float, Fused, FusedCtx, Tensor};

/// Added before a logarithm: far below any weight that matters, far above underflow.
const TINY: f64 = 1e-16;

/// softmaxᵢ(softplus(β) cos(k, Mᵢ)), from raw numbers k, β.
fn content<F: Float>(
    memory: &Tensor<F>,
    key: &Tensor<F>,
    strength: &Tensor<F>,
    eps: f64,
) -> Tensor<F> {
    let over_norm = |x: &Tensor<F>| (x.square().sum_keepdim(2) + eps).rsqrt();
    let over_norms = over_norm(memory).swap_axes(1, 2) * over_norm(key);
    let cosine = key.matmul_nt(memory) * over_norms;
    (strength.softplus() * cosine).softmax(2)
}

fn value<F: Float>(
    attention: Attention,
    x: [&Tensor<F>; 3],
    shape: &[usize],
) -> (Tensor<F>, Vec<F>) {
    let Attended { attention, saved } = attention.forward(x.map(Tensor::data), shape[0]);
    (Tensor::new(attention, shape), saved)
}

/// By content alone.
impl<F: Float> Fused<F, 2> for Attention {
    type Saved = Vec<F>;

    fn name(&self) -> &'static str {
        "memory_content"
    }

    fn reference(&self, [memory, raw]: [&Tensor<F>; 2]) -> Tensor<F> {
        let parts = raw.split(2, &[self.width, 1]);
        content(memory, &parts[0], &parts[1], self.eps)
    }

    fn forward(&self, [memory, raw]: [&Tensor<F>; 2]) -> (Tensor<F>, Vec<F>) {
        let shape = [memory.shape()[0], raw.shape()[1], memory.shape()[1]];
        value(*self, [memory, raw, &Tensor::zeros(&[0])], &shape)
    }

    fn vjp(&self, c: &FusedCtx<'_, F, Vec<F>, 2>, g: Tensor<F>) -> [Option<Tensor<F>>; 2] {
        let attended = [c.y().data(), c.saved(), g.data()];
        let mut d = [c.gradient(0), c.gradient(1)];
        let [memory, raw] = d.each_mut().map(Tensor::data_mut);
        let x = [c.x(0).data(), c.x(1).data(), &[]];
        self.backward(x, attended, [memory, raw, &mut []], g.shape()[0]);
        d.map(Some)
    }
}

/// By content and by place.
impl<F: Float> Fused<F, 3> for Attention {
    type Saved = Vec<F>;

    fn name(&self) -> &'static str {
        "memory_attention"
    }

    fn reference(&self, [memory, raw, before]: [&Tensor<F>; 3]) -> Tensor<F> {
        let shifts = self.shifts.expect("attention by place has shifts");
        let parts = raw.split(2, &[self.width, 1, 1, shifts, 1]);
        let content = content(memory, &parts[0], &parts[1], self.eps);
        let gate = parts[2].sigmoid();
        let interpolated = &gate * content + (1.0 - &gate) * before;
        let range = (shifts / 2) as isize;
        let shares = parts[3].softmax(2).split(2, &vec![1; shifts]);
        let shifted = shares.iter().zip(-range..).map(|(s, by)| s * interpolated.roll(2, by));
        let shifted = shifted.reduce(|a, b| a + b).expect("at least one shift");
        let sharpness = parts[4].softplus() + 1.0;
        (sharpness * (shifted + TINY).ln()).softmax(2)
    }

    fn forward(&self, x: [&Tensor<F>; 3]) -> (Tensor<F>, Vec<F>) {
        value(*self, x, x[2].shape())
    }

    fn vjp(&self, c: &FusedCtx<'_, F, Vec<F>, 3>, g: Tensor<F>) -> [Option<Tensor<F>>; 3] {
        let attended = [c.y().data(), c.saved(), g.data()];
        let mut d = [0, 1, 2].map(|i| c.gradient(i));
        let x = [0, 1, 2].map(|i| c.x(i).data());
        self.backward(x, attended, d.each_mut().map(Tensor::data_mut), g.shape()[0]);
        d.map(Some)
    }
}

/// Attention over the rows of a memory.
impl<F: Float> Tensor<F> {
    /// Attention by content (Graves, Wayne & Danihelka 2014, equations 5 and 6): of each head over the rows Mᵢ of this memory `[batch, rows, width]`,
    ///
    /// wᵢ = softmaxᵢ(softplus(β) cos(k, Mᵢ)),  cos(u, v) = u·v / √((‖u‖² + ε)(‖v‖² + ε)).
    ///
    /// `raw` is `[batch, heads, width + 1]`: k, then β. Returns `[batch, heads, rows]`.
    ///
    /// # Panics
    /// If the shapes do not fit, or `eps` is not above 0.
    ///
    /// ```
    /// use seedbed_autodiff::Tensor;
    /// let memory = Tensor::<f64>::new(vec![1.0, 0.0, 0.0, 1.0], &[1, 2, 2]);
    /// let looks_for_the_second = Tensor::new(vec![0.0, 3.0, 20.0], &[1, 1, 3]);
    /// let w = memory.memory_content(&looks_for_the_second, 1e-6);
    /// assert!(w.data()[1] > 0.999);
    /// ```
    #[track_caller]
    pub fn memory_content(&self, raw: &Self, eps: f64) -> Self {
        let op = "memory_content";
        let [batch, _, width] = sizes(op, self);
        let attention = Attention { width, shifts: None, eps };
        heads(op, "the raw numbers", raw, batch, attention.numbers());
        positive(op, eps);
        Tensor::fused(attention, [self, raw])
    }

    /// Attention by content and by place (the same paper, equations 5 to 9): of each head over the N rows Mᵢ of this memory
    /// `[batch, N, width]`, from its attention at the step before, w₋₁, `[batch, heads, N]`:
    ///
    /// ```text
    /// wᶜᵢ = softmaxᵢ(softplus(β) cos(k, Mᵢ))                      by content, as memory_content
    /// wᵍ  = σ(g) wᶜ + (1 − σ(g)) w₋₁                              interpolation
    /// w̃ᵢ  = Σⱼ softmax(s)ⱼ wᵍᵢ₋ⱼ,  j = −R, …, R,  modulo N         shift
    /// wᵢ  = w̃ᵢ^γ′ / Σ w̃^γ′,  γ′ = 1 + softplus(γ)                 sharpening, as softmaxᵢ(γ′ ln w̃ᵢ), which cannot underflow
    /// ```
    ///
    /// `raw` is `[batch, heads, width + 3 + shifts]`: k, β, g, s, γ; there are `shifts` = 2R + 1 of s. Returns `[batch, heads, N]`.
    ///
    /// # Panics
    /// If the shapes do not fit, if `shifts` is even or above N, or `eps` is not above 0.
    ///
    /// ```
    /// use seedbed_autodiff::Tensor;
    /// let memory = Tensor::<f64>::ones(&[1, 4, 1]);
    /// let at_the_first = Tensor::one_hot(&[0], 4).reshape(&[1, 1, 4]);
    /// // Closed gate, all on the shift by +1.
    /// let on = Tensor::new(vec![0.0, 0.0, -40.0, 0.0, 0.0, 40.0, 0.0], &[1, 1, 7]);
    /// let w = memory.memory_attention(&on, &at_the_first, 3, 1e-6);
    /// assert!(w.data()[1] > 0.999);
    /// ```
    #[track_caller]
    pub fn memory_attention(&self, raw: &Self, before: &Self, shifts: usize, eps: f64) -> Self {
        let op = "memory_attention";
        let [batch, rows, width] = sizes(op, self);
        odd(op, shifts, rows);
        let attention = Attention { width, shifts: Some(shifts), eps };
        let raws = heads(op, "the raw numbers", raw, batch, attention.numbers());
        let befores = heads(op, "the attention before", before, batch, rows);
        assert!(
            raws == befores,
            "{op}: raw numbers of {raws} heads, attention before of {befores}"
        );
        positive(op, eps);
        Tensor::fused(attention, [self, raw, before])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Rng, check_fused};

    /// Batch, rows, width, heads, shifts.
    const SIZES: [[usize; 5]; 7] = [
        [1, 1, 1, 1, 1],
        [2, 4, 3, 2, 3],
        [1, 128, 20, 2, 3],
        [3, 17, 9, 1, 5],
        [2, 5, 13, 3, 5],
        [0, 4, 3, 2, 3],
        [2, 4, 3, 0, 3],
    ];

    fn fast_equals_reference<F: Float>(tolerance: f64) {
        for [batch, rows, width, heads, shifts] in SIZES {
            let rng = &mut Rng::new(1);
            let memory = Tensor::<F>::normal(&[batch, rows, width], 0.0, 1.0, rng);
            let raw = Tensor::normal(&[batch, heads, width + 3 + shifts], 0.0, 1.5, rng);
            let before = Tensor::normal(&[batch, heads, rows], 0.0, 2.0, rng).softmax(2);
            let op = || Attention { width, shifts: Some(shifts), eps: 1e-3 };
            check_fused(op, [&memory, &raw, &before], tolerance);
            let op = || Attention { width, shifts: None, eps: 1e-3 };
            check_fused(op, [&memory, &raw.slice(2, ..width + 1)], tolerance);
        }
    }

    #[test]
    fn fast_equals_reference_f32() {
        fast_equals_reference::<f32>(3e-5);
    }

    #[test]
    fn fast_equals_reference_f64() {
        fast_equals_reference::<f64>(1e-12);
    }

    #[test]
    fn extremes_stay_finite() {
        // A memory and a key of zeros, attention that is exactly 0 almost everywhere, the sharpest sharpening.
        let memory = Tensor::<f32>::zeros(&[1, 5, 2]);
        let raw = Tensor::new(vec![0.0, 0.0, 20.0, -20.0, 20.0, -20.0, -20.0, 20.0], &[1, 1, 8]);
        let before = Tensor::one_hot(&[2], 5).reshape(&[1, 1, 5]);
        let x = vec![memory, raw, before];
        let w = |x: &Vec<Tensor>| x[0].memory_attention(&x[1], &x[2], 3, 1e-6);
        assert!((w(&x).data()[1] - 1.0).abs() < 1e-6, "{:?}", w(&x));
        let weights = Tensor::arange(5);
        let gradient = crate::grad(&x, |x| (w(x) * &weights).sum(..));
        for g in gradient {
            assert!(g.data().iter().all(|g| g.is_finite()), "{g:?}");
        }
    }

    #[test]
    #[should_panic(
        expected = "memory_attention: the number of shifts must be odd and at most 2, the rows of the memory, got 3"
    )]
    fn more_shifts_than_rows() {
        let memory = Tensor::<f32>::zeros(&[1, 2, 2]);
        let _ = memory.memory_attention(
            &Tensor::zeros(&[1, 1, 8]),
            &Tensor::zeros(&[1, 1, 2]),
            3,
            1e-6,
        );
    }

    #[test]
    #[should_panic(
        expected = "memory_content: the raw numbers must be [1, heads, 3], got [1, 1, 2]"
    )]
    fn raw_numbers_must_fit() {
        let _ = Tensor::<f32>::zeros(&[1, 2, 2]).memory_content(&Tensor::zeros(&[1, 1, 2]), 1e-6);
    }
}
