use seedbed_kernels::Rng;

use super::top_k::highest;
use crate::SelectionError;
use crate::error::{TEMPERATURES, at_most, between, finite};

/// `k` positions drawn one after the other *without replacement*, each time with probability ∝ exp(score / T).
///
/// Done in one pass: the `k` highest of score / T + Gumbel noise have that law (Kool et al. 2019). A low temperature gives top-k,
/// a high one uniform selection. First drawn first.
///
/// # Errors
/// If `k` is 0 or above the number of scores, a score is not finite, or the temperature is not from 10⁻¹⁰⁰ to 10¹⁰⁰.
pub fn gumbel_top_k(
    scores: &[f32],
    k: usize,
    temperature: f64,
    rng: &mut Rng,
) -> Result<Vec<usize>, SelectionError> {
    at_most(k, scores.len())?;
    finite("score", scores)?;
    between("temperature", temperature, TEMPERATURES)?;
    let noise: Vec<f64> = scores.iter().map(|_| rng.gumbel()).collect();
    Ok(highest(k, scores.len(), |i| f64::from(scores[i]) / temperature + noise[i]))
}
