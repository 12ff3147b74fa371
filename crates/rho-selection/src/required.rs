//! What a score or policy needs of the candidates: there, or a message that says how to give it.

use crate::error::same_length;
use crate::{Candidates, Rows, SelectionError};

impl<'a> Candidates<'a> {
    pub(crate) fn required_losses(&self, by: &'static str) -> Result<&'a [f32], SelectionError> {
        self.losses.ok_or(missing("training losses", by, "Candidates::new"))
    }

    pub(crate) fn required_labels(&self, by: &'static str) -> Result<&'a [usize], SelectionError> {
        self.labels.ok_or(missing("labels", by, "Candidates::labels"))
    }

    pub(crate) fn required_logits(&self, by: &'static str) -> Result<Rows<'a>, SelectionError> {
        self.logits.ok_or(missing("logits", by, "Candidates::logits"))
    }

    pub(crate) fn required_features(&self, by: &'static str) -> Result<Rows<'a>, SelectionError> {
        self.features.ok_or(missing("features", by, "Candidates::features"))
    }

    pub(crate) fn required_joint(&self, by: &'static str) -> Result<Rows<'a>, SelectionError> {
        self.joint.ok_or(missing("joint scores", by, "Candidates::joint"))
    }

    /// The logits, one row a candidate.
    pub(crate) fn single_logits(&self, by: &'static str) -> Result<Rows<'a>, SelectionError> {
        let logits = self.required_logits(by)?;
        same_length(("ids", self.len()), ("logits (one row each)", logits.len()))?;
        Ok(logits)
    }
}

pub(crate) fn missing(
    what: &'static str,
    by: &'static str,
    method: &'static str,
) -> SelectionError {
    SelectionError::Missing { what, by, method }
}
