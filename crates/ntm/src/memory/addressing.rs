//! How heads address a memory: by content, and by location.

use seedbed_autodiff::{Float, Fused, FusedCtx, Tensor};

use super::{AddressingOptions, heads, positive, sizes};
use crate::Sharpening;
use crate::kernels::{Addressed, Addressing, Sharpener};

/// softmaxᵢ(softplus(β) cos(k, Mᵢ)), from raw k, β.
fn by_content<F: Float>(
    memory: &Tensor<F>,
    key: &Tensor<F>,
    strength: &Tensor<F>,
    eps: f64,
) -> Tensor<F> {
    let inv_norm = |x: &Tensor<F>| (x.square().sum_keepdim(2) + eps).rsqrt();
    let inv_norms = inv_norm(memory).swap_axes(1, 2) * inv_norm(key);
    let cosine = key.matmul_nt(memory) * inv_norms;
    (strength.softplus() * cosine).softmax(2)
}

/// From w̃ and γ′ to w.
fn sharpened<F: Float>(
    shifted: &Tensor<F>,
    exponent: &Tensor<F>,
    sharpening: Sharpening,
) -> Tensor<F> {
    let Sharpener { tiny, eps } = Sharpener::<F>::new(sharpening);
    let logs = exponent * (shifted + tiny.f64()).ln();
    match eps {
        None => logs.softmax(2),
        Some(eps) => {
            let powers = logs.exp();
            &powers / (powers.sum_keepdim(2) + eps.f64())
        }
    }
}

fn value<F: Float>(op: Addressing, x: [&Tensor<F>; 3], shape: &[usize]) -> (Tensor<F>, Vec<F>) {
    let Addressed { attention, saved } = op.forward(x.map(Tensor::data), shape[0]);
    (Tensor::new(attention, shape), saved)
}

/// By content alone.
impl<F: Float> Fused<F, 2> for Addressing {
    type Saved = Vec<F>;

    fn name(&self) -> &'static str {
        "memory::content"
    }

    fn reference(&self, [memory, raw]: [&Tensor<F>; 2]) -> Tensor<F> {
        let parts = raw.split(2, &[self.width, 1]);
        by_content(memory, &parts[0], &parts[1], self.options.similarity_eps)
    }

    fn forward(&self, [memory, raw]: [&Tensor<F>; 2]) -> (Tensor<F>, Vec<F>) {
        let shape = [memory.shape()[0], raw.shape()[1], memory.shape()[1]];
        value(*self, [memory, raw, &Tensor::zeros(&[0])], &shape)
    }

    fn vjp(&self, c: &FusedCtx<'_, F, Vec<F>, 2>, g: Tensor<F>) -> [Option<Tensor<F>>; 2] {
        let addressed = [c.y().data(), c.saved(), g.data()];
        let mut d = [c.gradient(0), c.gradient(1)];
        let [memory, raw] = d.each_mut().map(Tensor::data_mut);
        let x = [c.x(0).data(), c.x(1).data(), &[]];
        self.backward(x, addressed, [memory, raw, &mut []], g.shape()[0]);
        d.map(Some)
    }
}

/// By content and by location.
impl<F: Float> Fused<F, 3> for Addressing {
    type Saved = Vec<F>;

    fn name(&self) -> &'static str {
        "memory::addressing"
    }

    fn reference(&self, [memory, raw, before]: [&Tensor<F>; 3]) -> Tensor<F> {
        let AddressingOptions { shifts, similarity_eps, sharpening } = self.options;
        let shifts = shifts.expect("addressing by location has shifts");
        let parts = raw.split(2, &[self.width, 1, 1, shifts, 1]);
        let content = by_content(memory, &parts[0], &parts[1], similarity_eps);
        let gate = parts[2].sigmoid();
        let interpolated = &gate * content + (1.0 - &gate) * before;
        let range = (shifts / 2) as isize;
        let shares = parts[3].softmax(2).split(2, &vec![1; shifts]);
        let shifted = shares.iter().zip(-range..).map(|(s, by)| s * interpolated.roll(2, by));
        let shifted = shifted.reduce(|a, b| a + b).expect("at least one shift");
        sharpened(&shifted, &(parts[4].softplus() + 1.0), sharpening)
    }

    fn forward(&self, x: [&Tensor<F>; 3]) -> (Tensor<F>, Vec<F>) {
        value(*self, x, x[2].shape())
    }

    fn vjp(&self, c: &FusedCtx<'_, F, Vec<F>, 3>, g: Tensor<F>) -> [Option<Tensor<F>>; 3] {
        let addressed = [c.y().data(), c.saved(), g.data()];
        let mut d = [0, 1, 2].map(|i| c.gradient(i));
        let x = [0, 1, 2].map(|i| c.x(i).data());
        self.backward(x, addressed, d.each_mut().map(Tensor::data_mut), g.shape()[0]);
        d.map(Some)
    }
}

