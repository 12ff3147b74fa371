use crate::error::{between, labels_below, logits_of, not_finite, same_length};
use crate::math::log_softmax;
use crate::{Rows, SelectionError};

/// The cross-entropy of each row at a temperature, −log softmax(z / T)_y, in nats.
///
/// # Errors
/// If the lengths differ, a label names no class or one with a logit of −∞, a logit is NaN or +∞, or the temperature is not from 10⁻⁶ to 10⁶.
pub fn losses_at_temperature(
    logits: Rows<'_>,
    labels: &[usize],
    temperature: f64,
) -> Result<Vec<f32>, SelectionError> {
    between("temperature", temperature, TEMPERATURES)?;
    same_length(("logits", logits.len()), ("labels", labels.len()))?;
    labels_below(labels, logits.width())?;
    logits_of(labels.len(), logits)?;
    let mut log_p = Vec::new();
    let loss = |(at, (row, &label)): (usize, (&[f32], &usize))| {
        log_softmax(row, temperature, &mut log_p);
        let loss = -log_p[label] as f32;
        if loss.is_finite() { Ok(loss) } else { Err(not_finite("cross-entropy", at, loss)) }
    };
    logits.iter().zip(labels).enumerate().map(loss).collect()
}

/// Temperatures of logits: far more than a calibration ever needs.
pub(crate) const TEMPERATURES: (f64, f64) = (1e-6, 1e6);

/// The temperature that calibrates a classifier (Guo et al. 2017): the minimiser of its mean cross-entropy on examples that it was not
/// trained on, within 1/100 to 100.
///
/// The loss is convex in β = 1/T; a golden-section search over log β finds it to six digits.
///
/// # Errors
/// As [`losses_at_temperature`]; or if there are no examples.
///
/// ```
/// use seedbed_rho_selection::{Rows, score::fit_temperature};
/// // Sure of itself by 4 nats, and right three times out of four: log 3 would be honest.
/// let logits = [4.0, 0.0, 4.0, 0.0, 4.0, 0.0, 4.0, 0.0];
/// let t = fit_temperature(Rows::new(&logits, 2)?, &[0, 0, 0, 1])?;
/// assert!((t - 4.0 / 3_f64.ln()).abs() < 1e-4);
/// # Ok::<(), seedbed_rho_selection::SelectionError>(())
/// ```
pub fn fit_temperature(logits: Rows<'_>, labels: &[usize]) -> Result<f64, SelectionError> {
    losses_at_temperature(logits, labels, 1.0)?;
    if labels.is_empty() {
        return Err(SelectionError::Empty { what: "examples to calibrate on" });
    }
    let mut log_p = Vec::new();
    let mut total = |log_beta: f64| -> f64 {
        let loss = |(row, &label): (&[f32], &usize)| {
            log_softmax(row, (-log_beta).exp(), &mut log_p);
            -log_p[label]
        };
        logits.iter().zip(labels).map(loss).sum()
    };
    let golden = (5_f64.sqrt() - 1.0) / 2.0;
    let (mut low, mut high) = (-(100_f64.ln()), 100_f64.ln());
    let (mut a, mut b) = (high - golden * (high - low), low + golden * (high - low));
    let (mut at_a, mut at_b) = (total(a), total(b));
    while high - low > 1e-7 {
        if at_a <= at_b {
            (high, b, at_b) = (b, a, at_a);
            a = high - golden * (high - low);
            at_a = total(a);
        } else {
            (low, a, at_a) = (a, b, at_b);
            b = low + golden * (high - low);
            at_b = total(b);
        }
    }
    Ok((-(low + high) / 2.0).exp())
}
