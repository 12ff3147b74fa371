use serde::{Deserialize, Serialize};

use crate::score::Repair;
use crate::{Policy, Schedule, Score, SelectionError};

/// How a [`Selector`](crate::Selector) chooses: a score, a policy, and when.
///
/// ```
/// use seedbed_rho_selection::{Policy, Score, SelectionConfig};
/// // The paper's setting: the best tenth by reducible loss.
/// let paper = SelectionConfig::default();
/// // Selective backprop: half of each batch by the rank of its loss, every second step, after 1,000 steps.
/// let backprop = SelectionConfig {
///     score: Score::TrainingLoss,
///     policy: Policy::RankLaw,
///     ratio: 0.5.into(),
///     warm_up: 1_000,
///     every: 2,
///     ..paper
/// };
/// assert!(backprop.check().is_ok());
/// let wrong = SelectionConfig { ratio: 1.5.into(), ..paper };
/// assert_eq!(
///     wrong.check().unwrap_err().to_string(),
///     "ratio: is 1.5, must be above 0 and at most 1 at every step"
/// );
/// # assert_eq!(serde_json::from_str::<SelectionConfig>("{}").unwrap(), paper);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SelectionConfig {
    /// What makes an example worth training on.
    pub score: Score,
    /// What to do about noise that the reducible loss takes for useful.
    pub repair: Repair,
    /// How examples are picked once they are scored.
    pub policy: Policy,
    /// The share of the candidates that is picked, by step: n_b / n_B in the paper. Rounded to a count, at least 1.
    pub ratio: Schedule,
    /// The first so many steps do not select; see `off`.
    pub warm_up: u64,
    /// Of the steps after that, the first of every so many selects.
    pub every: u64,
    /// What is picked in a step that does not select.
    pub off: Off,
    /// What to do about losses and logits that are NaN or infinite.
    pub not_finite: NotFinite,
    /// Seeds all random choices.
    pub seed: u64,
}

/// What is picked in a step that does not select: in the warm-up, and between the steps that do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Off {
    /// As many as otherwise, uniformly: the step costs the same.
    #[default]
    Uniform,
    /// All candidates.
    Everything,
}

/// What to do about losses and logits that are NaN or infinite.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NotFinite {
    /// Refuse the batch, naming the first example.
    #[default]
    Error,
    /// Choose among the others, and count the dropped in the telemetry.
    Drop,
}

impl Default for SelectionConfig {
    /// RHO-LOSS as in the paper: the best tenth by reducible loss, at every step.
    fn default() -> Self {
        Self {
            score: Score::ReducibleLoss,
            repair: Repair::None,
            policy: Policy::TopK,
            ratio: Schedule::Constant(0.1),
            warm_up: 0,
            every: 1,
            off: Off::Uniform,
            not_finite: NotFinite::Error,
            seed: 0,
        }
    }
}

impl SelectionConfig {
    /// The configuration, if it makes sense.
    ///
    /// # Errors
    /// [`SelectionError::Setting`] names the field, its value and what would be right.
    pub fn check(self) -> Result<CheckedConfig, SelectionError> {
        self.ratio.within("ratio", 1.0)?;
        self.policy.check()?;
        self.repair.check()?;
        if self.every == 0 {
            return Err(SelectionError::Setting {
                field: "every",
                value: "0".into(),
                expected: "at least 1".into(),
            });
        }
        if self.repair != Repair::None && self.score != Score::ReducibleLoss {
            return Err(SelectionError::Setting {
                field: "repair",
                value: format!("{:?} of the score {}", self.repair, self.score.name()),
                expected: "none: it repairs the score reducible-loss".into(),
            });
        }
        Ok(CheckedConfig(self))
    }

    /// Whether step `step` (from 0) selects by score and policy.
    pub(crate) fn selects_at(&self, step: u64) -> bool {
        step >= self.warm_up && (step - self.warm_up).is_multiple_of(self.every)
    }

    /// Whether a step that selects looks at scores at all.
    pub(crate) fn uses_scores(&self) -> bool {
        self.score != Score::Uniform && self.policy.needs_scores()
    }

    /// The first step from `step` on that selects.
    pub(crate) fn next_that_selects(&self, step: u64) -> u64 {
        let after = step.saturating_sub(self.warm_up).checked_next_multiple_of(self.every);
        after.and_then(|after| after.checked_add(self.warm_up)).unwrap_or(self.warm_up)
    }

    /// Whether scores are computed from irreducible losses.
    pub(crate) fn needs_irreducible(&self) -> bool {
        self.uses_scores() && self.score.needs_irreducible()
    }

    /// How many of `n` candidates are picked at a step.
    pub(crate) fn picked_of(&self, n: usize, step: u64) -> usize {
        ((self.ratio.at(step) * n as f64).round() as usize).clamp(1, n)
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
