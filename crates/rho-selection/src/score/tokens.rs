use crate::error::{not_finite, same_length};
use crate::pick::top_k;
use crate::{Picked, SelectionError};

/// The excess loss of each token (Rho-1; Lin et al. 2024, equation 3), in nats: L_Δ(t) = L_θ(t) − L_ref(t), the loss of the model in training less that of
/// a reference model that was trained on curated text.
///
/// Sequences lie one after the other; `mask` is false where a position is padding or is not predicted. The answer
/// has the positions that count, and the score of each.
///
/// # Errors
/// If the lengths differ, or a loss that counts, or the difference of two, is not finite (what is masked may be anything).
pub fn excess_loss(
    training: &[f32],
    reference: &[f32],
    mask: &[bool],
) -> Result<(Vec<usize>, Vec<f32>), SelectionError> {
    let tokens = ("training losses", training.len());
    same_length(tokens, ("reference losses", reference.len()))?;
    same_length(tokens, ("mask", mask.len()))?;
    let positions: Vec<usize> = (0..mask.len()).filter(|&t| mask[t]).collect();
    let of = |what, losses: &[f32]| match positions.iter().find(|&&t| !losses[t].is_finite()) {
        None => Ok(()),
        Some(&t) => Err(not_finite(what, t, losses[t])),
    };
    of("training loss", training)?;
    of("reference loss", reference)?;
    let scores: Vec<f32> = positions.iter().map(|&t| training[t] - reference[t]).collect();
    match scores.iter().position(|score| !score.is_finite()) {
        None => Ok((positions, scores)),
        Some(i) => Err(not_finite("excess loss", positions[i], scores[i])),
    }
}

/// Selective language modelling (Rho-1): the share of a batch's tokens with the highest [`excess_loss`], with
/// weights of 1. The batch's loss is the mean over these tokens alone.
///
/// round(share × tokens that count) are picked, at least one. Everywhere in the batch counts alike: a sequence may lose all of its tokens.
///
/// # Errors
/// As [`excess_loss`]; or if the share is not above 0 and at most 1, or every token is masked.
///
/// ```
/// use seedbed_rho_selection::score::select_tokens;
/// let training = [0.2, 3.0, 2.5, f32::NAN];
/// let reference = [0.1, 2.9, 0.5, f32::NAN];
/// let chosen = select_tokens(&training, &reference, &[true, true, true, false], 0.3)?;
/// assert_eq!((chosen.indices, chosen.weights), (vec![2], vec![1.0]));
/// # Ok::<(), seedbed_rho_selection::SelectionError>(())
/// ```
pub fn select_tokens(
    training: &[f32],
    reference: &[f32],
    mask: &[bool],
    share: f64,
) -> Result<Picked, SelectionError> {
    crate::Schedule::Constant(share).within("share", 1.0)?;
    let (positions, scores) = excess_loss(training, reference, mask)?;
    if positions.is_empty() {
        return Err(SelectionError::Empty { what: "tokens that are not masked" });
    }
    let k = ((share * scores.len() as f64).round() as usize).max(1);
    Ok(Picked::unweighted(top_k(&scores, k)?.into_iter().map(|i| positions[i]).collect()))
}
