//! Experts that compete: whether each ends up with one mechanism.

mod baselines;
mod classifier;
mod compose;
mod count;
mod digits;
mod em;
mod friedman;
mod mixture;
mod regimes;
mod rims_digits;
mod study;
mod success;
mod tables;
mod transfer;

use super::claim::Claim;
use crate::experiment::Experiment;

/// All of them, in the order of the table.
pub(crate) fn all() -> Vec<Box<dyn Experiment>> {
    Claim::boxed(&[
        success::SUCCESS,
        success::SPEED,
        classifier::CLAIM,
        transfer::CLAIM,
        compose::CLAIM,
        count::CLAIM,
        baselines::CLAIM,
        regimes::CLAIM,
        rims_digits::CLAIM,
    ])
}
