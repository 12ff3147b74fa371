//! RHO-LOSS against every other way to choose.
//!
//! A [task](task) is a data set with a flaw; a [method](method) is a line of a table; the [study](study) trains by each method on each
//! seed's task; the [report](report) turns that into rows and pictures. Each file beside those is one experiment.

mod dropout;
mod ladder;
mod method;
mod mnist;
mod net;
mod nohold;
mod overlap;
mod reference;
mod relevance;
mod repair;
mod report;
mod small_il;
mod study;
mod task;
mod token;
mod wallclock;
mod web;

use crate::experiment::Experiment;

/// All of them, in the order of the table.
pub(crate) fn all() -> Vec<Box<dyn Experiment>> {
    let panels = mnist::PANELS.into_iter().map(|panel| Box::new(panel) as Box<dyn Experiment>);
    panels
        .chain([
            Box::new(dropout::RhoMnistDropout) as Box<dyn Experiment>,
            Box::new(web::RhoWeb),
            Box::new(nohold::RhoNohold),
            Box::new(small_il::RhoSmallIl),
            Box::new(relevance::RhoRelevance),
            Box::new(repair::RhoRepair),
            Box::new(wallclock::RhoWallclock),
            Box::new(overlap::RhoOverlap),
            Box::new(token::RhoToken),
            Box::new(ladder::RhoLadder),
        ])
        .collect()
}
