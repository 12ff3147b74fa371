use seedbed_autodiff::{Float, Tensor};

use super::DncOptions;

/// The interface vector of a step, in parts: named as in the paper's table, after their activations.
pub(super) struct Interface<F: Float> {
    /// k and β of the read heads, raw, `[batch, R, M + 1]`.
    pub(super) read_content: Tensor<F>,
    /// k and β of the write heads, raw, `[batch, W, M + 1]`.
    pub(super) write_content: Tensor<F>,
    /// e, in (0, 1), `[batch, W, M]`.
    pub(super) erase: Tensor<F>,
    /// v, `[batch, W, M]`.
    pub(super) write: Tensor<F>,
    /// f of the read heads, in (0, 1), `[batch, R, 1]`.
    pub(super) free: Tensor<F>,
    /// gᵃ of the write heads: 1 goes to unused rows, 0 to similar ones, `[batch, W, 1]`.
    pub(super) allocation_gate: Tensor<F>,
    /// gʷ of the write heads: 0 writes nothing, `[batch, W, 1]`.
    pub(super) write_gate: Tensor<F>,
    /// π: the shares of going backward along each write head's links, forward along them, and by content, `[batch, R, 2 W + 1]`.
    pub(super) modes: Tensor<F>,
}

/// The elements of each part, in order.
fn parts(DncOptions { width, reads, writes, .. }: DncOptions) -> [usize; 8] {
    let content = width + 1;
    let modes = reads * (2 * writes + 1);
    [
        reads * content,
        writes * content,
        writes * width,
        writes * width,
        reads,
        writes,
        writes,
        modes,
    ]
}

/// The elements of the interface vector.
pub(super) fn elements(options: DncOptions) -> usize {
    parts(options).iter().sum()
}

impl<F: Float> Interface<F> {
    /// From the raw interface vector `[batch, elements]`.
    pub(super) fn new(raw: &Tensor<F>, options: DncOptions) -> Self {
        let DncOptions { width, reads, writes, .. } = options;
        let batch = raw.shape()[0];
        let parts = raw.split(1, &parts(options));
        let heads = |i: usize, heads, last| parts[i].reshape(&[batch, heads, last]);
        Self {
            read_content: heads(0, reads, width + 1),
            write_content: heads(1, writes, width + 1),
            erase: heads(2, writes, width).sigmoid(),
            write: heads(3, writes, width),
            free: heads(4, reads, 1).sigmoid(),
            allocation_gate: heads(5, writes, 1).sigmoid(),
            write_gate: heads(6, writes, 1).sigmoid(),
            modes: heads(7, reads, 2 * writes + 1).softmax(2),
        }
    }
}
