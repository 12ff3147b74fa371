//! The Neural GPU: what it learns exactly, and what of it is proved.
//!
//! A [study](study) trains networks of several seeds side by side; each file beside it is one claim. Settings were chosen on other seeds and on validation
//! lengths; what is reported was never looked at before.

mod add;
mod aligned;
mod carry;
mod original;
mod seeds;
mod shipped;
mod study;
mod symmetric;
mod tape;
mod tasks;

use super::claim::Claim;
use crate::experiment::Experiment;

/// All of them, in the order of the table.
pub(crate) fn all() -> Vec<Box<dyn Experiment>> {
    Claim::boxed(&[
        add::CLAIM,
        aligned::CLAIM,
        carry::CLAIM,
        symmetric::CLAIM,
        seeds::CLAIM,
        original::CLAIM,
        tasks::CLAIM,
    ])
}
