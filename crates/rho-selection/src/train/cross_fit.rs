use seedbed_autodiff::{Module, Rng, Tensor};

use super::{Reference, ReferenceConfig, train_reference};
use crate::SelectionError;

/// Irreducible losses without a holdout set: two reference models, each trained on one half of the training set, each
/// asked about the other half (Mindermann et al. 2022, section 4.3).
///
/// Together they cost as much as one model that is trained on as many rows. Each has seen only half of the data, so that the
/// losses are higher than those of a holdout set of the full size would be; on small sets much of the gain goes with that.
#[derive(Clone, Debug)]
pub struct CrossFit<M> {
    /// The model that was trained on the second half and asked about the first one; then the other.
    pub references: [Reference<M>; 2],
}

impl<M> CrossFit<M> {
    /// The irreducible losses of the rows of the first half and then those of the second, each in the order given.
    pub fn losses(&self) -> Vec<f32> {
        self.references.iter().flat_map(|reference| reference.losses.iter().copied()).collect()
    }
}

/// Trains a reference model on each half, for the losses on the other; `model` makes a fresh one.
///
/// The halves should hold each class alike (`seedbed_data::stratified_split` makes such): a model that never saw a class
/// calls all of it irreducible.
///
/// # Errors
/// If a row is in both halves, and as [`train_reference`].
pub fn cross_fit<M: Module<f32>>(
    mut model: impl FnMut(&mut Rng) -> M,
    halves: [&[usize]; 2],
    losses: impl Fn(&M, &[usize]) -> Tensor<f32>,
    config: &ReferenceConfig,
    rng: &mut Rng,
) -> Result<CrossFit<M>, SelectionError> {
    let first: std::collections::HashSet<usize> = halves[0].iter().copied().collect();
    if let Some(&row) = halves[1].iter().find(|row| first.contains(row)) {
        return Err(SelectionError::Setting {
            field: "halves",
            value: format!("row {row} in both"),
            expected:
                "disjoint: a model that was trained on a row cannot tell its irreducible loss"
                    .into(),
        });
    }
    let mut fit = |asked: &[usize], trained_on: &[usize]| {
        train_reference(model(rng), trained_on, asked, &losses, config, rng)
    };
    Ok(CrossFit { references: [fit(halves[0], halves[1])?, fit(halves[1], halves[0])?] })
}
