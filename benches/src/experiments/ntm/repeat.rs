//! `ntm-repeat`: repeat copy (Graves et al. 2014, section 4.2).

use anyhow::Result;
use seedbed::data::tasks::{RepeatCopy, SequenceBatch};
use seedbed::ntm::SequenceModel as _;

use super::Claim;
use super::network::{Model, Network, lstm};
use super::report::{
    bit_error, curves, first_ntm, heads, last_bits, seeds_solved, sequences_to_solve,
};
use super::study::{Study, quick_or_full, test_batches, training};
use crate::experiment::{Context, Outcome};
use crate::row::{Goal, Row};

pub(super) const CLAIM: Claim = Claim {
    name: NAME,
    about: "Repeat copy: 1 to 10 vectors are to be said 1 to 10 times, and then a marker. Tested on 20 vectors 20 times. `marker` is the share \
            of sequences of 10 vectors 20 times in which the marker comes at the end, and nowhere before; of the best seed.",
    long: true,
    run,
};

const NAME: &str = "ntm-repeat";

fn run(context: &Context) -> Result<Outcome> {
    let study = Study {
        name: NAME,
        task: RepeatCopy::default(),
        network: Network::Ntm(lstm(100)),
        training: quick_or_full(context, 6_000, training(40_000, 3e-4)),
    };
    let runs = study.runs(context, context.seeds(2, 3))?;
    let longer = |lengths: usize| RepeatCopy {
        lengths: lengths..=lengths,
        repeats: 20..=20,
        ..Default::default()
    };
    let batches = test_batches(&longer(10));
    let best = runs.iter().map(|run| marker(&run.model, &batches)).fold(0.0, f64::max);
    let mut outcome = Outcome::new()
        .row(
            sequences_to_solve(NAME, &runs)
                .reference(100_000.0, "Graves et al. 2014, figure 7, by eye")
                .goal_when_full(context, Goal::AtMost(40_000.0)),
        )
        .row(seeds_solved(NAME, &runs))
        .row(last_bits(NAME, &runs))
        .row(
            bit_error("ntm-repeat-20x20", &runs, &longer(20))
                .source("20 vectors 20 times, the marker's channel included"),
        )
        .row(
            Row::learn(NAME, "marker", "share", &[best])
                .source("the best seed; the paper's machine fails beyond about 10 repeats")
                .goal_when_full(context, Goal::Equals(1.0)),
        )
        .figure(curves("Repeat copy", &[(NAME, &runs)]));
    if let Some(ntm) = first_ntm(&runs) {
        let task = RepeatCopy { lengths: 5..=5, repeats: 5..=5, ..Default::default() };
        outcome = outcome.figure(heads("5 vectors, 5 times", ntm, &test_batches(&task)[0]));
    }
    Ok(outcome)
}

/// The share of sequences in which the marker, the last output, comes at the end and only there.
fn marker(model: &Model, batches: &[SequenceBatch]) -> f64 {
    let (mut right, mut all) = (0, 0);
    for batch in batches {
        let logits = model.logits(&batch.inputs).slice(0, batch.answers.start as isize..);
        let marker = logits.index(2, -1);
        let last = batch.answers.len() - 1;
        for sequence in 0..batch.sequences() {
            let said = marker.index(1, sequence as isize).to_vec();
            right += usize::from(said.iter().enumerate().all(|(t, &x)| (x > 0.0) == (t == last)));
            all += 1;
        }
    }
    right as f64 / all as f64
}
