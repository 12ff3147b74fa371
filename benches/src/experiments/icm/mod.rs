//! Experts that compete: whether each ends up with one mechanism.

mod baselines;
mod regimes;
mod success;
mod tables;
mod ten;

use super::claim::Claim;
use crate::experiment::Experiment;

/// All of them, in the order of the table.
pub(crate) fn all() -> Vec<Box<dyn Experiment>> {
    Claim::boxed(&[regimes::CLAIM, success::CLAIM, baselines::BASELINES, baselines::COUNT])
}
