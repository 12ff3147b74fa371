//! `ntm-recall`: associative recall (Graves et al. 2014, section 4.3).

use anyhow::Result;
use seedbed::data::tasks::AssociativeRecall;
use seedbed::nn::schedule::Schedule;
use seedbed::ntm::NtmConfig;
use seedbed::ntm::train::{TrainingConfig, evaluate};

use super::Claim;
use super::network::{Network, feed_forward, lstm};
use super::report::{
    curves, first_ntm, heads, last_bits, seeds_solved, sequences_to_solve, with_slots,
};
use super::study::{Study, quick_or_full, test_batches, training, training_with_adam};
use crate::experiment::{Context, Outcome};
use crate::row::{Goal, Row};

pub(super) const CLAIM: Claim = Claim {
    name: "ntm-recall",
    about: "Associative recall: of 2 to 6 items of three vectors, the one is to be said that followed the one shown again. Learnt with 64 rows of memory and, \
            by the feed-forward controller, a little noise on what the heads are told. Tested on 20 items with 128 rows, too.",
    long: true,
    run,
};

fn run(context: &Context) -> Result<Outcome> {
    let seeds = context.seeds(2, 5);
    let mut outcome = Outcome::new();
    let mut all = Vec::new();
    // An LSTM remembers by itself at first, and leaves that best with the paper's small steps.
    let small_steps = TrainingConfig { schedule: Schedule::Constant, ..training(40_000, 1e-4) };
    let lstm = NtmConfig { slots: SLOTS, similarity_eps: 1e-6, ..lstm(100) };
    for (name, machine, training) in [
        ("ntm-recall-ff", feed_forward_machine(), feed_forward_training()),
        ("ntm-recall-lstm", lstm, small_steps),
    ] {
        let study = Study {
            name,
            task: AssociativeRecall::default(),
            network: Network::Ntm(machine),
            training: quick_or_full(context, 12_000, training),
        };
        let runs = study.runs(context, seeds)?;
        let more = test_batches(&AssociativeRecall { items: 20..=20, ..Default::default() });
        let larger = with_slots(&runs, 128)?;
        let bits: Vec<f64> = larger.iter().map(|ntm| evaluate(ntm, &more).bits).collect();
        let (to_solve, at_20) = if name.ends_with("ff") { (39e3, 2.33) } else { (22e3, 0.97) };
        let source = "the best reproduction known to us, one seed";
        outcome = outcome
            .row(
                sequences_to_solve(name, &runs)
                    .reference(to_solve, source)
                    .goal_when_full(context, Goal::AtMost(22_000.0)),
            )
            .row(seeds_solved(name, &runs))
            .row(last_bits(name, &runs))
            .row(
                Row::learn(&format!("{name}-20"), "bits", "bits", &bits)
                    .reference(at_20, source)
                    .goal_when_full(context, Goal::AtMost(0.5)),
            );
        if let Some(ntm) = first_ntm(&runs) {
            let batch = &test_batches(&AssociativeRecall { items: 6..=6, ..Default::default() })[0];
            outcome = outcome.figure(heads(&format!("One of six items, {name}"), ntm, batch));
        }
        all.push((name, runs));
    }
    let lines: Vec<_> = all.iter().map(|(name, runs)| (*name, &runs[..])).collect();
    Ok(outcome.figure(curves("Associative recall", &lines)))
}

/// Rows of memory in training.
const SLOTS: usize = 64;

/// The machine that learns recall best.
pub(super) fn feed_forward_machine() -> NtmConfig {
    NtmConfig { slots: SLOTS, similarity_eps: SIMILARITY_EPS, ..feed_forward(100) }
}

/// How it learns.
pub(super) fn feed_forward_training() -> TrainingConfig {
    TrainingConfig { head_noise: 0.05, ..training_with_adam(25_000) }
}

/// Smaller than for copy: places are found by content here, so that a row's direction counts more than its length.
pub(super) const SIMILARITY_EPS: f64 = 0.01;
