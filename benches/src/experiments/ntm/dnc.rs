//! `dnc-recall`: the machine's successor on two of its tasks (Graves et al. 2016).

use anyhow::Result;
use seedbed::data::tasks::{AssociativeRecall, RepeatCopy, SequenceTask};
use seedbed::ntm::train::TrainingConfig;
use seedbed::ntm::{ControllerConfig, DncConfig, NtmConfig};

use super::Claim;
use super::network::{Network, feed_forward, lstm};
use super::recall::SIMILARITY_EPS;
use super::report::{curves, last_bits, seeds_solved, sequences_to_solve};
use super::study::{Runs, Study, quick_or_full, training_with_adam};
use crate::experiment::{Context, Outcome};
use crate::row::Goal;

pub(super) const CLAIM: Claim = Claim {
    name: "dnc-recall",
    about: "The Differentiable Neural Computer beside the Neural Turing Machine on associative recall and repeat copy: 64 rows of 20 numbers, the same training; feed-forward \
            controllers, but for the Neural Turing Machine on repeat copy, which learns that with an LSTM.",
    long: true,
    run,
};

fn run(context: &Context) -> Result<Outcome> {
    let recall = ["dnc-recall", "dnc-recall-ntm"];
    let repeat = ["dnc-recall-repeat", "dnc-recall-repeat-ntm"];
    let ntm = |machine| NtmConfig { slots: SLOTS, similarity_eps: SIMILARITY_EPS, ..machine };
    let (recall_rows, recall_runs) =
        rows(recall, AssociativeRecall::default(), ntm(feed_forward(100)), context)?;
    let (repeat_rows, repeat_runs) = rows(repeat, RepeatCopy::default(), ntm(lstm(100)), context)?;
    let mut outcome = Outcome::new();
    outcome.rows = [recall_rows, repeat_rows].concat();
    Ok(outcome
        .figure(curves("Associative recall", &[("DNC", &recall_runs[0]), ("NTM", &recall_runs[1])]))
        .figure(curves("Repeat copy", &[("DNC", &repeat_runs[0]), ("NTM", &repeat_runs[1])])))
}

/// Rows of memory.
const SLOTS: usize = 64;

/// The rows of both machines on a task.
fn rows<T: SequenceTask + Clone + Sync>(
    names: [&'static str; 2],
    task: T,
    ntm: NtmConfig,
    context: &Context,
) -> Result<(Vec<crate::row::Row>, [Runs; 2])> {
    // Found on seeds from 1000: an LSTM remembers by itself at first and stays there; with one head that reads half of the seeds never find the rows; and rows that
    // are free, which are nearly 0, want a larger ε than the Neural Turing Machine's.
    let dnc = DncConfig {
        slots: SLOTS,
        width: 20,
        read_heads: 2,
        controller: ControllerConfig::FeedForward { hidden: 100, layers: 1 },
        similarity_eps: 0.1,
        ..Default::default()
    };
    let train = |name, network| {
        let training = TrainingConfig { stop_when_solved: true, ..training_with_adam(60_000) };
        let training = quick_or_full(context, 1_500, training);
        Study { name, task: task.clone(), network, training }.runs(context, context.seeds(2, 5))
    };
    let runs = [train(names[0], Network::Dnc(dnc))?, train(names[1], Network::Ntm(ntm))?];
    let goal = |row: crate::row::Row, dnc: bool| match dnc {
        true => row.goal_when_full(context, Goal::AtLeast(0.6)),
        false => row,
    };
    let of_both = names.iter().zip(&runs).enumerate().flat_map(|(i, (name, runs))| {
        [
            sequences_to_solve(name, runs),
            goal(seeds_solved(name, runs), i == 0),
            last_bits(name, runs),
        ]
    });
    Ok((of_both.collect(), runs))
}
