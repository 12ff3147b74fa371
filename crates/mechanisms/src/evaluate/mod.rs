//! How well experts have specialised. Here, and only here, the truth is looked at.

mod rand_index;
mod wins;

pub use rand_index::adjusted_rand_index;
pub use wins::WinMatrix;

use seedbed_autodiff::{Float, Tensor};

use crate::samples::Truth;
use crate::{Experts, MechanismsError};

/// How far images are from the clean ones: the mean squared error of a pixel, for each mechanism.
#[derive(Clone, Debug, PartialEq)]
pub struct Errors {
    /// Of the restored images.
    pub restored: Vec<f64>,
    /// Of the images as they were given.
    pub untouched: Vec<f64>,
    /// Of the best expert for each mechanism, whoever won.
    pub best_expert: Vec<f64>,
}

/// What came of a training.
#[derive(Clone, Debug, PartialEq)]
pub struct Evaluation {
    /// Who won what.
    pub wins: WinMatrix,
    /// How far from the truth.
    pub errors: Errors,
}

impl Errors {
    /// The mean over mechanisms of [`restored`](Self::restored).
    pub fn mean(&self) -> f64 {
        self.restored.iter().sum::<f64>() / self.restored.len() as f64
    }
}

/// Lets the experts restore images and compares with the truth.
///
/// # Errors
/// As [`Experts::restore`]; also if the truth is about another number of images, or names a mechanism that it has no name for.
pub fn evaluate<F: Float>(
    experts: &Experts<F>,
    images: &Tensor<F>,
    truth: &Truth<F>,
) -> Result<Evaluation, MechanismsError> {
    if truth.clean.shape() != images.shape() {
        let expected = format!("{:?}, as the truth has", truth.clean.shape());
        return Err(MechanismsError::shape("the images", images.shape(), expected));
    }
    if truth.mechanism.len() != images.shape()[0] {
        let expected = format!("[{}], one an image", images.shape()[0]);
        return Err(MechanismsError::shape(
            "the truth's mechanisms",
            &[truth.mechanism.len()],
            expected,
        ));
    }
    if let Some((image, m)) =
        (truth.mechanism.iter().enumerate()).find(|&(_, &m)| m >= truth.names.len())
    {
        let value = format!("{m} for image {image}");
        let expected = format!("below {}, the number of names", truth.names.len());
        return Err(MechanismsError::setting("the truth's mechanism", value, expected));
    }
    // Every expert runs once: its outputs are those that the winners' are taken from.
    let competed = experts.compete_all(images)?;
    let winners = competed.round.winners();
    let mechanisms = truth.names.len();
    let wins = WinMatrix::count(&truth.mechanism, winners, mechanisms, experts.experts.len());
    let error = |images: &Tensor<F>| error_by(&truth.mechanism, mechanisms, images, &truth.clean);
    let of_expert: Vec<Vec<f64>> = competed.outputs.iter().map(error).collect();
    let best_expert = (0..mechanisms)
        .map(|m| of_expert.iter().map(|errors| errors[m]).fold(f64::INFINITY, f64::min))
        .collect();
    let errors = Errors {
        restored: error(&competed.round.select(&competed.outputs)),
        untouched: error(images),
        best_expert,
    };
    Ok(Evaluation { wins, errors })
}

/// The mean squared error of a pixel for each group of images; 0 for a group without images.
///
/// # Panics
/// If the shapes differ, or there is not one group an image.
#[track_caller]
pub fn error_by<F: Float>(
    group: &[usize],
    groups: usize,
    images: &Tensor<F>,
    clean: &Tensor<F>,
) -> Vec<f64> {
    assert!(
        images.shape() == clean.shape() && images.shape()[0] == group.len(),
        "error_by: {} groups for images of {:?} and {:?}",
        group.len(),
        images.shape(),
        clean.shape()
    );
    let pixels = (images.len() / group.len().max(1)).max(1);
    let (mut sums, mut counts) = (vec![0.0; groups], vec![0.0; groups]);
    let pairs = images.data().chunks_exact(pixels).zip(clean.data().chunks_exact(pixels));
    for (&group, (a, b)) in group.iter().zip(pairs) {
        sums[group] += a.iter().zip(b).map(|(a, b)| (a.f64() - b.f64()).powi(2)).sum::<f64>();
        counts[group] += pixels as f64;
    }
    sums.iter().zip(&counts).map(|(sum, count): (&f64, &f64)| sum / count.max(1.0)).collect()
}
