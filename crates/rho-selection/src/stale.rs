use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::SelectionError;
use crate::error::{finite, same_length};

/// Training losses that may be some steps old: a forward pass is saved for every candidate that was scored recently.
///
/// ```
/// use seedbed_rho_selection::StaleLosses;
/// let mut stale = StaleLosses::new(100);
/// let ids = [7, 8, 9];
/// // Step 0: nothing is known, all are scored.
/// assert_eq!(stale.outdated(&ids, 0), [0, 1, 2]);
/// stale.update(&ids, &[0.5, 1.0, 2.0], 0)?;
/// // Step 60: scored 60 steps ago is recent enough. Step 101: no more.
/// assert!(stale.outdated(&ids, 60).is_empty());
/// assert_eq!(stale.of(&[9, 7])?, [2.0, 0.5]);
/// assert_eq!(stale.outdated(&ids, 101).len(), 3);
/// # Ok::<(), seedbed_rho_selection::SelectionError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StaleLosses {
    max_age: u64,
    /// By id: the step of the forward pass, and the loss.
    known: BTreeMap<u64, (u64, f32)>,
}

impl StaleLosses {
    /// No losses yet; those that will come are good for `max_age` steps. 0 is for the same step only.
    pub fn new(max_age: u64) -> Self {
        Self { max_age, known: BTreeMap::new() }
    }

    /// The positions of the examples that need a forward pass at this step.
    pub fn outdated(&self, ids: &[u64], step: u64) -> Vec<usize> {
        let is_recent = |id| {
            self.known.get(id).is_some_and(|(then, _)| step.saturating_sub(*then) <= self.max_age)
        };
        (0..ids.len()).filter(|&i| !is_recent(&ids[i])).collect()
    }

    /// Notes the losses of a forward pass. Also worth doing for the losses of the training pass, which cost nothing more.
    ///
    /// # Errors
    /// If the lengths differ, or a loss is not finite; then none is noted.
    pub fn update(&mut self, ids: &[u64], losses: &[f32], step: u64) -> Result<(), SelectionError> {
        same_length(("ids", ids.len()), ("training losses", losses.len()))?;
        finite("training loss", losses).map_err(|error| error.with_ids(ids))?;
        self.known.extend(ids.iter().zip(losses).map(|(&id, &loss)| (id, (step, loss))));
        Ok(())
    }

    /// The losses of these ids, however old.
    ///
    /// # Errors
    /// If an id was never scored.
    pub fn of(&self, ids: &[u64]) -> Result<Vec<f32>, SelectionError> {
        let one = |id: &u64| {
            let known = self.known.get(id).map(|(_, loss)| *loss);
            known.ok_or(SelectionError::NeverScored { id: *id })
        };
        ids.iter().map(one).collect()
    }
}
