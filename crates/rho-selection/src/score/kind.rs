use serde::{Deserialize, Serialize};

use super::{
    Repair, bald, conditional_entropy, el2n, entropy, gradient_norm, last_layer_grand,
    least_confidence, loss_minus_conditional_entropy, low_irreducible_loss,
};
use crate::error::finite;
use crate::{Candidates, IrreducibleLosses, SelectionError};

/// What makes an example worth training on; the highest scores are picked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Score {
    /// No preference: the examples are drawn uniformly, without replacement, by every policy that looks at scores.
    Uniform,
    /// The loss of the model in training (Loshchilov & Hutter 2015; Jiang et al. 2019): finds what is not yet learnt, and with it what
    /// cannot be learnt.
    TrainingLoss,
    /// Training loss less irreducible loss: [`reducible_loss`](super::reducible_loss), with a [`Repair`] where the configuration names one.
    #[default]
    ReducibleLoss,
    /// [`low_irreducible_loss`].
    LowIrreducibleLoss,
    /// [`gradient_norm`]; needs logits and labels.
    GradientNorm,
    /// [`el2n`](super::el2n()): the gradient norm, averaged over models; needs logits and labels.
    #[serde(rename = "el2n")]
    El2n,
    /// GraNd of the last layer, [`last_layer_grand`]; needs logits, labels and features.
    Grand,
    /// [`bald`]; needs logits of several samples.
    Bald,
    /// [`entropy`]; needs logits.
    Entropy,
    /// [`conditional_entropy`]; needs logits.
    ConditionalEntropy,
    /// [`loss_minus_conditional_entropy`]; needs logits and labels.
    LossMinusConditionalEntropy,
    /// [`least_confidence`]; needs logits.
    LeastConfidence,
    /// Scores of your own, given in the place of the training losses: a [`LastLayerLaplace`](super::LastLayerLaplace)'s, a
    /// [`Forgetting`](super::Forgetting)'s, or any other.
    Given,
}

impl Score {
    /// The name in configurations.
    pub fn name(self) -> &'static str {
        match self {
            Self::Uniform => "uniform",
            Self::TrainingLoss => "training-loss",
            Self::ReducibleLoss => "reducible-loss",
            Self::LowIrreducibleLoss => "low-irreducible-loss",
            Self::GradientNorm => "gradient-norm",
            Self::El2n => "el2n",
            Self::Grand => "grand",
            Self::Bald => "bald",
            Self::Entropy => "entropy",
            Self::ConditionalEntropy => "conditional-entropy",
            Self::LossMinusConditionalEntropy => "loss-minus-conditional-entropy",
            Self::LeastConfidence => "least-confidence",
            Self::Given => "given",
        }
    }

    /// Whether the score looks at the losses of the model in training.
    pub fn needs_losses(self) -> bool {
        matches!(self, Self::TrainingLoss | Self::ReducibleLoss | Self::Given)
    }

    /// Whether the score looks at logits.
    pub fn needs_logits(self) -> bool {
        use Score::*;
        matches!(
            self,
            GradientNorm
                | El2n
                | Grand
                | Bald
                | Entropy
                | ConditionalEntropy
                | LossMinusConditionalEntropy
                | LeastConfidence
        )
    }

    /// Whether the score looks at irreducible losses.
    pub fn needs_irreducible(self) -> bool {
        matches!(self, Self::ReducibleLoss | Self::LowIrreducibleLoss)
    }
}

/// The score of each candidate; [`Score::Uniform`] has none.
pub(crate) fn scores_of(
    score: Score,
    repair: Repair,
    candidates: &Candidates<'_>,
    irreducible: &IrreducibleLosses,
) -> Result<Vec<f32>, SelectionError> {
    let (n, by) = (candidates.len(), score.name());
    let logits = || candidates.required_logits(by);
    match score {
        Score::Uniform => Ok(Vec::new()),
        Score::TrainingLoss | Score::Given => {
            let losses = candidates.required_losses(by)?;
            finite("training loss", losses)?;
            Ok(losses.to_vec())
        }
        Score::ReducibleLoss => repair.apply(candidates, &irreducible.of(candidates.ids)?),
        Score::LowIrreducibleLoss => low_irreducible_loss(&irreducible.of(candidates.ids)?),
        Score::GradientNorm => {
            gradient_norm(candidates.single_logits(by)?, candidates.required_labels(by)?)
        }
        Score::El2n => el2n(logits()?, candidates.required_labels(by)?),
        Score::Grand => {
            let logits = candidates.single_logits(by)?;
            let labels = candidates.required_labels(by)?;
            last_layer_grand(logits, labels, candidates.required_features(by)?)
        }
        Score::Bald => bald(logits()?, n),
        Score::Entropy => entropy(logits()?, n),
        Score::ConditionalEntropy => conditional_entropy(logits()?, n),
        Score::LossMinusConditionalEntropy => {
            loss_minus_conditional_entropy(logits()?, candidates.required_labels(by)?)
        }
        Score::LeastConfidence => least_confidence(candidates.single_logits(by)?),
    }
}
