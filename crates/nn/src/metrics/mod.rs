//! Measures of how good predictions are: plain numbers, without gradients.
//!
//! | measure | of | of nothing | with a NaN |
//! |---|---|---|---|
//! | [`accuracy`], [`top_k_accuracy`] | logits, labels | NaN | the row is wrong |
//! | [`ConfusionMatrix`]: precision, recall, F1 | predicted classes, labels | NaN | [`predictions`] gives none for the row |
//! | [`auroc`] | scores, yes or no | NaN, also where one of both is missing | NaN |
//! | [`perplexity`] | logits, labels | NaN | NaN |
//! | [`expected_calibration_error`] | logits, labels | NaN | NaN |
//!
//! All are computed in double precision.

mod confusion;
mod probabilities;
mod ranking;

pub use crate::loss::accuracy;
pub use confusion::{ConfusionMatrix, predictions};
pub use probabilities::{expected_calibration_error, perplexity};
pub use ranking::{auroc, top_k_accuracy};

use seedbed_autodiff::{Float, Tensor};

/// The number of classes of logits `[…, classes]`, if there is one label of a class for every row.
#[track_caller]
fn classes_of<F: Float>(op: &str, logits: &Tensor<F>, labels: &[usize]) -> usize {
    let classes = logits.shape().last().copied().unwrap_or(0);
    assert!(classes > 0, "{op}: needs logits […, classes], got the shape {:?}", logits.shape());
    let rows = logits.len() / classes;
    assert!(
        rows == labels.len(),
        "{op}: logits {:?} have {rows} rows, but there are {} labels",
        logits.shape(),
        labels.len()
    );
    if let Some(label) = labels.iter().find(|&&label| label >= classes) {
        panic!("{op}: label {label}, but there are {classes} classes");
    }
    classes
}
