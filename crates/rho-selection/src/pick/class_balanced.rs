use super::top_k::highest;
use crate::SelectionError;
use crate::error::{at_most, finite, same_length};

/// The `k` best, as evenly over the classes as there are candidates: the classes take turns, each giving its best that is left,
/// those with the higher best first, until `k` are picked.
///
/// # Errors
/// If the lengths differ, `k` is 0 or above the number of scores, or a score is not finite.
///
/// ```
/// use seedbed_rho_selection::pick::class_balanced;
/// // The three highest are of class 0; two of each class are picked.
/// let picks = class_balanced(&[9.0, 8.0, 7.0, 1.0, 2.0], &[0, 0, 0, 1, 1], 4)?;
/// assert_eq!(picks, [0, 4, 1, 3]);
/// # Ok::<(), seedbed_rho_selection::SelectionError>(())
/// ```
pub fn class_balanced(
    scores: &[f32],
    labels: &[usize],
    k: usize,
) -> Result<Vec<usize>, SelectionError> {
    let n = scores.len();
    at_most(k, n)?;
    same_length(("scores", n), ("labels", labels.len()))?;
    finite("score", scores)?;
    let mut rank = vec![0_usize; n];
    let mut seen = std::collections::HashMap::new();
    let order = highest(n, n, |i| f64::from(scores[i]));
    for &i in &order {
        let of_class = seen.entry(labels[i]).or_insert(0);
        rank[i] = *of_class;
        *of_class += 1;
    }
    // A stable sort by the rank within the class: round by round, the best first.
    let mut picks = order;
    picks.sort_by_key(|&i| rank[i]);
    picks.truncate(k);
    Ok(picks)
}
