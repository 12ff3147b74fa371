//! Quantizers: how well their codebooks are used, and what that buys.

mod kinds;
mod residual;
mod study;
mod usage;

use super::claim::Claim;
use crate::experiment::Experiment;

/// The experiments on quantizers.
pub(crate) fn all() -> Vec<Box<dyn Experiment>> {
    Claim::boxed(&[usage::CLAIM, residual::CLAIM])
}
