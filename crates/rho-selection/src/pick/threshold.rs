use super::top_k::highest;
use crate::SelectionError;
use crate::error::{at_most, finite};

/// The positions of all scores above a bound, highest first; if none is, the highest alone, so that a step always has
/// something to train on.
///
/// # Errors
/// If there are no scores, or one is not finite.
pub fn above(scores: &[f32], bound: f32) -> Result<Vec<usize>, SelectionError> {
    at_most(1, scores.len())?;
    finite("score", scores)?;
    let count = scores.iter().filter(|&&score| score > bound).count();
    Ok(highest(count.max(1), scores.len(), |i| f64::from(scores[i])))
}
