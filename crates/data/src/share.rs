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
    let product = share * n as f64;
    // Two roundings of the product, or what looks like one where it is small.
    let slack = (2.0 * f64::EPSILON * product).max(1e-9);
    ((product + slack) as usize).min(n)
}
