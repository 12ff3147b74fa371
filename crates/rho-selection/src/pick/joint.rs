use seedbed_kernels::Rng;

use crate::error::{at_most, finite_rows, same_length};
use crate::{Rows, SelectionError};

/// JEST's joint sampling (Evans et al. 2024, algorithm 1): `k` examples in `chunks` chunks. The first chunk is uniform; each later one is
/// drawn without replacement, with probability ∝ exp(logit),
///
/// logitᵢ = sᵢᵢ + Σ_{j chosen} (sᵢⱼ + sⱼᵢ),
///
/// so that examples are worth what they add to those that are chosen already. `scores` is the n × n matrix of [`joint_scores`](crate::score::joint_scores).
///
/// # Errors
/// If the matrix is not square or has a number that is not finite, `k` is 0 or above n, or `chunks` is 0 or above `k`.
pub fn joint(
    scores: Rows<'_>,
    k: usize,
    chunks: usize,
    rng: &mut Rng,
) -> Result<Vec<usize>, SelectionError> {
    let n = scores.len();
    at_most(k, n)?;
    same_length(("joint scores (rows)", n), ("joint scores (columns)", scores.width()))?;
    finite_rows("joint score", scores)?;
    if chunks == 0 || chunks > k {
        return Err(SelectionError::Setting {
            field: "chunks",
            value: chunks.to_string(),
            expected: format!("from 1 to the number of picks ({k})"),
        });
    }
    let mut logits: Vec<f64> = (0..n).map(|i| f64::from(scores.row(i)[i])).collect();
    let mut left: Vec<usize> = (0..n).collect();
    let mut picked: Vec<usize> = Vec::with_capacity(k);
    for chunk in 0..chunks {
        // Chunks differ by at most one in size.
        let size = k * (chunk + 1) / chunks - picked.len();
        // The highest of logit + Gumbel noise are draws without replacement; without logits they are uniform.
        let preference = |i: usize| if chunk == 0 { 0.0 } else { logits[i] };
        let mut keyed: Vec<(f64, usize)> =
            left.iter().map(|&i| (preference(i) + rng.gumbel(), i)).collect();
        keyed.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        let new: Vec<usize> = keyed[..size].iter().map(|&(_, i)| i).collect();
        left.retain(|i| !new.contains(i));
        for &j in &new {
            let of_j = scores.row(j);
            for &i in &left {
                logits[i] += f64::from(scores.row(i)[j]) + f64::from(of_j[i]);
            }
        }
        picked.extend(new);
    }
    Ok(picked)
}
