//! Spectral normalisation (Miyato et al. 2018): a weight divided by its largest singular value.

use seedbed_autodiff::{Float, Tensor};

/// Added to the length of a vector before it divides.
const EPS: f64 = 1e-12;

/// `weight / σ`, σ = uᵀ W v with v = Wᵀu / ‖Wᵀu‖ and then u ← W v / ‖W v‖; W has a row for each output (the last axis of `weight`). The vectors are constants
/// to the gradient, σ is not.
pub(super) fn normalised<F: Float>(weight: &Tensor<F>, u: &Tensor<F>) -> Tensor<F> {
    let (u, v) = iterate(&weight.stop_gradient(), u);
    let outputs = u.len();
    let rows = weight.reshape(&[weight.len() / outputs, outputs]);
    let sigma = (v.unsqueeze(0).matmul(&rows) * u.unsqueeze(0)).sum(..);
    weight / sigma
}

/// One power iteration: the next u `[outputs]`, and v `[inputs]`.
pub(super) fn iterate<F: Float>(weight: &Tensor<F>, u: &Tensor<F>) -> (Tensor<F>, Tensor<F>) {
    let unit = |x: Tensor<F>| {
        let length = x.square().sum(..).sqrt() + EPS;
        x / length
    };
    let outputs = u.len();
    let rows = weight.reshape(&[weight.len() / outputs, outputs]);
    let v = unit(rows.matmul(&u.unsqueeze(1)).flatten());
    let u = unit(v.unsqueeze(0).matmul(&rows).flatten());
    (u, v)
}