/// Attention by content (Graves, Wayne & Danihelka 2014, equations 5 and 6), of each head over the rows Mᵢ of a memory `[batch, N, M]`:
///
/// wᵢ = softmaxᵢ(softplus(β) cos(k, Mᵢ)),  cos(u, v) = u·v / √((‖u‖² + ε)(‖v‖² + ε)).
///
/// `raw` are the head parameters before their activations, `[batch, heads, M + 1]`: k, then β. Returns `[batch, heads, N]`.
///
/// # Panics
/// If the shapes do not fit, or `eps` is not above 0.
///
/// ```
/// use seedbed_autodiff::Tensor;
/// use seedbed_ntm::memory;
/// let rows = Tensor::<f64>::new(vec![1.0, 0.0, 0.0, 1.0], &[1, 2, 2]);
/// let looks_for_the_second = Tensor::new(vec![0.0, 3.0, 20.0], &[1, 1, 3]);
/// let w = memory::content(&rows, &looks_for_the_second, 1e-6);
/// assert!(w.data()[1] > 0.999);
/// ```
#[track_caller]
pub fn content<F: Float>(memory: &Tensor<F>, raw: &Tensor<F>, eps: f64) -> Tensor<F> {
    let op = "memory::content";
    let [batch, _, width] = sizes(op, memory);
    positive::<F>(op, "eps", eps);
    let options =
        AddressingOptions { shifts: None, similarity_eps: eps, sharpening: Sharpening::Normalized };
    heads(op, "the head parameters", raw, batch, options.parameters(width));
    Tensor::fused(Addressing { width, options }, [memory, raw])
}

/// Attention by content and by location (Graves, Wayne & Danihelka 2014, equations 5 to 9), of each head over the N rows Mᵢ of a memory
/// `[batch, N, M]`, from its attention at the step before, w₋₁, `[batch, heads, N]`:
///
/// ```text
/// wᶜᵢ = softmaxᵢ(softplus(β) cos(k, Mᵢ))                      by content, as `content`
/// wᵍ  = σ(g) wᶜ + (1 − σ(g)) w₋₁                              interpolation
/// w̃ᵢ  = Σⱼ softmax(s)ⱼ wᵍᵢ₋ⱼ,  j = −R, …, R,  modulo N         shift
/// wᵢ  = w̃ᵢ^γ′ / Σ w̃^γ′,  γ′ = 1 + softplus(γ)                 sharpening, as softmaxᵢ(γ′ ln w̃ᵢ), which cannot underflow
/// ```
///
/// `raw` are the head parameters before their activations, `[batch, heads, M + 3 + shifts]`: k, β, g, s, γ; there are `shifts` = 2R + 1 of s. Where
/// `options` has no shifts this is [`content`], and `before` is not looked at. Returns `[batch, heads, N]`.
///
/// # Panics
/// If the shapes do not fit, if `shifts` is even or above N, or an ε is not above 0.
///
/// ```
/// use seedbed_autodiff::Tensor;
/// use seedbed_ntm::{Sharpening, memory};
/// let rows = Tensor::<f64>::ones(&[1, 4, 1]);
/// let at_the_first = Tensor::one_hot(&[0], 4).reshape(&[1, 1, 4]);
/// // Closed gate, all on the shift by +1.
/// let on = Tensor::new(vec![0.0, 0.0, -40.0, 0.0, 0.0, 40.0, 0.0], &[1, 1, 7]);
/// let options = memory::AddressingOptions {
///     shifts: Some(3),
///     similarity_eps: 1e-6,
///     sharpening: Sharpening::Normalized,
/// };
/// let w = memory::addressing(&rows, &on, &at_the_first, options);
/// assert!(w.data()[1] > 0.999);
/// ```
#[track_caller]
pub fn addressing<F: Float>(
    memory: &Tensor<F>,
    raw: &Tensor<F>,
    before: &Tensor<F>,
    options: AddressingOptions,
) -> Tensor<F> {
    if options.shifts.is_none() {
        return content(memory, raw, options.similarity_eps);
    }
    let op = "memory::addressing";
    let [batch, rows, width] = sizes(op, memory);
    options.must_fit::<F>(op, rows);
    let raws = heads(op, "the head parameters", raw, batch, options.parameters(width));
    let befores = heads(op, "the attention before", before, batch, rows);
    assert!(raws == befores, "{op}: parameters of {raws} heads, attention before of {befores}");
    Tensor::fused(Addressing { width, options }, [memory, raw, before])
}

