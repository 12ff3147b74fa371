//! Shares of a whole, and the number of rows that they stand for.

use crate::error::DataError;

pub(crate) fn check_share(name: &'static str, share: f64) -> Result<f64, DataError> {
    match (0.0..=1.0).contains(&share) {
        true => Ok(share),
        false => Err(DataError::invalid(name, share, "from 0 to 1")),
    }
}

/// ⌊`share` · `n`⌋, where a product that is a whole number but for its rounding counts as whole.
pub(crate) fn count_of(share: f64, n: usize) -> usize {
    (share * n as f64 + 1e-9) as usize
}
