//! Normalisation: x̂ = (x − mean)/√(var + ε), y = w ⊙ x̂ + b, over groups of elements.
//!
//! There are two ways through the memory. [`segments`]: a group is a run of neighbours (layer norm). [`columns`]: a group is
//! some columns of a matrix (batch norm, group norm of an image). Both give the gradients
//!
//! ∂w = Σ g x̂,  ∂b = Σ g,  ∂x = (w g − mean(w g) − x̂ mean(w g x̂)) / √(var + ε),
//!
//! the means taken over a group.

pub(crate) mod columns;
pub(crate) mod segments;

use crate::Float;

/// Elements whose columns are summed by one task: they stay in the second-level cache.
const CHUNK: usize = 1 << 13;

/// The gradients of the inputs; those that are not needed may be empty.
pub(crate) struct Gradients<F> {
    pub(crate) x: Vec<F>,
    pub(crate) weight: Vec<F>,
    pub(crate) bias: Vec<F>,
}

/// Rows of a matrix of this many columns that one task takes.
fn rows_of_chunk(columns: usize) -> usize {
    (CHUNK / columns.max(1)).max(1)
}

/// `1/√(var + ε)`.
#[inline(always)]
fn inverse_deviation<F: Float>(var: F, eps: F) -> F {
    (var + eps).sqrt().recip()
}