#[cfg(test)]
mod tests {
    use seedbed_autodiff::{Rng, check_fused, grad};

    use super::*;

    const OPTIONS: AddressingOptions = AddressingOptions {
        shifts: Some(3),
        similarity_eps: 1e-6,
        sharpening: Sharpening::Normalized,
    };

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
            for sharpening in [Sharpening::Normalized, Sharpening::Divided(1e-3)] {
                let options =
                    AddressingOptions { shifts: Some(shifts), similarity_eps: 1e-3, sharpening };
                let op = || Addressing { width, options };
                check_fused(op, [&memory, &raw, &before], tolerance);
            }
            let options = AddressingOptions { shifts: None, similarity_eps: 1e-3, ..OPTIONS };
            let op = || Addressing { width, options };
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
        // A memory and a key of zeros, attention that is exactly 0 almost everywhere or everywhere, the sharpest sharpening.
        let memory = Tensor::<f32>::zeros(&[1, 5, 2]);
        let raw = Tensor::new(vec![0.0, 0.0, 20.0, -20.0, 20.0, -20.0, -20.0, 20.0], &[1, 1, 8]);
        let one_row = Tensor::one_hot(&[2], 5).reshape(&[1, 1, 5]);
        let divided = AddressingOptions { sharpening: Sharpening::Divided(1e-16), ..OPTIONS };
        for options in [OPTIONS, divided] {
            for before in [one_row.clone(), Tensor::zeros(&[1, 1, 5])] {
                let x = vec![memory.clone(), raw.clone(), before];
                let w = |x: &Vec<Tensor>| addressing(&x[0], &x[1], &x[2], options);
                if x[2].data()[2] == 1.0 {
                    assert!((w(&x).data()[1] - 1.0).abs() < 1e-6, "{:?}", w(&x));
                }
                let weights = Tensor::arange(5);
                let gradient = grad(&x, |x| (w(x) * &weights).sum(..));
                for x in gradient.iter().chain([&w(&x)]) {
                    assert!(x.data().iter().all(|x| x.is_finite()), "{options:?} {x:?}");
                }
            }
        }
    }

    #[test]
    #[should_panic(
        expected = "memory::addressing: the number of shifts must be odd and at most 2, the rows of the memory, got 3"
    )]
    fn more_shifts_than_rows() {
        let zeros = |shape: &[usize]| Tensor::<f32>::zeros(shape);
        let _ = addressing(&zeros(&[1, 2, 2]), &zeros(&[1, 1, 8]), &zeros(&[1, 1, 2]), OPTIONS);
    }

    #[test]
    #[should_panic(
        expected = "memory::content: the head parameters must be [1, heads, 3], got [1, 1, 2]"
    )]
    fn parameters_must_fit() {
        let _ = content(&Tensor::<f32>::zeros(&[1, 2, 2]), &Tensor::zeros(&[1, 1, 2]), 1e-6);
    }

    #[test]
    #[should_panic(
        expected = "memory::content: eps must be finite and above 0 in this precision, got 1e-320"
    )]
    fn an_eps_that_rounds_to_zero_is_refused() {
        let _ = content(&Tensor::<f32>::zeros(&[1, 2, 2]), &Tensor::zeros(&[1, 1, 3]), 1e-320);
    }
}
