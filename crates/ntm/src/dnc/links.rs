//! In which order rows were written.

use seedbed_autodiff::{Float, Tensor};

/// pₜ = (1 − Σ wᵢ) pₜ₋₁ + wₜ: where each write head wrote last.
#[track_caller]
pub fn precedence<F: Float>(before: &Tensor<F>, attention: &Tensor<F>) -> Tensor<F> {
    (1.0 - attention.sum_keepdim(2)) * before + attention
}

/// From the read heads' attention at the step before, `[batch, R, N]`, to the rows written just before and just after, along the links of
/// each write head: `[batch, R, W, N]` each.
#[track_caller]
pub(super) fn follow<F: Float>(links: &Tensor<F>, reads: &Tensor<F>) -> [Tensor<F>; 2] {
    // [batch, 1, R, N] times [batch, W, N, N].
    let reads = reads.unsqueeze(1);
    let backward = reads.matmul(links);
    let forward = reads.matmul_nt(links);
    [backward, forward].map(|rows| rows.swap_axes(1, 2))
}
