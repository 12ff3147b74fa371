use serde::{Deserialize, Serialize};

use crate::SelectionError;

/// What makes an example worth training on; the highest scores are picked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Score {
    /// No preference: the examples are drawn uniformly, without replacement.
    Uniform,
    /// The loss of the model in training (Loshchilov & Hutter 2015; Jiang et al. 2019): finds what is not yet learnt, and with it what
    /// cannot be learnt.
    TrainingLoss,
    /// The reducible holdout loss of Mindermann et al. 2022, equation 3:
    ///
    /// ρ(x, y) = L[y | x; D_t] − L[y | x; D_ho],
    ///
    /// the training loss less the irreducible loss, which is that of a model that was trained on a
    /// holdout set. Noisy examples have both high, redundant ones both low; the difference is high for
    /// what is learnable, worth learning and not yet learnt.
    #[default]
    ReducibleLoss,
}

impl Score {
    /// Whether the score looks at the losses of the model in training.
    pub fn needs_losses(self) -> bool {
        self != Self::Uniform
    }
}

/// The reducible loss of each example: `training − irreducible`, in nats.
///
/// # Errors
/// If the lengths differ, or a loss is not finite.
///
/// ```
/// use seedbed_rho_selection::reducible_loss;
/// // Learnt already, noise (hard for the reference model too), worth learning.
/// let scores = reducible_loss(&[0.1, 4.0, 2.0], &[0.1, 3.9, 0.2])?;
/// assert!(scores[2] > scores[0] && scores[2] > scores[1]);
/// # Ok::<(), seedbed_rho_selection::SelectionError>(())
/// ```
pub fn reducible_loss(training: &[f32], irreducible: &[f32]) -> Result<Vec<f32>, SelectionError> {
    if training.len() != irreducible.len() {
        return Err(SelectionError::Lengths {
            left: "training losses",
            left_len: training.len(),
            right: "irreducible losses",
            right_len: irreducible.len(),
        });
    }
    finite("training loss", training)?;
    finite("irreducible loss", irreducible)?;
    Ok(training.iter().zip(irreducible).map(|(t, i)| t - i).collect())
}

/// Refuses NaN and infinite values, naming the first by its position.
pub(crate) fn finite(what: &'static str, values: &[f32]) -> Result<(), SelectionError> {
    match values.iter().position(|x| !x.is_finite()) {
        None => Ok(()),
        Some(i) => Err(SelectionError::NotFinite { what, id: i as u64, value: values[i] }),
    }
}
