//! `ntm-content-only`: what addressing by content alone cannot do.

use anyhow::Result;
use seedbed::data::tasks::{Addition, AssociativeRecall, Copy, SequenceTask};
use seedbed::ntm::train::TrainingConfig;
use seedbed::ntm::{Addressing, MemoryInit, NtmConfig};

use super::network::{Network, lstm};
use super::report::{bit_error, last_bits, seeds_solved};
use super::study::{Study, quick_or_full, training, training_in_batches};
use super::{Claim, recall};
use crate::experiment::{Context, Outcome};

pub(super) const CLAIM: Claim = Claim {
    name: "ntm-content-only",
    about: "Copy, associative recall and the sum of two numbers of up to 8 bits, with all of the addressing (-full) and with content alone, which is the machine that \
            is often compared with under the same name. LSTM controllers for copy and sums, a feed-forward one for recall; the memory of content-only machines is random \
            at first, because a constant one would stay uniform, and their ε is the one that is best for content.",
    long: true,
    run,
};

fn run(context: &Context) -> Result<Outcome> {
    let outcome = both(
        Outcome::new(),
        ["ntm-content-only-full-copy", "ntm-content-only-copy"],
        Copy::default(),
        lstm(100),
        quick_or_full(context, 2_000, training(20_000, 3e-4)),
        context,
    )?;
    let outcome = both(
        outcome,
        ["ntm-content-only-full-recall", "ntm-content-only-recall"],
        AssociativeRecall::default(),
        recall::feed_forward_machine(),
        quick_or_full(context, 2_000, recall::feed_forward_training()),
        context,
    )?;
    both(
        outcome,
        ["ntm-content-only-full-addition", "ntm-content-only-addition"],
        Addition::default(),
        // A head for each of the numbers.
        NtmConfig { slots: 24, read_heads: 2, write_heads: 2, ..lstm(100) },
        quick_or_full(context, 2_000, training_in_batches(240_000, 4, 3e-3)),
        context,
    )
}

/// The rows of a machine on a task, with all of the addressing and with content alone.
fn both<T: SequenceTask + Clone + Sync>(
    mut outcome: Outcome,
    names: [&'static str; 2],
    task: T,
    full: NtmConfig,
    training: TrainingConfig,
    context: &Context,
) -> Result<Outcome> {
    let content = NtmConfig {
        addressing: Addressing::Content,
        memory: MemoryInit::Random,
        similarity_eps: recall::SIMILARITY_EPS,
        ..full.clone()
    };
    for (name, machine) in names.into_iter().zip([full, content]) {
        let (task, training) = (task.clone(), training.clone());
        let study = Study { name, task, network: Network::Ntm(machine), training };
        let runs = study.runs(context, context.seeds(2, 3))?;
        outcome = outcome
            .row(last_bits(name, &runs))
            .row(bit_error(name, &runs, &study.task))
            .row(seeds_solved(name, &runs));
    }
    Ok(outcome)
}
