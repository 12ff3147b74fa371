//! New stores from old ones: what is known is never changed in place, because others may look at it.

use super::IrreducibleLosses;
use crate::SelectionError;

impl IrreducibleLosses {
    /// All ids with their losses, in the order of ids. A file is [verified](Self::verify) first.
    ///
    /// # Errors
    /// If the losses are from a file that is damaged.
    ///
    /// ```
    /// # use seedbed_rho_selection::IrreducibleLosses;
    /// let losses = IrreducibleLosses::new(&[9, 7], &[0.5, 0.1])?;
    /// assert_eq!(losses.iter()?.collect::<Vec<_>>(), [(7, 0.1), (9, 0.5)]);
    /// # Ok::<(), seedbed_rho_selection::SelectionError>(())
    /// ```
    pub fn iter(&self) -> Result<impl Iterator<Item = (u64, f32)> + use<'_>, SelectionError> {
        if let Some((_, header)) = &self.stored.file {
            let all = 0..self.stored.layout.bytes();
            let compare = |file: &[u8]| header.compare(file, all);
            self.stored.bytes.in_order(compare).map_err(|what| self.damaged(what))?;
        }
        Ok(self.stored.layout.iter(self.body()))
    }

    /// These losses and others, of new examples for instance.
    ///
    /// # Errors
    /// If the lengths differ, an id is known already or given twice, a loss is not finite, or a file is damaged.
    ///
    /// ```
    /// # use seedbed_rho_selection::IrreducibleLosses;
    /// let losses = IrreducibleLosses::new(&[7], &[0.1])?.extended(&[9, 8], &[0.5, 0.2])?;
    /// assert_eq!(losses.of(&[7, 8, 9])?, [0.1, 0.2, 0.5]);
    /// assert!(losses.extended(&[8], &[0.3]).is_err());
    /// # Ok::<(), seedbed_rho_selection::SelectionError>(())
    /// ```
    pub fn extended(&self, ids: &[u64], losses: &[f32]) -> Result<Self, SelectionError> {
        let more = Self::new(ids, losses)?;
        Ok(Self { default: self.default, ..Self::merged([self, &more])? })
    }

    /// The losses of several stores in one: of the halves of a cross-fit, or of parts that were computed apart. The result has no default.
    ///
    /// # Errors
    /// If an id is in two of them, or a file is damaged.
    pub fn merged<'a>(stores: impl IntoIterator<Item = &'a Self>) -> Result<Self, SelectionError> {
        let (mut ids, mut losses) = (Vec::new(), Vec::new());
        for store in stores {
            for (id, loss) in store.iter()? {
                ids.push(id);
                losses.push(loss);
            }
        }
        Self::new(&ids, &losses)
    }

    /// The same with a loss for every id that has none: of examples that came after the reference model was asked. The mean of the others
    /// prefers none of them; a high one keeps them out.
    ///
    /// It is a decision about this run, and not saved with the losses.
    ///
    /// # Errors
    /// If the loss is not finite.
    ///
    /// ```
    /// # use seedbed_rho_selection::IrreducibleLosses;
    /// let losses = IrreducibleLosses::new(&[7], &[0.1])?.with_default(0.3)?;
    /// assert_eq!(losses.of(&[8, 7])?, [0.3, 0.1]);
    /// # Ok::<(), seedbed_rho_selection::SelectionError>(())
    /// ```
    pub fn with_default(self, loss: f32) -> Result<Self, SelectionError> {
        if !loss.is_finite() {
            return Err(SelectionError::Setting {
                field: "default irreducible loss",
                value: loss.to_string(),
                expected: "a finite number".into(),
            });
        }
        Ok(Self { default: Some(loss), ..self })
    }

    /// The loss of unknown ids, where there is one.
    pub fn default_loss(&self) -> Option<f32> {
        self.default
    }
}
