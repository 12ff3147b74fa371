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

use crate::experiment::{Context, Experiment, Outcome};
use crate::row::Kind;

/// All of them, in the order of the table.
pub(crate) fn all() -> Vec<Box<dyn Experiment>> {
    let claims = [
        &copy::CLAIMS[..],
        &[repeat::CLAIM, recall::CLAIM, ngrams::CLAIM, sort::CLAIM],
        &[lstm::CLAIM, init::CLAIM, dnc::CLAIM, content_only::CLAIM],
    ];
    claims.concat().into_iter().map(|claim| Box::new(claim) as Box<dyn Experiment>).collect()
}

/// One claim.
#[derive(Clone, Copy)]
struct Claim {
    name: &'static str,
    about: &'static str,
    run: fn(&Context) -> anyhow::Result<Outcome>,
}

impl Experiment for Claim {
    fn name(&self) -> &'static str {
        self.name
    }

    fn kind(&self) -> Kind {
        Kind::Learn
    }

    fn about(&self) -> &'static str {
        self.about
    }

    fn is_long(&self) -> bool {
        self.name != "ntm-copy-ff"
    }

    fn run(&self, context: &Context) -> anyhow::Result<Outcome> {
        (self.run)(context)
    }
}
