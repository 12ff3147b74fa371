use std::collections::HashMap;

use crate::SelectionError;

/// The irreducible loss of every training example, by its stable id.
///
/// It is computed once, by a model that was trained on a holdout set, and never updated (Mindermann et
/// al. 2022, approximation 2).
///
/// ```
/// use seedbed_rho_selection::IrreducibleLosses;
/// let il = IrreducibleLosses::new(&[7, 9], &[0.5, 0.1])?;
/// assert_eq!(il.of(&[9, 7, 9])?, [0.1, 0.5, 0.1]);
/// assert!(il.of(&[8]).is_err());
/// # Ok::<(), seedbed_rho_selection::SelectionError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct IrreducibleLosses(HashMap<u64, f32>);

impl IrreducibleLosses {
    /// The losses of these ids, in nats.
    ///
    /// # Errors
    /// If the lengths differ, an id is given twice, or a loss is not finite.
    pub fn new(ids: &[u64], losses: &[f32]) -> Result<Self, SelectionError> {
        if ids.len() != losses.len() {
            return Err(SelectionError::Lengths {
                left: "ids",
                left_len: ids.len(),
                right: "irreducible losses",
                right_len: losses.len(),
            });
        }
        let mut by_id = HashMap::with_capacity(ids.len());
        for (&id, &loss) in ids.iter().zip(losses) {
            if !loss.is_finite() {
                return Err(SelectionError::NotFinite {
                    what: "irreducible loss",
                    id,
                    value: loss,
                });
            }
            if by_id.insert(id, loss).is_some() {
                return Err(SelectionError::DuplicateId { id });
            }
        }
        Ok(Self(by_id))
    }

    /// The losses of the given ids, in their order.
    ///
    /// # Errors
    /// If an id has none.
    pub fn of(&self, ids: &[u64]) -> Result<Vec<f32>, SelectionError> {
        let missing = |id| SelectionError::MissingId { id, known: self.0.len() };
        ids.iter().map(|id| self.0.get(id).copied().ok_or_else(|| missing(*id))).collect()
    }

    /// How many examples have one.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
