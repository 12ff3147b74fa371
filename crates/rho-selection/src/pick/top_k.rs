use crate::SelectionError;
use crate::error::{at_most, finite};

/// The positions of the `k` highest scores, highest first; equal scores in the order given.
///
/// Takes O(n + k log k).
///
/// # Errors
/// If `k` is 0 or above the number of scores, or a score is not finite.
///
/// ```
/// use seedbed_rho_selection::top_k;
/// assert_eq!(top_k(&[0.5, 2.0, -1.0, 2.0], 3)?, [1, 3, 0]);
/// # Ok::<(), seedbed_rho_selection::SelectionError>(())
/// ```
pub fn top_k(scores: &[f32], k: usize) -> Result<Vec<usize>, SelectionError> {
    at_most(k, scores.len())?;
    finite("score", scores)?;
    Ok(highest(k, scores.len(), |i| f64::from(scores[i])))
}

/// The `k` of `n` positions with the highest keys, highest first.
pub(super) fn highest(k: usize, n: usize, key: impl Fn(usize) -> f64) -> Vec<usize> {
    let keys: Vec<f64> = (0..n).map(key).collect();
    // A total order: ties go to the earlier position, so that the result does not depend on the algorithm.
    let order = |&a: &usize, &b: &usize| keys[b].total_cmp(&keys[a]).then(a.cmp(&b));
    let mut positions: Vec<usize> = (0..n).collect();
    if k < n {
        positions.select_nth_unstable_by(k, order);
        positions.truncate(k);
    }
    positions.sort_unstable_by(order);
    positions
}
