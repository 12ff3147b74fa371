//! Learning to learn, and searching architectures.

mod darts;
mod label_noise;
mod memory;
mod omniglot;
mod sinusoid;
mod tabular;

use super::claim::Claim;
use crate::experiment::Experiment;

/// All of them, in the order of the table.
pub(crate) fn all() -> Vec<Box<dyn Experiment>> {
    Claim::boxed(&[
        sinusoid::CLAIM,
        memory::CLAIM,
        tabular::CLAIM,
        omniglot::CLAIM,
        darts::CLAIM,
        label_noise::CLAIM,
    ])
}
