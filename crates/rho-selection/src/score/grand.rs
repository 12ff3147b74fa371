use super::gradient_norm;
use crate::error::{finite, finite_rows, same_length};
use crate::{Rows, SelectionError};

/// GraNd (Paul et al. 2021, *Deep Learning on a Data Diet*) of the last layer: the norm of the cross-entropy's gradient in its weights and biases,
///
/// ‖(p − onehot(y)) ⊗ (h, 1)‖₂ = ‖p − onehot(y)‖₂ √(‖h‖² + 1), p = softmax(z),
///
/// with h the features that go into the layer. It is most of the whole gradient's norm and needs no backward pass; `train::grand` has the norm over all weights. The
/// paper takes the mean over ten models that were trained for a few epochs: call it for each.
///
/// # Errors
/// If lengths differ, a label names no class, a logit is NaN or +∞, all of a row are −∞, or a feature is not finite.
///
/// ```
/// use seedbed_rho_selection::{Rows, score::last_layer_grand};
/// let (logits, features) = ([0.0, 0.0], [3.0, 4.0]);
/// let scores = last_layer_grand(Rows::new(&logits, 2)?, &[0], Rows::new(&features, 2)?)?;
/// assert!((scores[0] - (0.5_f32 * 26.0).sqrt()).abs() < 1e-6);
/// # Ok::<(), seedbed_rho_selection::SelectionError>(())
/// ```
#[doc(alias = "GraNd")]
pub fn last_layer_grand(
    logits: Rows<'_>,
    labels: &[usize],
    features: Rows<'_>,
) -> Result<Vec<f32>, SelectionError> {
    same_length(("labels", labels.len()), ("features", features.len()))?;
    finite_rows("feature", features)?;
    let norms = gradient_norm(logits, labels)?;
    let norm = |(norm, h): (f32, &[f32])| {
        let square: f64 = h.iter().map(|&h| f64::from(h).powi(2)).sum();
        (f64::from(norm) * (square + 1.0).sqrt()) as f32
    };
    let scores: Vec<f32> = norms.into_iter().zip(features.iter()).map(norm).collect();
    finite("norm of the gradient", &scores)?;
    Ok(scores)
}
