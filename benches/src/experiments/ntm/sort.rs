//! `ntm-sort`: priority sort (Graves et al. 2014, section 4.5).

use anyhow::Result;
use seedbed::data::tasks::PrioritySort;
use seedbed::ntm::NtmConfig;

use super::Claim;
use super::network::{Network, feed_forward, with_learnt_rows};
use super::report::{curves, last_bits};
use super::study::{Study, quick_or_full, training_in_batches};
use crate::experiment::{Context, Outcome};
use crate::row::Goal;

pub(super) const CLAIM: Claim = Claim {
    name: NAME,
    about: "Priority sort: of 20 vectors with priorities, the 16 highest are to be said in order. Five read and five write heads, a feed-forward controller of 512, \
            a memory of 128 rows of 40 numbers that starts with learnt ones, so that a priority can find its place by content, and shifts by up to 20 rows, so that \
            reading can step over rows that stayed empty. (The paper has eight heads of each kind, and rows of 20.)",
    long: true,
    run,
};

const NAME: &str = "ntm-sort";

fn run(context: &Context) -> Result<Outcome> {
    let machine = NtmConfig {
        read_heads: 5,
        write_heads: 5,
        width: 40,
        shift_range: 20,
        ..feed_forward(512)
    };
    let study = Study {
        name: NAME,
        task: PrioritySort::default(),
        network: Network::Ntm(with_learnt_rows(128, machine)),
        training: quick_or_full(context, 1_000, training_in_batches(160_000, 8, 1e-3)),
    };
    let runs = study.runs(context, context.seeds(2, 3))?;
    Ok(Outcome::new()
        .row(
            last_bits(NAME, &runs)
                .reference(15.0, "Graves et al. 2014, figure 16, by eye: 10 to 20")
                .goal_when_full(context, Goal::AtMost(10.0)),
        )
        .figure(curves("Priority sort", &[(NAME, &runs)])))
}
