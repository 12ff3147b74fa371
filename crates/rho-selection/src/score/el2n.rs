use super::gradient_norm;
use crate::{Rows, SelectionError};

/// EL2N (Paul et al. 2021, *Deep Learning on a Data Diet*): the length of the error vector, mean_k ‖softmax(z_k) − onehot(y)‖₂, over K models that were
/// trained for a few epochs.
///
/// `logits` holds the rows of the first model for all examples, then all of the second, and so on. With one model it is [`gradient_norm`].
///
/// # Errors
/// If the rows are no samples of the examples, a label names no class, a logit is NaN or +∞, or all of a row are −∞.
///
/// ```
/// use seedbed_rho_selection::{Rows, score::el2n};
/// // Two models of one example: one has no idea, one is sure and right.
/// let scores = el2n(Rows::new(&[0.0, 0.0, 30.0, -30.0], 2)?, &[0])?;
/// assert!((scores[0] - 0.5_f32.sqrt() / 2.0).abs() < 1e-6);
/// # Ok::<(), seedbed_rho_selection::SelectionError>(())
/// ```
#[doc(alias = "EL2N")]
pub fn el2n(logits: Rows<'_>, labels: &[usize]) -> Result<Vec<f32>, SelectionError> {
    let models = logits.samples(labels.len())?;
    let norms = gradient_norm(logits, &labels.repeat(models))
        .map_err(|error| error.modulo(labels.len()))?;
    let mean = |i: usize| {
        let of_models = norms.iter().skip(i).step_by(labels.len());
        (of_models.map(|&norm| f64::from(norm)).sum::<f64>() / models as f64) as f32
    };
    Ok((0..labels.len()).map(mean).collect())
}
