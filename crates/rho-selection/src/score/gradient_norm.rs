use crate::error::{labels_below, logits_of, same_length};
use crate::math::log_softmax;
use crate::{Rows, SelectionError};

/// The norm of the loss's gradient in the logits, ‖softmax(z) − onehot(y)‖₂, from 0 to √2.
///
/// For cross-entropy it bounds the norm of the whole gradient, up to a factor that is nearly the same for all examples
/// (Katharopoulos & Fleuret 2018, equation 20).
///
/// # Errors
/// If the lengths differ, a label names no class, a logit is NaN or +∞, or all of a row are −∞. A class that cannot be has −∞.
///
/// ```
/// use seedbed_rho_selection::{Rows, score::gradient_norm};
/// let logits = Rows::new(&[0.0, 0.0, 9.0, -9.0], 2)?;
/// let norms = gradient_norm(logits, &[0, 0])?;
/// assert!((norms[0] - 0.5_f32.sqrt()).abs() < 1e-6 && norms[1] < 1e-6);
/// # Ok::<(), seedbed_rho_selection::SelectionError>(())
/// ```
pub fn gradient_norm(logits: Rows<'_>, labels: &[usize]) -> Result<Vec<f32>, SelectionError> {
    let gradients = logit_gradients(logits, labels)?;
    let norm = |g: &[f32]| g.iter().map(|&g| f64::from(g).powi(2)).sum::<f64>().sqrt() as f32;
    Ok(gradients.chunks(logits.width()).map(norm).collect())
}

/// softmax(z) − onehot(y) of every row: the gradient of cross-entropy in the logits.
pub(crate) fn logit_gradients(
    logits: Rows<'_>,
    labels: &[usize],
) -> Result<Vec<f32>, SelectionError> {
    same_length(("logits", logits.len()), ("labels", labels.len()))?;
    labels_below(labels, logits.width())?;
    logits_of(labels.len(), logits)?;
    let mut gradients = Vec::with_capacity(logits.data().len());
    let mut log_p = Vec::new();
    for (row, &label) in logits.iter().zip(labels) {
        log_softmax(row, 1.0, &mut log_p);
        // 1 − p of the right class without cancellation: the sum of the others.
        let others = log_p.iter().enumerate().filter(|(class, _)| *class != label);
        let missing: f64 = others.map(|(_, l)| l.exp()).sum();
        let gradient = log_p.iter().enumerate().map(|(class, l)| match class == label {
            true => -missing as f32,
            false => l.exp() as f32,
        });
        gradients.extend(gradient);
    }
    Ok(gradients)
}
