//! `ntm-lstm`: what an LSTM without a memory learns of the same tasks.

use anyhow::Result;
use seedbed::data::tasks::{
    AssociativeRecall, Copy, NGrams, PrioritySort, RepeatCopy, SequenceTask,
};
use seedbed::ntm::train::TrainingConfig;

use super::network::Network;
use super::report::{bit_error, curves, last_bits};
use super::study::{Study, quick_or_full, training, training_in_batches};
use super::{Claim, ngrams};
use crate::experiment::{Context, Outcome};

pub(super) const CLAIM: Claim = Claim {
    name: "ntm-lstm",
    about: "Three layers of LSTM cells and no memory, as the paper compares with: of 256 cells on 20,000 sequences for copy, repeat copy (the paper has 512 there) and \
            associative recall, which the machines solve in as many; of 128 cells for dynamic N-grams and priority sort, trained as the machines are.",
    long: true,
    run,
};

fn run(context: &Context) -> Result<Outcome> {
    let paper = || training(20_000, 1e-4);
    let mut outcome = Outcome::new();
    outcome = row(outcome, "ntm-lstm-copy", Copy::default(), 256, paper(), context)?;
    outcome = row(outcome, "ntm-lstm-repeat", RepeatCopy::default(), 256, paper(), context)?;
    outcome = row(outcome, "ntm-lstm-recall", AssociativeRecall::default(), 256, paper(), context)?;
    let many = training_in_batches(80_000, 4, 1e-3);
    outcome = row(outcome, "ntm-lstm-ngrams", NGrams::default(), 128, many, context)?;
    let many = training_in_batches(160_000, 8, 1e-3);
    row(outcome, "ntm-lstm-sort", PrioritySort::default(), 128, many, context)
}

fn row<T: SequenceTask + Sync>(
    outcome: Outcome,
    name: &'static str,
    task: T,
    hidden: usize,
    full: TrainingConfig,
    context: &Context,
) -> Result<Outcome> {
    let network = Network::Lstm { hidden, layers: 3 };
    let study = Study { name, task, network, training: quick_or_full(context, 400, full) };
    let runs = study.runs(context, context.seeds(2, 3))?;
    let mut outcome = outcome.row(last_bits(name, &runs));
    outcome = match name {
        "ntm-lstm-ngrams" => outcome.row(ngrams::above_optimum(name, &runs)),
        _ => outcome.row(bit_error(name, &runs, &study.task)),
    };
    Ok(outcome.figure(curves(name, &[(name, &runs)])))
}
