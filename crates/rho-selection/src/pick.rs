use crate::SelectionError;
use crate::score::finite;

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
    let n = scores.len();
    if k == 0 || k > n {
        return Err(SelectionError::TooMany { k, n });
    }
    finite("score", scores)?;
    // A total order: ties go to the earlier position, so that the result does not depend on the algorithm.
    let order = |&a: &usize, &b: &usize| scores[b].total_cmp(&scores[a]).then(a.cmp(&b));
    let mut positions: Vec<usize> = (0..n).collect();
    if k < n {
        positions.select_nth_unstable_by(k, order);
        positions.truncate(k);
    }
    positions.sort_unstable_by(order);
    Ok(positions)
}
