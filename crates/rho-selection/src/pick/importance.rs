use seedbed_kernels::Rng;
use serde::{Deserialize, Serialize};

use super::{Picked, uniform};
use crate::error::{TEMPERATURES, between, finite};
use crate::math::log_softmax;
use crate::{Example, Schedule, SelectionError};

/// What the probabilities of [`importance`] sampling are made of.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Proposal {
    /// pᵢ ∝ scoreᵢ; scores must not be negative. With the gradient norm this is the variance-minimising law.
    Proportional,
    /// pᵢ ∝ exp(scoreᵢ / T).
    Softmax {
        /// T, by step.
        temperature: Schedule,
    },
}

impl Proposal {
    /// The probabilities at a step.
    pub(crate) fn probabilities(
        &self,
        scores: &[f32],
        step: u64,
    ) -> Result<Vec<f64>, SelectionError> {
        finite("score", scores)?;
        match self {
            Self::Softmax { temperature } => {
                let temperature = temperature.at(step);
                between("temperature", temperature, TEMPERATURES)?;
                let mut log_p = Vec::new();
                log_softmax(scores, temperature, &mut log_p);
                Ok(log_p.into_iter().map(f64::exp).collect())
            }
            Self::Proportional => {
                if let Some(i) = scores.iter().position(|&s| s < 0.0) {
                    return Err(SelectionError::OutOfRange {
                        what: "score",
                        example: Example::Position(i),
                        value: scores[i].to_string(),
                        expected: "at least 0 for proportional importance sampling (a softmax proposal takes any)".into(),
                    });
                }
                let total: f64 = scores.iter().map(|&s| f64::from(s)).sum();
                let n = scores.len() as f64;
                // Where no score is above 0 there is nothing to prefer.
                let p = |&s: &f32| if total > 0.0 { f64::from(s) / total } else { 1.0 / n };
                Ok(scores.iter().map(p).collect())
            }
        }
    }
}

/// `k` positions drawn *with replacement* with the given probabilities, and the weights 1 / (n pᵢ) that make (1/k) Σ wᵢ Lᵢ an unbiased
/// estimate of the mean loss over all n candidates.
///
/// With `tau` above 0, sampling is uniform until it pays (Katharopoulos & Fleuret 2018, equation 26): a batch of k picks by
/// importance is worth one of k τ uniform picks, 1/τ² = 1 − ‖p − u‖² / ‖p‖², with u uniform; importance sampling starts where τ exceeds `tau`.
/// 0 starts at once. Uniform picks are without replacement and weigh 1.
///
/// A probability of 0 excludes an example; the estimate is then unbiased for the others only, which for p ∝ gradient norm loses nothing.
///
/// # Errors
/// If there are no probabilities, one is negative or not finite, or all are 0; if `k` is 0, or exceeds n where sampling is uniform.
/// They need not sum to 1.
pub fn importance(
    probabilities: &[f64],
    k: usize,
    tau: f64,
    rng: &mut Rng,
) -> Result<Picked, SelectionError> {
    let n = probabilities.len();
    if n == 0 || k == 0 {
        return Err(SelectionError::TooMany { k, n });
    }
    if let Some(i) = probabilities.iter().position(|p| !(*p >= 0.0 && p.is_finite())) {
        return Err(SelectionError::OutOfRange {
            what: "probability",
            example: Example::Position(i),
            value: probabilities[i].to_string(),
            expected: "a finite number, at least 0".into(),
        });
    }
    let total: f64 = probabilities.iter().sum();
    if total <= 0.0 {
        return Err(SelectionError::Setting {
            field: "probabilities",
            value: "0 throughout".into(),
            expected: "above 0 somewhere".into(),
        });
    }
    if worth(probabilities, total) < tau {
        return Ok(Picked::unweighted(uniform(n, k, rng)?));
    }
    let mut cumulative: Vec<f64> = Vec::with_capacity(n);
    let mut sum = 0.0;
    for p in probabilities {
        sum += p;
        cumulative.push(sum);
    }
    let draw = |_| {
        let at = rng.uniform() * total;
        // The first whose sum exceeds it has a probability above 0; rounding must not step past the last of these.
        let i = cumulative.partition_point(|&sum| sum <= at).min(n - 1);
        (0..=i).rev().find(|&i| probabilities[i] > 0.0).unwrap_or(i)
    };
    let indices: Vec<usize> = (0..k).map(draw).collect();
    let weights = indices.iter().map(|&i| (total / (n as f64 * probabilities[i])) as f32).collect();
    Ok(Picked { indices, weights })
}

/// τ: how many times larger a uniform batch would have to be.
fn worth(p: &[f64], total: f64) -> f64 {
    let (n, squares) = (p.len() as f64, p.iter().map(|p| (p / total).powi(2)).sum::<f64>());
    let distance: f64 = p.iter().map(|p| (p / total - 1.0 / n).powi(2)).sum();
    1.0 / (1.0 - distance / squares).max(f64::MIN_POSITIVE).sqrt()
}
