use serde::{Deserialize, Serialize};

use crate::{Score, SelectionError};

/// How a [`Selector`](crate::Selector) chooses.
///
/// ```
/// use seedbed_rho_selection::{Score, SelectionConfig};
/// let config = SelectionConfig { score: Score::ReducibleLoss, candidates: 320, picked: 32 };
/// assert!(config.check().is_ok());
/// let wrong = SelectionConfig { picked: 0, ..config };
/// assert_eq!(wrong.check().unwrap_err().to_string(), "picked: is 0, must be from 1 to candidates (320)");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SelectionConfig {
    /// What makes an example worth training on.
    pub score: Score,
    /// Examples in a candidate batch, n_B in the paper.
    pub candidates: usize,
    /// Examples of it that are trained on, n_b in the paper.
    pub picked: usize,
}

impl Default for SelectionConfig {
    /// RHO-LOSS as in the paper: the best 32 of 320.
    fn default() -> Self {
        Self { score: Score::ReducibleLoss, candidates: 320, picked: 32 }
    }
}

impl SelectionConfig {
    /// The configuration, if it makes sense.
    ///
    /// # Errors
    /// [`SelectionError::Setting`] names the field, its value and what would be right.
    pub fn check(self) -> Result<CheckedConfig, SelectionError> {
        if self.candidates == 0 {
            return Err(SelectionError::Setting {
                field: "candidates",
                value: "0".into(),
                expected: "at least 1".into(),
            });
        }
        if self.picked == 0 || self.picked > self.candidates {
            return Err(SelectionError::Setting {
                field: "picked",
                value: self.picked.to_string(),
                expected: format!("from 1 to candidates ({})", self.candidates),
            });
        }
        Ok(CheckedConfig(self))
    }
}

/// A [`SelectionConfig`] that was found to make sense.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CheckedConfig(SelectionConfig);

impl std::ops::Deref for CheckedConfig {
    type Target = SelectionConfig;
    fn deref(&self) -> &SelectionConfig {
        &self.0
    }
}
