use seedbed_autodiff::Tensor;

use super::{CrossFit, Outputs};
use crate::report::{ReferenceReport, TrainingLengths};
use crate::{Rows, SelectionError};

impl<M> CrossFit<M> {
    /// What these references are worth, before a training of `planned_steps` steps starts: how good they are on examples that they were not trained
    /// on, how many labels seem wrong, how many wrong ones would be picked, and what is recommended.
    ///
    /// `halves` are those that [`cross_fit`](super::cross_fit) was given, `labels` has the class of each row, and `logits` a model's logits on rows, `[rows, classes]`, for inference.
    ///
    /// # Errors
    /// As [`ReferenceReport::new`].
    ///
    /// # Panics
    /// If the closures do not give one label and one row of logits a row.
    #[track_caller]
    pub fn report(
        &self,
        halves: [&[usize]; 2],
        labels: impl Fn(&[usize]) -> Vec<usize>,
        logits: impl Fn(&M, &[usize]) -> Tensor<f32>,
        planned_steps: u64,
    ) -> Result<ReferenceReport, SelectionError> {
        let of = |shift: usize| {
            let half = |i: usize| {
                let model = &self.references[(i + shift) % 2].model;
                Outputs::over(halves[i], |rows| Outputs::of_logits(logits(model, rows))).logits
            };
            Tensor::concat(&[half(0), half(1)], 0)
        };
        let (asked, other) = (of(0), of(1));
        let rows = |x: &Tensor<f32>| x.shape().last().copied().unwrap_or(0);
        let lengths = TrainingLengths {
            planned: planned_steps,
            reference: self.references.iter().map(|r| r.steps).min().unwrap_or(0),
            unfinished: self.references.iter().all(|reference| reference.unfinished),
        };
        ReferenceReport::new(
            Rows::new(asked.data(), rows(&asked))?,
            Rows::new(other.data(), rows(&other))?,
            &labels(&halves.concat()),
            lengths,
        )
    }
}
