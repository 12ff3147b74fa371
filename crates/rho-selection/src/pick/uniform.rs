use seedbed_kernels::Rng;

use crate::SelectionError;
use crate::error::at_most;

/// `k` of `n` positions in random order, every set as likely.
///
/// # Errors
/// If `k` is 0 or above `n`.
pub fn uniform(n: usize, k: usize, rng: &mut Rng) -> Result<Vec<usize>, SelectionError> {
    at_most(k, n)?;
    Ok(rng.choose(n, k))
}
