use crate::error::logits_of;
use crate::math::log_softmax;
use crate::{Rows, SelectionError};

/// One less the largest probability, 1 − max_c softmax(z)_c: the "least confidence" ranking of selection via proxy
/// (Coleman et al. 2020), and of active learning before it (Lewis & Gale 1994).
///
/// # Errors
/// If a logit is NaN or +∞, or all of a row are −∞. A class that cannot be has −∞.
///
/// ```
/// use seedbed_rho_selection::{Rows, score::least_confidence};
/// let scores = least_confidence(Rows::new(&[0.0, 0.0, 9.0, -9.0], 2)?)?;
/// assert!((scores[0] - 0.5).abs() < 1e-6 && scores[1] < 1e-6);
/// # Ok::<(), seedbed_rho_selection::SelectionError>(())
/// ```
pub fn least_confidence(logits: Rows<'_>) -> Result<Vec<f32>, SelectionError> {
    logits_of(logits.len(), logits)?;
    let mut log_p = Vec::new();
    let one = |row: &[f32]| {
        log_softmax(row, 1.0, &mut log_p);
        let max = log_p.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        -max.exp_m1() as f32
    };
    Ok(logits.iter().map(one).collect())
}
