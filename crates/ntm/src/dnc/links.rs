//! In which order rows were written.

use seedbed_autodiff::{Float, Tensor};

/// Lₜ `[batch, W, N, N]` of each write head, from Lₜ₋₁, the precedence pₜ₋₁ and the attention wₜ, both `[batch, W, N]`:
///
/// Lᵢⱼ ← (1 − wᵢ − wⱼ) Lᵢⱼ + wᵢ pⱼ,  Lᵢᵢ = 0.
///
/// Lᵢⱼ is near 1 if row i was written right after row j.
#[track_caller]
pub fn links<F: Float>(
    before: &Tensor<F>,
    precedence: &Tensor<F>,
    attention: &Tensor<F>,
) -> Tensor<F> {
    let (row, column) = (attention.unsqueeze(3), attention.unsqueeze(2));
    let off_diagonal = 1.0 - Tensor::eye(attention.shape()[2]);
    ((1.0 - &row - column) * before + row * precedence.unsqueeze(2)) * off_diagonal
}

/// pₜ = (1 − Σ wᵢ) pₜ₋₁ + wₜ: where each write head wrote last.
#[track_caller]
pub fn precedence<F: Float>(before: &Tensor<F>, attention: &Tensor<F>) -> Tensor<F> {
    (1.0 - attention.sum_keep(2)) * before + attention
}

/// From the read heads' attention at the step before, `[batch, R, N]`, to the rows written just before and just after, along the links of
/// each write head: `[batch, R, W, N]` each.
#[track_caller]
pub(super) fn follow<F: Float>(links: &Tensor<F>, reads: &Tensor<F>) -> [Tensor<F>; 2] {
    // [batch, 1, R, N] times [batch, W, N, N].
    let reads = reads.unsqueeze(1);
    let backward = reads.matmul(links);
    let forward = reads.matmul_t(links, false, true);
    [backward, forward].map(|rows| rows.swap_axes(1, 2))
}
