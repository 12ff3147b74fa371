//! An expert that nobody needs takes over half of the work of one that does too much.

use seedbed_nn::{Check, ConfigError};
use serde::{Deserialize, Serialize};

/// From time to time, the expert with the least to do becomes a copy of the one with the most, if both are far from an equal share.
///
/// What an expert has to do is the running share of images for which its score is the highest, whoever won them. Copies of one expert are soon
/// different: each learns from what it wins only.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Revival {
    /// Steps between two looks.
    pub every: u64,
    /// The first step at which it looks.
    pub from: u64,
    /// The last step at which it looks.
    pub until: u64,
    /// An expert below this part of an equal share is idle.
    pub idle: f64,
    /// An expert above so many equal shares does too much.
    pub crowded: f64,
}

impl Revival {
    /// For a training of so many steps: every 16th part of it, from the third of them to the half.
    pub fn within(steps: u64) -> Self {
        let every = (steps / 16).max(1);
        Self { every, from: 3 * every, until: steps / 2, idle: 0.4, crowded: 1.5 }
    }

    pub(super) fn validate(&self, check: Check) -> Result<(), ConfigError> {
        check.at_least_one("revival.every", self.every)?;
        check.non_negative("revival.idle", self.idle)?;
        let expected = "a finite number above revival.idle";
        let ok = self.crowded > self.idle && self.crowded.is_finite();
        check.that(ok, "revival.crowded", self.crowded, expected)
    }

    /// Which expert takes over from which after a step, if one does; `shares` add up to 1.
    pub(super) fn due(&self, step: u64, shares: &[f64]) -> Option<[usize; 2]> {
        if !(self.from..=self.until).contains(&step) || !step.is_multiple_of(self.every) {
            return None;
        }
        let equal = 1.0 / shares.len() as f64;
        let by_share = |a: &usize, b: &usize| shares[*a].total_cmp(&shares[*b]);
        let least = (0..shares.len()).min_by(by_share)?;
        let most = (0..shares.len()).max_by(by_share)?;
        let far = shares[least] < self.idle * equal && shares[most] > self.crowded * equal;
        far.then_some([least, most])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_who_is_idle_takes_over_and_only_from_who_does_too_much() {
        let revival = Revival { every: 10, from: 20, until: 40, idle: 0.5, crowded: 1.5 };
        let shares = [0.1, 0.5, 0.3, 0.1];
        assert_eq!(revival.due(20, &shares), Some([0, 1]));
        assert_eq!(revival.due(10, &shares), None, "too early");
        assert_eq!(revival.due(25, &shares), None, "between two looks");
        assert_eq!(revival.due(50, &shares), None, "too late");
        assert_eq!(revival.due(20, &[0.2, 0.4, 0.2, 0.2]), None, "nobody is idle");
        assert_eq!(revival.due(20, &[0.1, 0.3, 0.3, 0.3]), None, "nobody does too much");
    }
}
