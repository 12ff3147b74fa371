//! `dnc-recall`: the machine's successor on two of its tasks (Graves et al. 2016).

use anyhow::Result;
use seedbed::data::tasks::{AssociativeRecall, RepeatCopy, SequenceTask};
use seedbed::ntm::{ControllerConfig, DncConfig, NtmConfig};

use super::Claim;
use super::network::{Network, lstm};
use super::recall::SIMILARITY_EPS;
use super::report::{curves, last_bits, seeds_solved, sequences_to_solve};
use super::study::{Runs, Study, quick_or_full, training_with_adam};
use crate::experiment::{Context, Outcome};

pub(super) const CLAIM: Claim = Claim {
    name: "dnc-recall",
    about: "The Differentiable Neural Computer beside the Neural Turing Machine on associative recall and repeat copy: LSTM controllers of 100, one read and one \
            write head, a memory of 64×20, the same training.",
    long: true,
    run,
};

fn run(context: &Context) -> Result<Outcome> {
    let recall = ["dnc-recall", "dnc-recall-ntm"];
    let repeat = ["dnc-recall-repeat", "dnc-recall-repeat-ntm"];
    let (recall_rows, recall_runs) = rows(recall, AssociativeRecall::default(), context)?;
    let (repeat_rows, repeat_runs) = rows(repeat, RepeatCopy::default(), context)?;
    let mut outcome = Outcome::new();
    outcome.rows = [recall_rows, repeat_rows].concat();
    Ok(outcome
        .figure(curves("Associative recall", &[("DNC", &recall_runs[0]), ("NTM", &recall_runs[1])]))
        .figure(curves("Repeat copy", &[("DNC", &repeat_runs[0]), ("NTM", &repeat_runs[1])])))
}

/// The rows of both machines on a task.
fn rows<T: SequenceTask + Clone + Sync>(
    names: [&'static str; 2],
    task: T,
    context: &Context,
) -> Result<(Vec<crate::row::Row>, [Runs; 2])> {
    let slots = 64;
    let dnc = DncConfig {
        slots,
        width: 20,
        read_heads: 1,
        controller: ControllerConfig::Lstm { hidden: 100, layers: 1 },
        similarity_eps: SIMILARITY_EPS,
        ..Default::default()
    };
    let ntm = NtmConfig { slots, similarity_eps: SIMILARITY_EPS, ..lstm(100) };
    let train = |name, network| {
        let training = quick_or_full(context, 1_500, training_with_adam(30_000));
        Study { name, task: task.clone(), network, training }.runs(context, context.seeds(2, 3))
    };
    let runs = [train(names[0], Network::Dnc(dnc))?, train(names[1], Network::Ntm(ntm))?];
    let of_both = names.iter().zip(&runs).flat_map(|(name, runs)| {
        [sequences_to_solve(name, runs), seeds_solved(name, runs), last_bits(name, runs)]
    });
    Ok((of_both.collect(), runs))
}
