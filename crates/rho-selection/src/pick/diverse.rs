use seedbed_kernels::Rng;
use serde::{Deserialize, Serialize};

use crate::error::{at_most, finite_rows, same_length};
use crate::math::dot;
use crate::score::logit_gradients;
use crate::{Rows, SelectionError};

/// How [`diverse`] takes the next example.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Draw {
    /// With probability ∝ the correlation, without replacement. Learnt better than the greedy choice in the hands of
    /// others who implemented it.
    #[default]
    Proportional,
    /// The highest correlation: the paper's greedy algorithm.
    Greedy,
}

/// DivBS (Hong et al. 2024): `k` examples whose last-layer gradients together span the batch's mean gradient with little redundance.
///
/// With gᵢ = (softmax(zᵢ) − onehot(yᵢ)) ⊗ hᵢ, the residual starts as the mean gradient. Each pick is made by |⟨gᵢ, residual⟩|;
/// its gradient, made orthogonal to those before it (Gram & Schmidt), is then projected out of the residual. When nothing is left to explain,
/// the remaining picks are uniform.
///
/// Gradients of C · d numbers are never written out: inner products are ⟨gᵢ, gⱼ⟩ = ⟨aᵢ, aⱼ⟩⟨hᵢ, hⱼ⟩, a Gram matrix of n × n. Takes
/// O(n² (C + d) + n k²).
///
/// # Errors
/// If lengths differ, `k` is 0 or above n, a label names no class, or a number is not finite.
pub fn diverse(
    logits: Rows<'_>,
    labels: &[usize],
    features: Rows<'_>,
    k: usize,
    draw: Draw,
    rng: &mut Rng,
) -> Result<Vec<usize>, SelectionError> {
    let n = labels.len();
    at_most(k, n)?;
    same_length(("labels", n), ("features", features.len()))?;
    finite_rows("feature", features)?;
    let gradients = logit_gradients(logits, labels)?;
    let gradients = Rows::new(&gradients, logits.width()).expect("as wide as the logits");
    let gram = gram(gradients, features);
    let mut picked = Vec::with_capacity(k);
    let mut is_picked = vec![false; n];

    // Row s of `basis` holds ⟨gᵢ, e_s⟩ for every i, with e_s the orthonormal directions of the picks so far.
    let mut basis: Vec<Vec<f64>> = Vec::with_capacity(k);
    let mut correlations: Vec<f64> =
        gram.chunks_exact(n).map(|row| row.iter().sum::<f64>() / n as f64).collect();
    let scale = (0..n).map(|i| gram[i * n + i]).fold(0.0, f64::max);
    while picked.len() < k {
        let size = |i: usize| if is_picked[i] { 0.0 } else { correlations[i].abs() };
        let Some(next) = pick(n, size, 1e-12 * scale, draw, rng) else { break };
        is_picked[next] = true;
        picked.push(next);
        // g_next less its parts along the directions before.
        let mut along: Vec<f64> = gram[next * n..][..n].to_vec();
        let mut square = gram[next * n + next];
        for direction in &basis {
            let part = direction[next];
            along.iter_mut().zip(direction).for_each(|(a, d)| *a -= part * d);
            square -= part * part;
        }
        if square <= 1e-12 * scale {
            continue; // within the span of the others: it has no direction of its own
        }
        let norm = square.sqrt();
        along.iter_mut().for_each(|a| *a /= norm);
        // ⟨residual, e⟩: the correlations are ⟨gᵢ, residual⟩ and the residual is orthogonal to the directions before.
        let residual = correlations[next] / norm;
        correlations.iter_mut().zip(&along).for_each(|(c, a)| *c -= residual * a);
        basis.push(along);
    }
    let mut rest: Vec<usize> = (0..n).filter(|&i| !is_picked[i]).collect();
    for _ in picked.len()..k {
        picked.push(rest.swap_remove(rng.below(rest.len())));
    }
    Ok(picked)
}

/// The next example by its size, or `None` where none is above the rounding error.
fn pick(
    n: usize,
    size: impl Fn(usize) -> f64,
    smallest: f64,
    draw: Draw,
    rng: &mut Rng,
) -> Option<usize> {
    let best = (0..n).max_by(|&a, &b| size(a).total_cmp(&size(b)).then(b.cmp(&a)))?;
    if size(best) <= smallest {
        return None;
    }
    if draw == Draw::Greedy {
        return Some(best);
    }
    let mut left = rng.uniform() * (0..n).map(&size).sum::<f64>();
    let drawn = (0..n).find(|&i| {
        left -= size(i);
        left < 0.0
    });
    Some(drawn.unwrap_or(best))
}

/// ⟨gᵢ, gⱼ⟩ = ⟨aᵢ, aⱼ⟩⟨hᵢ, hⱼ⟩ of all pairs.
fn gram(gradients: Rows<'_>, features: Rows<'_>) -> Vec<f64> {
    let n = gradients.len();
    let mut gram = vec![0.0; n * n];
    for i in 0..n {
        for j in 0..=i {
            let product =
                dot(gradients.row(i), gradients.row(j)) * dot(features.row(i), features.row(j));
            gram[i * n + j] = product;
            gram[j * n + i] = product;
        }
    }
    gram
}
