//! Scores over Monte-Carlo samples of the prediction: dropout left on, or the members of an ensemble.

use crate::error::{labels_below, logits_of, not_finite};
use crate::math::{self, log_softmax, log_sum_exp};
use crate::{Rows, SelectionError};

/// Bayesian active learning by disagreement (Houlsby et al. 2011): the mutual information of label and weights,
///
/// H(mean_k p_k) − mean_k H(p_k), in nats.
///
/// `logits` holds K samples of each of `examples`: all rows of the first sample, then all of the second, and so on.
/// With one sample it is 0.
///
/// # Errors
/// If the rows are no samples of the examples, a logit is NaN or +∞, or all of a row are −∞. A class that cannot be has −∞.
///
/// ```
/// use seedbed_rho_selection::{Rows, score::bald};
/// // Two samples of two examples: they agree on the first, and contradict each other on the second.
/// let logits = [2.0, 0.0, 9.0, -9.0, /* second sample */ 2.0, 0.0, -9.0, 9.0];
/// let scores = bald(Rows::new(&logits, 2)?, 2)?;
/// assert!(scores[0].abs() < 1e-6 && (scores[1] - 2_f32.ln()).abs() < 1e-4);
/// # Ok::<(), seedbed_rho_selection::SelectionError>(())
/// ```
pub fn bald(logits: Rows<'_>, examples: usize) -> Result<Vec<f32>, SelectionError> {
    let sampled = Sampled::new(logits, examples)?;
    Ok(sampled.map(|_, example| example.entropy_of_mean - example.mean_entropy))
}

/// The conditional entropy, mean_k H(p_k), in nats: how noisy each sample of the model believes the label to be.
///
/// Samples as in [`bald`].
///
/// # Errors
/// As [`bald`].
pub fn conditional_entropy(logits: Rows<'_>, examples: usize) -> Result<Vec<f32>, SelectionError> {
    let sampled = Sampled::new(logits, examples)?;
    Ok(sampled.map(|_, example| example.mean_entropy))
}

/// The loss less the conditional entropy, mean_k CE_k − mean_k H(p_k), in nats: surprise beyond what the
/// model itself takes to be noise (Mindermann et al. 2022, appendix).
///
/// Samples as in [`bald`]; `labels` has the class of each example.
///
/// # Errors
/// As [`bald`]; or if a label names no class, or one that cannot be.
pub fn loss_minus_conditional_entropy(
    logits: Rows<'_>,
    labels: &[usize],
) -> Result<Vec<f32>, SelectionError> {
    let sampled = Sampled::new(logits, labels.len())?;
    labels_below(labels, logits.width())?;
    if let Some(i) =
        (0..logits.len()).find(|&i| logits.row(i)[labels[i % labels.len()]] == f32::NEG_INFINITY)
    {
        return Err(not_finite("cross-entropy", i % labels.len(), f32::INFINITY));
    }
    let loss = |i: usize, row: usize| {
        let z = logits.row(row);
        log_sum_exp(z.iter().map(|&z| f64::from(z))) - f64::from(z[labels[i]])
    };
    Ok(sampled.map(|i, example| {
        let losses: f64 = sampled.rows_of(i).map(|row| loss(i, row)).sum();
        losses / sampled.samples as f64 - example.mean_entropy
    }))
}

/// Logits of `samples` samples of each of `examples`.
pub(super) struct Sampled<'a> {
    logits: Rows<'a>,
    examples: usize,
    samples: usize,
}

/// The entropies of one example.
pub(super) struct Entropies {
    /// H(mean_k p_k).
    pub(super) entropy_of_mean: f64,
    /// mean_k H(p_k).
    pub(super) mean_entropy: f64,
}

impl<'a> Sampled<'a> {
    pub(super) fn new(logits: Rows<'a>, examples: usize) -> Result<Self, SelectionError> {
        let samples = logits.samples(examples)?;
        logits_of(examples, logits)?;
        Ok(Self { logits, examples, samples })
    }

    /// The rows that are samples of example `i`.
    fn rows_of(&self, i: usize) -> impl Iterator<Item = usize> + use<> {
        (i..self.examples * self.samples).step_by(self.examples)
    }

    /// A score from the position and the entropies of each example.
    pub(super) fn map(&self, score: impl Fn(usize, Entropies) -> f64) -> Vec<f32> {
        let mut all = Vec::new();
        let mut log_p = Vec::new();
        let classes = self.logits.width();
        let one = |i| {
            all.clear();
            let mut entropies = 0.0;
            for row in self.rows_of(i) {
                log_softmax(self.logits.row(row), 1.0, &mut log_p);
                entropies += math::entropy(&log_p);
                all.extend_from_slice(&log_p);
            }
            // log p̄ = logsumexp_k log p_k − log K: exact where every p_k underflows.
            let mean: Vec<f64> = (0..classes)
                .map(|c| {
                    let of_class = all.iter().skip(c).step_by(classes).copied();
                    log_sum_exp(of_class) - (self.samples as f64).ln()
                })
                .collect();
            let mean_entropy = entropies / self.samples as f64;
            score(i, Entropies { entropy_of_mean: math::entropy(&mean), mean_entropy }) as f32
        };
        (0..self.examples).map(one).collect()
    }
}
