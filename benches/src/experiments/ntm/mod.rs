//! The Neural Turing Machine on the paper's five tasks, and what it is compared with.
//!
//! A [study](study) is a line of a table: a task, a [network](network) and how it is trained. One driver trains them all, each seed on a
//! thread of its own, and remembers what it has trained, because several claims look at the same machines. The
//! [report](report) makes rows and pictures. Each file beside those is one claim, or a few of one kind.
//!
//! Settings were chosen on seeds from 1,000 upwards; reported seeds count from 0.

mod content_only;
mod copy;
mod dnc;
mod init;
mod lstm;
mod network;
mod ngrams;
mod recall;
mod repeat;
mod report;
mod sort;
mod study;

use super::claim::Claim;
use crate::experiment::Experiment;

/// All of them, in the order of the table.
pub(crate) fn all() -> Vec<Box<dyn Experiment>> {
    let claims = [
        &copy::CLAIMS[..],
        &[repeat::CLAIM, recall::CLAIM, ngrams::CLAIM, sort::CLAIM],
        &lstm::CLAIMS,
        &[init::CLAIM, dnc::CLAIM, content_only::CLAIM],
    ];
    Claim::boxed(&claims.concat())
}
