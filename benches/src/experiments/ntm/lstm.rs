//! `ntm-lstm`: what an LSTM without a memory learns of the same tasks.

use anyhow::Result;
use seedbed::data::tasks::{
    AssociativeRecall, Copy, NGrams, PrioritySort, RepeatCopy, SequenceTask,
};
use seedbed::ntm::train::TrainingConfig;

use super::network::Network;
use super::report::{bit_error, curves, last_bits, tested};
use super::study::{Study, quick_or_full, training, training_in_batches};
use super::{Claim, ngrams};
use crate::experiment::{Context, Outcome};

pub(super) const CLAIMS: [Claim; 5] = [
    claim(COPY, |context| outcome(COPY, Copy::default(), 256, paper(), context)),
    claim(REPEAT, |context| outcome(REPEAT, RepeatCopy::default(), 256, paper(), context)),
    claim(RECALL, |context| outcome(RECALL, AssociativeRecall::default(), 256, paper(), context)),
    claim(NGRAMS, |context| {
        outcome(NGRAMS, NGrams::default(), 128, training_in_batches(80_000, 4, 1e-3), context)
    }),
    claim(SORT, |context| {
        outcome(SORT, PrioritySort::default(), 128, training_in_batches(160_000, 8, 1e-3), context)
    }),
];

const COPY: &str = "ntm-lstm-copy";
const REPEAT: &str = "ntm-lstm-repeat";
const RECALL: &str = "ntm-lstm-recall";
const NGRAMS: &str = "ntm-lstm-ngrams";
const SORT: &str = "ntm-lstm-sort";

const fn claim(name: &'static str, run: fn(&Context) -> Result<Outcome>) -> Claim {
    const ABOUT: &str = "Three layers of LSTM cells and no memory, as the paper compares with: of 256 cells on 20,000 sequences for copy, repeat copy (the paper has 512 there) and \
        associative recall, which the machines solve in as many; of 128 cells for dynamic N-grams and priority sort, on as many sequences as the machines.";
    Claim { name, about: ABOUT, long: true, run }
}

/// The paper's optimiser and rate.
fn paper() -> TrainingConfig {
    training(20_000, 1e-4)
}

fn outcome<T: SequenceTask + Sync>(
    name: &'static str,
    task: T,
    hidden: usize,
    full: TrainingConfig,
    context: &Context,
) -> Result<Outcome> {
    let network = Network::Lstm { hidden, layers: 3 };
    let study = Study { name, task, network, training: quick_or_full(context, 400, full) };
    let runs = study.runs(context, context.seeds(2, 3))?;
    let errors = match name {
        NGRAMS => ngrams::above_optimum(name, &tested(&runs, &study.task)),
        _ => bit_error(name, &runs, &study.task),
    };
    Ok(Outcome::new()
        .row(last_bits(name, &runs))
        .row(errors)
        .figure(curves(name, &[(name, &runs)])))
}
