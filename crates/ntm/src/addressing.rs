//! How a head finds its place (Graves et al. 2014, section 3.3), and what it does there (3.1 and 3.2).

use seedbed_autodiff::{Float, Tensor};

/// How a head's raw numbers are read.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Place {
    /// 2R + 1, the shifts that a head chooses from; `None` for addressing by content alone.
    pub shifts: Option<usize>,
    /// ε in the cosine.
    pub similarity_eps: f64,
}

/// Added before a logarithm: far below any weight that matters, far above underflow.
const TINY: f64 = 1e-16;

impl Place {
    /// Numbers that a head needs to find its place in a memory whose rows have `width` numbers: k, β, and g, s, γ unless it goes by
    /// content alone.
    pub fn numbers(&self, width: usize) -> usize {
        width + 1 + self.shifts.map_or(0, |shifts| shifts + 2)
    }
}

/// The attention wₜ `[batch, heads, N]` of heads over the memory `[batch, N, M]`, from their raw numbers
/// `[batch, heads, numbers]` (k, β, g, s, γ) and their attention before, wₜ₋₁ `[batch, heads, N]`.
///
/// ```text
/// wᶜᵢ = softmaxᵢ(softplus(β) cos(k, Mᵢ))                       content, equations 5 and 6
/// wᵍ  = σ(g) wᶜ + (1 − σ(g)) wₜ₋₁                              interpolation, 7
/// w̃ᵢ  = Σⱼ wᵍ₍ᵢ₋ⱼ₎ softmax(s)ⱼ,  j = −R, …, R,  modulo N       shift, 8
/// wᵢ  = w̃ᵢ^γ / Σ w̃^γ  =  softmaxᵢ((1 + softplus(γ)) ln w̃ᵢ)     sharpening, 9
/// ```
///
/// Sharpening by logarithms cannot underflow.
#[track_caller]
pub fn attention<F: Float>(
    memory: &Tensor<F>,
    raw: &Tensor<F>,
    before: &Tensor<F>,
    place: Place,
) -> Tensor<F> {
    let &[_, _, width] = memory.shape() else {
        panic!("attention: needs a memory [batch, N, M], got {:?}", memory.shape())
    };
    let Some(shifts) = place.shifts else {
        let parts = raw.split(2, &[width, 1]);
        return content(memory, &parts[0], &parts[1], place.similarity_eps);
    };
    let parts = raw.split(2, &[width, 1, 1, shifts, 1]);
    let [k, beta, g, s, gamma] = [0, 1, 2, 3, 4].map(|i| &parts[i]);
    let by_content = content(memory, k, beta, place.similarity_eps);
    let gate = g.sigmoid();
    let interpolated = &gate * by_content + (1.0 - &gate) * before;
    let s = s.softmax(2).split(2, &vec![1; shifts]);
    let range = (shifts / 2) as isize;
    let shifted = s
        .iter()
        .zip(-range..)
        .map(|(s, by)| s * interpolated.roll(2, by))
        .reduce(|a, b| a + b)
        .expect("at least one shift");
    let sharpness = gamma.softplus() + 1.0;
    (sharpness * (shifted + TINY).ln()).softmax(2)
}

/// softmaxᵢ(softplus(β) cos(k, Mᵢ)), `[batch, heads, N]`, from raw k `[batch, heads, M]` and β `[batch, heads, 1]`.
#[track_caller]
pub fn content<F: Float>(
    memory: &Tensor<F>,
    k: &Tensor<F>,
    beta: &Tensor<F>,
    eps: f64,
) -> Tensor<F> {
    let over_norm = |x: &Tensor<F>| (x.square().sum_keep(2) + eps).rsqrt();
    let dots = k.matmul_t(memory, false, true);
    let norms = over_norm(memory).swap_axes(1, 2);
    (beta.softplus() * dots * over_norm(k) * norms).softmax(2)
}

/// rₜ = Σᵢ wᵢ Mᵢ (equation 2), `[batch, heads, M]`, from attention `[batch, heads, N]` over the memory `[batch, N, M]`.
#[track_caller]
pub fn read<F: Float>(memory: &Tensor<F>, attention: &Tensor<F>) -> Tensor<F> {
    attention.matmul(memory)
}

/// Mᵢ ← Mᵢ ⊙ Π (1 − wᵢ e) + Σ wᵢ a (equations 3 and 4), over the heads, `[batch, N, M]`, from attention `[batch, heads, N]`, e and a
/// `[batch, heads, M]`.
#[track_caller]
pub fn write<F: Float>(
    memory: &Tensor<F>,
    attention: &Tensor<F>,
    erase: &Tensor<F>,
    add: &Tensor<F>,
) -> Tensor<F> {
    let keep = 1.0 - attention.unsqueeze(3) * erase.unsqueeze(2);
    memory * keep.prod(1) + attention.matmul_t(add, true, false)
}
