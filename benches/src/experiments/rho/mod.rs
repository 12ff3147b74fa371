//! RHO-LOSS against every other way to choose.
//!
//! A [task](task) is a data set with a flaw; a [method](method) is a line of a table; the [study](study) trains by each method on each
//! seed's task; the [report](report) turns that into rows and pictures. Each file beside those is one experiment, or a few of one kind.

mod dropout;
mod ladder;
mod laplace;
mod method;
mod mnist;
mod net;
mod nohold;
mod overlap;
mod rank;
mod reference;
mod relevance;
mod repair;
mod report;
mod scorer;
mod small_il;
mod study;
mod task;
mod telemetry;
mod token;
mod verdict;
mod wallclock;
mod web;

use super::claim::Claim;
use crate::experiment::Experiment;

/// All of them, in the order of the table.
pub(crate) fn all() -> Vec<Box<dyn Experiment>> {
    let claims = [
        &mnist::CLAIMS[..],
        &[
            dropout::CLAIM,
            laplace::CLAIM,
            web::CLAIM,
            nohold::CLAIM,
            small_il::CLAIM,
            relevance::CLAIM,
        ],
        &[verdict::CLAIM, repair::CLAIM, wallclock::CLAIM, overlap::CLAIM, ladder::CLAIM],
        &token::CLAIMS,
    ];
    Claim::boxed(&claims.concat())
}
