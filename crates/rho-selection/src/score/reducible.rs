use crate::SelectionError;
use crate::error::{finite, same_length};

/// The reducible holdout loss of each example (Mindermann et al. 2022, equation 3), in nats:
///
/// ρ(x, y) = L[y | x; D_t] − L[y | x; D_ho],
///
/// the training loss less the irreducible loss, which is that of a model that was trained on a holdout set. Noisy
/// examples have both high, redundant ones both low; the difference is high for what is learnable, worth
/// learning and not yet learnt. It may be negative.
///
/// # Errors
/// If the lengths differ, or a loss or the difference of two is not finite.
///
/// ```
/// use seedbed_rho_selection::reducible_loss;
/// // Learnt already, noise (hard for the reference model too), worth learning.
/// let scores = reducible_loss(&[0.1, 4.0, 2.0], &[0.1, 3.9, 0.2])?;
/// assert!(scores[2] > scores[0] && scores[2] > scores[1]);
/// # Ok::<(), seedbed_rho_selection::SelectionError>(())
/// ```
pub fn reducible_loss(training: &[f32], irreducible: &[f32]) -> Result<Vec<f32>, SelectionError> {
    let (t, i) = (training.len(), irreducible.len());
    same_length(("training losses", t), ("irreducible losses", i))?;
    finite("training loss", training)?;
    finite("irreducible loss", irreducible)?;
    let scores: Vec<f32> = training.iter().zip(irreducible).map(|(t, i)| t - i).collect();
    finite("reducible loss", &scores)?;
    Ok(scores)
}
