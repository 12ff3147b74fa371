use seedbed_kernels::Rng;
use serde::{Deserialize, Serialize};

use super::{
    Draw, Picked, Proposal, above, class_balanced, diverse, gumbel_top_k, importance, joint,
    rank_law, top_k,
};
use crate::{Candidates, Schedule, SelectionError};

/// How examples are picked once they are scored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Policy {
    /// [`top_k`]: the highest scores.
    #[default]
    TopK,
    /// [`gumbel_top_k`]: without replacement, ∝ exp(score / T).
    Softmax {
        /// T, by step.
        temperature: Schedule,
    },
    /// [`importance`]: with replacement, and weights that keep the gradient unbiased.
    Importance {
        /// What the probabilities are made of.
        proposal: Proposal,
        /// Uniform until a batch by importance is worth a uniform one this many times as large; 0 starts at once.
        #[serde(default)]
        tau: f64,
    },
    /// [`above`]: every candidate with a score above a bound, however many these are; at least the best.
    Threshold {
        /// The bound.
        above: f32,
    },
    /// [`class_balanced`]: the highest scores of each class; needs labels.
    ClassBalanced,
    /// [`rank_law`]: selective backprop.
    RankLaw,
    /// [`diverse`] (DivBS): ignores the score; needs logits, labels and features.
    Diverse {
        /// How the next example is taken.
        #[serde(default)]
        draw: Draw,
    },
    /// [`joint`] (JEST): ignores the score; needs joint scores.
    Joint {
        /// Chunks that are drawn one after the other, 16 in the paper.
        chunks: usize,
    },
}

impl Policy {
    /// Whether the policy looks at the scores; if not, they need not be computed.
    pub fn needs_scores(&self) -> bool {
        !matches!(self, Self::Diverse { .. } | Self::Joint { .. })
    }

    /// Refuses settings that make no sense at any step.
    pub(crate) fn check(&self) -> Result<(), SelectionError> {
        let invalid = |field, value: String, expected: &str| {
            Err(SelectionError::Setting { field, value, expected: expected.into() })
        };
        match *self {
            Self::Softmax { temperature }
            | Self::Importance { proposal: Proposal::Softmax { temperature }, .. } => {
                temperature.temperatures("policy temperature")
            }
            Self::Threshold { above } if !above.is_finite() => {
                invalid("policy.threshold.above", above.to_string(), "a finite number")
            }
            Self::Joint { chunks: 0 } => invalid("policy.joint.chunks", "0".into(), "at least 1"),
            _ => Ok(()),
        }?;
        match *self {
            Self::Importance { tau, .. } if !(tau >= 0.0 && tau.is_finite()) => {
                invalid("policy.importance.tau", tau.to_string(), "a finite number, at least 0")
            }
            _ => Ok(()),
        }
    }

    /// Picks `k` of the candidates by their scores.
    pub(crate) fn pick(
        &self,
        scores: &[f32],
        candidates: &Candidates<'_>,
        k: usize,
        step: u64,
        rng: &mut Rng,
    ) -> Result<Picked, SelectionError> {
        let indices = match self {
            Self::TopK => top_k(scores, k),
            Self::Softmax { temperature } => gumbel_top_k(scores, k, temperature.at(step), rng),
            Self::Importance { proposal, tau } => {
                return importance(&proposal.probabilities(scores, step)?, k, *tau, rng);
            }
            Self::Threshold { above: bound } => above(scores, *bound),
            Self::ClassBalanced => {
                class_balanced(scores, candidates.required_labels("class-balanced")?, k)
            }
            Self::RankLaw => rank_law(scores, k, rng),
            Self::Diverse { draw } => {
                let by = "diverse";
                let logits = candidates.single_logits(by)?;
                let labels = candidates.required_labels(by)?;
                diverse(logits, labels, candidates.required_features(by)?, k, *draw, rng)
            }
            Self::Joint { chunks } => {
                joint(candidates.required_joint("joint")?, k, (*chunks).min(k), rng)
            }
        };
        indices.map(Picked::unweighted)
    }
}
