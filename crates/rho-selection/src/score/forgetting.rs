use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::error::same_length;
use crate::{Example, SelectionError};

/// Forgetting events (Toneva et al. 2019): how often an example was answered correctly and, later, no more.
///
/// Tell it after every epoch of a small proxy model which examples were right; then rank once by
/// [`scores`](Self::scores) and keep the highest share ("selection via proxy", Coleman et al. 2020).
///
/// ```
/// use seedbed_rho_selection::score::Forgetting;
/// let mut events = Forgetting::default();
/// events.observe(&[1, 2, 3], &[true, true, false])?;
/// events.observe(&[1, 2, 3], &[true, false, false])?;
/// // Never forgotten; forgotten once; never learnt, which ranks above all.
/// assert_eq!(events.scores(&[1, 2, 3])?, [0.0, 1.0, 3.0]);
/// # Ok::<(), seedbed_rho_selection::SelectionError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Forgetting {
    examples: BTreeMap<u64, Record>,
    /// The most observations of any example.
    rounds: u32,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Record {
    seen: u32,
    forgotten: u32,
    learnt: bool,
    right: bool,
}

impl Forgetting {
    /// Notes whether each example is answered correctly now.
    ///
    /// # Errors
    /// If the lengths differ.
    pub fn observe(&mut self, ids: &[u64], correct: &[bool]) -> Result<(), SelectionError> {
        same_length(("ids", ids.len()), ("correct", correct.len()))?;
        for (&id, &correct) in ids.iter().zip(correct) {
            let record = self.examples.entry(id).or_default();
            record.forgotten += u32::from(record.right && !correct);
            record.learnt |= correct;
            record.right = correct;
            record.seen += 1;
            self.rounds = self.rounds.max(record.seen);
        }
        Ok(())
    }

    /// The forgetting events of each example. One that was never right counts as infinitely often forgotten; so that scores
    /// stay finite it gets one more than there were rounds, which nothing else can reach.
    ///
    /// # Errors
    /// If an example was never observed.
    pub fn scores(&self, ids: &[u64]) -> Result<Vec<f32>, SelectionError> {
        let one = |&id: &u64| match self.examples.get(&id) {
            Some(record) if record.learnt => Ok(record.forgotten as f32),
            Some(_) => Ok((self.rounds + 1) as f32),
            None => Err(SelectionError::OutOfRange {
                what: "the count of observations",
                example: Example::Id(id),
                value: "0".into(),
                expected: "at least 1: observe every example that is ranked".into(),
            }),
        };
        ids.iter().map(one).collect()
    }
}
