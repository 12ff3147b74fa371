//! `ntm-sort`: priority sort (Graves et al. 2014, section 4.5).

use anyhow::Result;
use seedbed::data::tasks::PrioritySort;
use seedbed::ntm::NtmConfig;

use super::Claim;
use super::network::{Network, feed_forward};
use super::report::{curves, last_bits};
use super::study::{Study, quick_or_full, training};
use crate::experiment::{Context, Outcome};
use crate::row::Goal;

pub(super) const CLAIM: Claim = Claim {
    name: NAME,
    about: "Priority sort: of 20 vectors with priorities, the 16 highest are to be said in order. Eight read and eight write heads and a \
            feed-forward controller of 512, as in the paper.",
    long: true,
    run,
};

const NAME: &str = "ntm-sort";

fn run(context: &Context) -> Result<Outcome> {
    let study = Study {
        name: NAME,
        task: PrioritySort::default(),
        network: Network::Ntm(NtmConfig { read_heads: 8, write_heads: 8, ..feed_forward(512) }),
        training: quick_or_full(context, 500, training(60_000, 1e-4)),
    };
    let runs = study.runs(context, context.seeds(2, 3))?;
    Ok(Outcome::new()
        .row(
            last_bits(NAME, &runs)
                .reference(15.0, "Graves et al. 2014, figure 16, by eye: 10 to 20")
                .goal(Goal::AtMost(10.0)),
        )
        .figure(curves("Priority sort", &[(NAME, &runs)])))
}
