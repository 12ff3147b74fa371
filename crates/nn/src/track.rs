//! Following a metric: is it still getting better?

use serde::{Deserialize, Serialize};

/// Whether a metric should become small or large.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Goal {
    /// Small is good: a loss.
    #[default]
    Min,
    /// Large is good: an accuracy.
    Max,
}

/// The best value so far, and how many observations ago it was seen.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Tracker {
    best: Option<f64>,
    since_best: u64,
}

impl Tracker {
    /// Whether this value is the best so far by more than `min_delta`. One that is not finite never is: nothing could be better, and it could not be saved.
    pub(crate) fn observe(&mut self, value: f64, goal: Goal, min_delta: f64) -> bool {
        let better = match (self.best, goal) {
            _ if !value.is_finite() => false,
            (None, _) => true,
            (Some(best), Goal::Min) => value < best - min_delta,
            (Some(best), Goal::Max) => value > best + min_delta,
        };
        if better {
            (self.best, self.since_best) = (Some(value), 0);
        } else {
            self.since_best += 1;
        }
        better
    }

    pub(crate) fn since_best(&self) -> u64 {
        self.since_best
    }

    /// Counts from here again.
    pub(crate) fn be_patient_again(&mut self) {
        self.since_best = 0;
    }
}
