use seedbed_autodiff::{Float, Tensor};

/// What a machine keeps from one instruction to the next: it is made by [`StripMachine::reset`](crate::StripMachine::reset), and carried on by whoever
/// passes it to the next step.
#[derive(Clone, Debug)]
pub struct MemoryState<F: Float> {
    /// K, `[batch, N, d]`.
    pub keys: Tensor<F>,
    /// M, `[batch, N, cells · D]`: the strips, cell after cell.
    pub strips: Tensor<F>,
    /// Where the heads were, the one that writes last, `[batch, R + 1, N]`.
    pub attention: Tensor<F>,
    /// The keys that were read, `[batch, R · d]`.
    pub read_keys: Tensor<F>,
    /// h, the last state of every cell, `[batch, cells, u]`.
    pub tape: Tensor<F>,
    /// How many slots were filled, of each program: where pointers write next.
    pub filled: Vec<usize>,
}
