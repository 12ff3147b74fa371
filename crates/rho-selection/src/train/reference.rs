use seedbed_autodiff::{Module, Rng, Tensor, value_and_grad};
use seedbed_nn::Config;
use seedbed_nn::optim::{AdamW, AdamWConfig};
use serde::{Deserialize, Serialize};

use super::evaluate;
use crate::{Example, SelectionError};

/// How a reference model is trained.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ReferenceConfig {
    /// Passes over the holdout set; the best is kept, so too many only cost time.
    pub epochs: usize,
    /// Examples in a step.
    pub batch_size: usize,
    /// The optimiser.
    pub optimizer: AdamWConfig,
}

impl Default for ReferenceConfig {
    /// Eight epochs of steps of 32, with AdamW as the paper sets it: learning rate 1e-3, weight decay 0.01.
    fn default() -> Self {
        Self { epochs: 8, batch_size: 32, optimizer: AdamWConfig::default() }
    }
}

/// A model that was trained on a holdout set, and what it cannot explain of the training set.
#[derive(Clone, Debug)]
pub struct Reference<M> {
    /// The model, as it was after the best epoch.
    pub model: M,
    /// The irreducible loss of each training row, in the order given.
    pub losses: Vec<f32>,
    /// Their mean.
    pub mean_loss: f64,
    /// The best epoch, from 1.
    pub epoch: usize,
    /// The steps up to its end.
    pub steps: u64,
    /// Whether it was the last: the model was still getting better.
    pub unfinished: bool,
}

/// Trains `model` on the holdout rows, and keeps the epoch with the lowest loss *on the training
/// rows* (Mindermann et al. 2022, appendix B): these losses, not the accuracy, are what the score subtracts.
///
/// The training rows are only looked at, never trained on. An epoch after which one of their losses is not
/// finite is never the best.
///
/// # Errors
/// If a set is empty, a setting is out of range, or the losses are not finite after any epoch.
pub fn train_reference<M: Module<f32>>(
    mut model: M,
    holdout: &[usize],
    train: &[usize],
    losses: impl Fn(&M, &[usize]) -> Tensor<f32>,
    config: &ReferenceConfig,
    rng: &mut Rng,
) -> Result<Reference<M>, SelectionError> {
    at_least_one("holdout", holdout.len())?;
    at_least_one("train", train.len())?;
    at_least_one("epochs", config.epochs)?;
    at_least_one("batch_size", config.batch_size)?;
    let optimizer = config.optimizer.clone().check().map_err(|error| SelectionError::Setting {
        field: "optimizer",
        value: format!("{:?}", config.optimizer),
        expected: error.to_string(),
    })?;

    let mut optimizer = AdamW::new(&model, optimizer);
    let mut best: Option<Reference<M>> = None;
    let mut diverged = None;
    for epoch in 1..=config.epochs {
        let mut order = holdout.to_vec();
        rng.shuffle(&mut order);
        for rows in order.chunks(config.batch_size) {
            let (_, gradient) = value_and_grad(&model, |m| losses(m, rows).mean(..));
            optimizer.step(&mut model, &gradient);
        }
        let on_train = evaluate(&model, train, &losses);
        if let Some(i) = on_train.iter().position(|loss| !loss.is_finite()) {
            diverged = Some((Example::Id(train[i] as u64), on_train[i]));
            continue;
        }
        let mean_loss = on_train.iter().map(|&x| f64::from(x)).sum::<f64>() / train.len() as f64;
        if best.as_ref().is_none_or(|best| mean_loss < best.mean_loss) {
            let steps = (epoch * holdout.len().div_ceil(config.batch_size)) as u64;
            let (model, losses, unfinished) = (model.clone(), on_train, epoch == config.epochs);
            best = Some(Reference { model, losses, mean_loss, epoch, steps, unfinished });
        }
    }
    best.ok_or_else(|| {
        let (example, value) = diverged.expect("an epoch is either finite or not");
        SelectionError::NotFinite { what: "irreducible loss", example, value }
    })
}

pub(super) fn at_least_one(field: &'static str, value: usize) -> Result<(), SelectionError> {
    if value > 0 {
        return Ok(());
    }
    Err(SelectionError::Setting { field, value: "0".into(), expected: "at least 1".into() })
}
