use seedbed_kernels::Rng;

use super::top_k::highest;
use crate::SelectionError;
use crate::error::{at_most, finite};

/// Selective backprop's law (Jiang et al. 2019, in the form of Composer): `k` positions drawn without replacement, with probability
///
/// p_r ∝ ((r + ½) / n)^(n/k − 1),
///
/// where r counts from 0, the lowest score. Only the order of the scores matters.
///
/// # Errors
/// If `k` is 0 or above the number of scores, or a score is not finite.
pub fn rank_law(scores: &[f32], k: usize, rng: &mut Rng) -> Result<Vec<usize>, SelectionError> {
    let n = scores.len();
    at_most(k, n)?;
    finite("score", scores)?;
    let exponent = n as f64 / k as f64 - 1.0;
    let order = highest(n, n, |i| f64::from(scores[i]));
    // Gumbel top-k over log p, as in softmax sampling; the order is highest first.
    let keys: Vec<f64> = (0..n)
        .map(|at| {
            let rank = (n - 1 - at) as f64;
            exponent * ((rank + 0.5) / n as f64).ln() + rng.gumbel()
        })
        .collect();
    Ok(highest(k, n, |at| keys[at]).into_iter().map(|at| order[at]).collect())
}
