use crate::SelectionError;
use crate::error::finite;

/// The *lowest* irreducible loss first: score = −L[y | x; D_ho], in nats (a baseline of Mindermann et al. 2022).
///
/// It avoids noise, and prefers what is easy: most of it is learnt early.
///
/// # Errors
/// If a loss is not finite.
pub fn low_irreducible_loss(irreducible: &[f32]) -> Result<Vec<f32>, SelectionError> {
    finite("irreducible loss", irreducible)?;
    Ok(irreducible.iter().map(|loss| -loss).collect())
}
