//! Indices as numbers of mixed radix: a digit a dimension, the first the least significant.

use crate::QuantizerError;

/// The digits of an index: how many values each takes, and what each is worth.
///
/// All arithmetic is on integers. (Summed up in `f32`, as is usual, indices are wrong from 2²⁴ codes on: 69 % of them for nine
/// dimensions of eight levels.)
///
/// ```
/// use seedbed_quantizers::Radix;
/// let radix = Radix::new(&[8, 5, 5, 5])?;
/// assert_eq!(radix.size(), 1000);
/// assert_eq!(radix.index(&[7, 4, 0, 1]), 7 + 4 * 8 + 200);
/// let mut digits = [0; 4];
/// radix.digits(239, &mut digits);
/// assert_eq!(digits, [7, 4, 0, 1]);
/// # Ok::<(), seedbed_quantizers::QuantizerError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Radix {
    levels: Vec<u32>,
    /// What a step of each digit adds to the index: `1, L₀, L₀L₁, …`.
    basis: Vec<u64>,
    size: u64,
}

impl Radix {
    /// The most codes: an index is below 2⁶³.
    pub const MOST: u64 = 1 << 63;

    /// The digits of these levels.
    ///
    /// # Errors
    /// If there are no levels, one of them is 0, or their product is above 2⁶³.
    pub fn new(levels: &[u32]) -> Result<Self, QuantizerError> {
        if levels.is_empty() {
            return Err(QuantizerError::Empty { what: "levels" });
        }
        let mut basis = Vec::with_capacity(levels.len());
        let mut size = 1_u64;
        for (at, &n) in levels.iter().enumerate() {
            if n == 0 {
                return Err(QuantizerError::Levels { at, levels: 0, least: 1, most: u32::MAX });
            }
            basis.push(size);
            size = match size.checked_mul(u64::from(n)) {
                Some(size) if size <= Self::MOST => size,
                _ => {
                    let what = format!("the levels {levels:?}");
                    return Err(QuantizerError::TooManyCodes { what });
                }
            };
        }
        Ok(Self { levels: levels.to_vec(), basis, size })
    }

    /// How many values each digit takes.
    pub fn levels(&self) -> &[u32] {
        &self.levels
    }

    /// What a step of each digit adds to the index.
    pub fn basis(&self) -> &[u64] {
        &self.basis
    }

    /// How many indices there are: the product of the levels.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The index of these digits.
    ///
    /// # Panics
    /// If there are more or fewer digits than levels, or one is not below its level.
    #[track_caller]
    pub fn index(&self, digits: &[u32]) -> u64 {
        assert_eq!(digits.len(), self.levels.len(), "Radix::index: one digit a level");
        let fit = digits.iter().zip(&self.levels).all(|(digit, levels)| digit < levels);
        assert!(
            fit,
            "Radix::index: the digits {digits:?} are not below the levels {:?}",
            self.levels
        );
        digits.iter().zip(&self.basis).map(|(&d, &b)| u64::from(d) * b).sum()
    }

    /// The digits of an index.
    ///
    /// # Panics
    /// If there is room for more or fewer digits than levels, or there is no such index.
    #[track_caller]
    pub fn digits(&self, index: u64, digits: &mut [u32]) {
        assert_eq!(digits.len(), self.levels.len(), "Radix::digits: one digit a level");
        assert!(index < self.size, "Radix::digits: the index {index} is not below {}", self.size);
        let mut rest = index;
        for (digit, &n) in digits.iter_mut().zip(&self.levels) {
            *digit = (rest % u64::from(n)) as u32;
            rest /= u64::from(n);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_beyond_2_to_63_are_refused() {
        assert_eq!(Radix::new(&[2; 63]).unwrap().size(), 1 << 63);
        assert!(matches!(Radix::new(&[2; 64]), Err(QuantizerError::TooManyCodes { .. })));
        assert!(matches!(Radix::new(&[u32::MAX; 3]), Err(QuantizerError::TooManyCodes { .. })));
        assert!(matches!(Radix::new(&[]), Err(QuantizerError::Empty { .. })));
        assert!(matches!(Radix::new(&[3, 0]), Err(QuantizerError::Levels { at: 1, .. })));
    }
}
