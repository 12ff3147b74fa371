//! The parts that need the engine (feature `train`): reference models and the training step.
//!
//! A data set is a range of rows, and a model is known by its losses: a closure
//! `losses(&model, &rows) -> Tensor` of one loss per row, in nats.

mod cross_fit;
mod exact;
mod grand;
mod outputs;
mod overlap;
mod reference;
mod report;
mod step;

pub use cross_fit::{CrossFit, cross_fit};
pub use exact::{Trial, ensemble_losses, holdout_gains};
pub use grand::grand;
pub use outputs::Outputs;
pub use overlap::Overlapped;
pub use reference::{Reference, ReferenceConfig, train_reference};
pub use step::{selection_step, selection_step_in_one_pass, train_on};

use seedbed_autodiff::Tensor;

/// Rows in one forward pass over many.
const EVALUATED_AT_ONCE: usize = 1_000;

/// The loss of each row.
///
/// # Panics
/// If the closure does not give one loss a row.
#[track_caller]
pub fn evaluate<M>(
    model: &M,
    rows: &[usize],
    losses: impl Fn(&M, &[usize]) -> Tensor<f32>,
) -> Vec<f32> {
    let mut all = Vec::with_capacity(rows.len());
    for rows in rows.chunks(EVALUATED_AT_ONCE) {
        all.extend_from_slice(one_each(&losses, model, rows).data());
    }
    all
}

/// What the closure gives for these rows, one loss each.
#[track_caller]
fn one_each<M>(
    losses: &impl Fn(&M, &[usize]) -> Tensor<f32>,
    model: &M,
    rows: &[usize],
) -> Tensor<f32> {
    let losses = losses(model, rows);
    assert!(
        losses.shape() == [rows.len()],
        "the closure must give one loss a row: {} rows, losses of shape {:?}",
        rows.len(),
        losses.shape()
    );
    losses
}
