use rand::RngCore;

use crate::SelectionError;
use crate::error::at_most;
use crate::rng::Uniform;

/// `k` of `n` positions in random order, every set as likely.
///
/// # Errors
/// If `k` is 0 or above `n`.
pub fn uniform(n: usize, k: usize, rng: &mut impl RngCore) -> Result<Vec<usize>, SelectionError> {
    at_most(k, n)?;
    Ok(Uniform(rng).choose(n, k))
}
