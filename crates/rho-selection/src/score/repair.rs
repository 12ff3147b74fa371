use serde::{Deserialize, Serialize};

use super::calibration::TEMPERATURES;
use super::{losses_at_temperature, reducible_loss};
use crate::error::{between, finite, positive};
use crate::required::missing;
use crate::{Candidates, SelectionError};

/// What to do about mislabelled examples that the reducible loss takes for useful ones.
///
/// A model in training becomes sure of itself, and then has a loss of many nats on a wrong label. A weak reference model is less sure, so that
/// its irreducible loss on the same label stays small: the difference is large, and plain RHO-LOSS picks noise: in a long training *more* than uniform
/// selection does. Each repair bounds that difference in its own way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Repair {
    /// The paper's score as it is.
    #[default]
    None,
    /// Examples with an irreducible loss above the bound come after all others, the lowest first. ln C (C classes) is what guessing costs: the reference model
    /// believes the label to be worse than a guess. See [`Repair::veto`].
    Veto {
        /// The bound, in nats.
        above: f32,
    },
    /// min(training loss, c) − irreducible loss.
    Clip {
        /// The bound c of the training loss, in nats.
        at: f32,
    },
    /// The training loss is taken at a temperature, −log softmax(z/T)_y, that makes the model in training as unsure of itself as it should be. Needs logits
    /// and labels; [`fit_temperature`](super::fit_temperature) finds T on held-out examples.
    Temperature {
        /// T; above 1 for a model that is too sure.
        t: f32,
    },
    /// The difference of probabilities in the place of log-probabilities: exp(−irreducible loss) − exp(−training loss), from −1 to 1.
    ProbabilityDifference,
}

impl Repair {
    /// The veto at ln C.
    ///
    /// # Panics
    /// If there are fewer than two classes: with one every label is certain, and ln 0 is −∞.
    #[track_caller]
    pub fn veto(classes: usize) -> Self {
        assert!(classes >= 2, "Repair::veto: is for {classes} classes, must be for at least 2");
        Self::Veto { above: (classes as f32).ln() }
    }

    /// Refuses a bound or a temperature that makes no sense.
    pub(crate) fn check(self) -> Result<(), SelectionError> {
        match self {
            Self::None | Self::ProbabilityDifference => Ok(()),
            Self::Veto { above } => positive("repair.veto.above", above.into()),
            Self::Clip { at } => positive("repair.clip.at", at.into()),
            Self::Temperature { t } => between("repair.temperature.t", t.into(), TEMPERATURES),
        }
    }

    /// The repaired reducible loss of the candidates.
    pub(crate) fn apply(
        self,
        candidates: &Candidates<'_>,
        irreducible: &[f32],
    ) -> Result<Vec<f32>, SelectionError> {
        if let Self::Temperature { t } = self {
            let logits = candidates.single_logits("repair.temperature")?;
            let labels = candidates.required_labels("repair.temperature")?;
            let training = losses_at_temperature(logits, labels, t.into())?;
            return reducible_loss(&training, irreducible);
        }
        self.of_losses(candidates.required_losses("reducible-loss")?, irreducible)
    }

    /// The repaired reducible loss, from losses alone.
    ///
    /// # Errors
    /// As [`reducible_loss`]; and for [`Repair::Temperature`], which needs logits: give those to a [`Selector`](crate::Selector), or pass
    /// [`losses_at_temperature`] as the training losses.
    pub fn of_losses(
        self,
        training: &[f32],
        irreducible: &[f32],
    ) -> Result<Vec<f32>, SelectionError> {
        self.check()?;
        match self {
            Self::None => reducible_loss(training, irreducible),
            Self::Clip { at } => {
                finite("training loss", training)?;
                let clipped: Vec<f32> = training.iter().map(|loss| loss.min(at)).collect();
                reducible_loss(&clipped, irreducible)
            }
            Self::ProbabilityDifference => {
                reducible_loss(training, irreducible)?;
                let pairs = training.iter().zip(irreducible);
                let scores: Vec<f32> = pairs.map(|(t, il)| (-il).exp() - (-t).exp()).collect();
                // Losses far below 0 are no logarithms of probabilities.
                finite("difference of probabilities", &scores)?;
                Ok(scores)
            }
            Self::Veto { above } => {
                let mut scores = reducible_loss(training, irreducible)?;
                let allowed = scores.iter().zip(irreducible).filter(|(_, il)| **il <= above);
                let lowest = allowed.map(|(s, _)| *s).fold(0.0, f32::min);
                // Below the lowest of the others, in the order of their irreducible losses.
                for (score, il) in scores.iter_mut().zip(irreducible) {
                    if *il > above {
                        // Beside a large score a small loss may round away.
                        *score = (lowest - il).min(lowest.next_down());
                    }
                }
                finite("reducible loss", &scores)?;
                Ok(scores)
            }
            Self::Temperature { .. } => {
                Err(missing("logits", "repair.temperature", "Candidates::logits"))
            }
        }
    }
}
