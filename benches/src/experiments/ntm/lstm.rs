//! `ntm-lstm`: what an LSTM without a memory learns of the same tasks on the same budget.

use anyhow::Result;
use seedbed::data::tasks::{AssociativeRecall, Copy, SequenceTask};

use super::Claim;
use super::network::Network;
use super::report::{bit_error, curves, last_bits};
use super::study::{Study, quick_or_full, training};
use crate::experiment::{Context, Outcome};

pub(super) const CLAIM: Claim = Claim {
    name: "ntm-lstm",
    about: "Three layers of 256 LSTM cells and no memory, as the paper compares with, on as many sequences as the machines had.",
    long: true,
    run,
};

fn run(context: &Context) -> Result<Outcome> {
    let outcome = row(Outcome::new(), "ntm-lstm-copy", Copy::default(), context)?;
    row(outcome, "ntm-lstm-recall", AssociativeRecall::default(), context)
}

fn row<T: SequenceTask + Sync>(
    outcome: Outcome,
    name: &'static str,
    task: T,
    context: &Context,
) -> Result<Outcome> {
    let network = Network::Lstm { hidden: 256, layers: 3 };
    let study = Study {
        name,
        task,
        network,
        training: quick_or_full(context, 400, training(20_000, 1e-4)),
    };
    let runs = study.runs(context, context.seeds(2, 3))?;
    Ok(outcome
        .row(last_bits(name, &runs))
        .row(bit_error(name, &runs, &study.task))
        .figure(curves(name, &[(name, &runs)])))
}
