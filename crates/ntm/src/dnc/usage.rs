//! Which rows are in use, and which are free to be written.

use seedbed_autodiff::{Float, Tensor};

/// Usages are kept away from 0, where the logarithm ends.
const LEAST: f64 = 1e-6;

/// uₜ `[batch, N]`, from uₜ₋₁, the attention of the write heads `[batch, W, N]` and of the read heads `[batch, R, N]` at the step before, and
/// the free gates `[batch, R, 1]`:
///
/// u ← (u + w − u w) Π (1 − fᵣ wᵣ),  w = 1 − Π (1 − w of a write head).
///
/// No gradient flows through the write heads' attention, as in the authors' code.
#[track_caller]
pub fn usage<F: Float>(
    before: &Tensor<F>,
    writes: &Tensor<F>,
    reads: &Tensor<F>,
    free: &Tensor<F>,
) -> Tensor<F> {
    let written = 1.0 - (1.0 - writes.stop_gradient()).prod(1);
    let used = before + (1.0 - before) * written;
    used * (1.0 - free * reads).prod(1)
}

/// The share of each row in an allocation, `[batch, N]`, from the usage `[batch, N]`: with the rows φ in the order of rising usage,
///
/// a\[φⱼ\] = (1 − u\[φⱼ\]) Π u\[φᵢ\] over i < j.
#[track_caller]
pub fn allocation<F: Float>(usage: &Tensor<F>) -> Tensor<F> {
    let (sorted, order) = (LEAST + (1.0 - LEAST) * usage).sort(1);
    let logs = sorted.ln();
    let product_before = (logs.cumsum(1) - &logs).exp();
    let shares = (1.0 - &sorted) * product_before;
    Tensor::zeros(usage.shape()).scatter_add(1, &order, &shares)
}

/// The allocation of each write head, `[batch, W, N]`, the next after what the ones before have taken: `gates` `[batch, W, 1]` say how much of it
/// each takes.
#[track_caller]
pub(super) fn allocations<F: Float>(usage: &Tensor<F>, gates: &Tensor<F>) -> Tensor<F> {
    let mut usage = usage.clone();
    let mut all = Vec::new();
    let writes = gates.shape()[1];
    for w in 0..writes {
        let allocation = allocation(&usage);
        if w + 1 < writes {
            usage = &usage + (1.0 - &usage) * gates.index(1, w as isize) * &allocation;
        }
        all.push(allocation);
    }
    Tensor::stack(&all, 1)
}
