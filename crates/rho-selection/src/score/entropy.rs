use super::bald::Sampled;
use crate::{Rows, SelectionError};

/// The entropy of the prediction, in nats: H(p̄), with p̄ the mean of softmax(z) over the samples.
///
/// One row of logits for each of `examples`, or several samples (all rows of the first, then all of the second, …).
/// With one sample it is the "max entropy" ranking of selection via proxy (Coleman et al. 2020).
///
/// # Errors
/// As [`bald`](super::bald()).
///
/// ```
/// use seedbed_rho_selection::{Rows, score::entropy};
/// let h = entropy(Rows::new(&[0.0, 0.0, 9.0, -9.0], 2)?, 2)?;
/// assert!((h[0] - 2_f32.ln()).abs() < 1e-6 && h[1] < 1e-5);
/// # Ok::<(), seedbed_rho_selection::SelectionError>(())
/// ```
pub fn entropy(logits: Rows<'_>, examples: usize) -> Result<Vec<f32>, SelectionError> {
    let sampled = Sampled::new(logits, examples)?;
    Ok(sampled.map(|_, example| example.entropy_of_mean))
}
