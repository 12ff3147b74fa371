use serde::{Deserialize, Serialize};

use crate::error::{between, finite_rows, not_finite, positive};
use crate::{Rows, SelectionError};

/// Which joint score of pairs to use (Evans et al. 2024, section 3).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum JointScore {
    /// Learner − reference: hard for the learner, easy for the reference.
    #[default]
    Learnability,
    /// The learner's loss alone.
    HardLearner,
    /// Less the reference's loss alone.
    EasyReference,
}

/// The joint scores of n examples, an n × n matrix row by row: entry (i, j) says what example i is worth in a batch with j,
/// and the diagonal what it is worth by itself (JEST; Evans et al. 2024).
///
/// `learner` and `reference` are the two models' losses of each pair, see [`sigmoid_pair_losses`]. A loss of single examples is a diagonal matrix, and
/// [`Policy::Joint`](crate::Policy::Joint) then samples examples independently.
///
/// # Errors
/// If a matrix is not square, they differ in size, or a loss is not finite.
pub fn joint_scores(
    learner: Rows<'_>,
    reference: Rows<'_>,
    kind: JointScore,
) -> Result<Vec<f32>, SelectionError> {
    square("learner's losses", learner)?;
    square("reference's losses", reference)?;
    crate::error::same_length(
        ("learner's losses", learner.len()),
        ("reference's losses", reference.len()),
    )?;
    let pairs = learner.data().iter().zip(reference.data());
    let scores: Vec<f32> = match kind {
        JointScore::Learnability => pairs.map(|(learner, reference)| learner - reference).collect(),
        JointScore::HardLearner => learner.data().to_vec(),
        JointScore::EasyReference => reference.data().iter().map(|loss| -loss).collect(),
    };
    finite_rows("joint score", Rows::new(&scores, learner.width())?)?;
    Ok(scores)
}

/// The sigmoid contrastive loss of each pair (Zhai et al. 2023), an n × n matrix:
///
/// ℓᵢⱼ = log(1 + exp(−z (α sᵢⱼ + β))), z = 1 where i = j, else −1,
///
/// with sᵢⱼ the similarity of the first half of example i and the second half of example j. Two that cannot belong together have −∞, and a loss of 0.
///
/// # Errors
/// If the matrix is not square, a similarity or the bias is not finite (but for −∞ beside the diagonal), the scale α is not above 0, or a loss is beyond all floats.
pub fn sigmoid_pair_losses(
    similarity: Rows<'_>,
    scale: f64,
    bias: f64,
) -> Result<Vec<f32>, SelectionError> {
    let rows = ("similarities", similarity.len());
    crate::error::same_length(rows, ("a row of them", similarity.width()))?;
    positive("scale", scale)?;
    between("bias", bias, (-f64::MAX, f64::MAX))?;
    let bad = |(at, &s): (usize, &f32)| {
        let (i, j) = (at / similarity.width(), at % similarity.width());
        (!s.is_finite() && (s != f32::NEG_INFINITY || i == j)).then_some((i, s))
    };
    if let Some((row, value)) = similarity.data().iter().enumerate().find_map(bad) {
        return Err(not_finite("similarities", row, value));
    }
    let loss = |(i, row): (usize, &[f32])| -> Vec<f32> {
        let of_pair = |(j, &s): (usize, &f32)| {
            let sign = if i == j { 1.0 } else { -1.0 };
            let x = -sign * (scale * f64::from(s) + bias);
            // log(1 + eˣ) without overflow.
            (x.max(0.0) + (-x.abs()).exp().ln_1p()) as f32
        };
        row.iter().enumerate().map(of_pair).collect()
    };
    let losses: Vec<f32> = similarity.iter().enumerate().flat_map(loss).collect();
    finite_rows("pair losses", Rows::new(&losses, similarity.width())?)?;
    Ok(losses)
}

/// Refuses what is not a square matrix of finite numbers.
fn square(what: &'static str, matrix: Rows<'_>) -> Result<(), SelectionError> {
    crate::error::same_length((what, matrix.len()), ("a row of them", matrix.width()))?;
    finite_rows(what, matrix)
}
