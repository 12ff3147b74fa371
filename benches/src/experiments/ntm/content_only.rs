//! `ntm-content-only`: what addressing by content alone cannot do.

use anyhow::Result;
use seedbed::data::tasks::{Addition, AssociativeRecall, Copy, SequenceTask};
use seedbed::ntm::{Addressing, MemoryInit, NtmConfig};

use super::Claim;
use super::network::{Network, lstm};
use super::report::{last_bits, seeds_solved, tested};
use super::study::{Study, training};
use crate::experiment::{Context, Outcome};
use crate::row::Row;

pub(super) const CLAIM: Claim = Claim {
    name: "ntm-content-only",
    about: "Copy, associative recall and the sum of two numbers of up to 8 bits, with all of the addressing and with content alone, which is the machine that \
            is often compared with under the same name. LSTM controllers; the memory of content-only machines is random at first, because a constant one \
            would stay uniform.",
    run,
};

fn run(context: &Context) -> Result<Outcome> {
    let mut outcome = Outcome::new();
    for (addressing, names) in [
        (
            Addressing::Full,
            [
                "ntm-content-only-full-copy",
                "ntm-content-only-full-recall",
                "ntm-content-only-full-addition",
            ],
        ),
        (
            Addressing::Content,
            ["ntm-content-only-copy", "ntm-content-only-recall", "ntm-content-only-addition"],
        ),
    ] {
        outcome = row(outcome, names[0], Copy::default(), addressing, context)?;
        outcome = row(outcome, names[1], AssociativeRecall::default(), addressing, context)?;
        outcome = row(outcome, names[2], Addition::default(), addressing, context)?;
    }
    Ok(outcome)
}

fn row<T: SequenceTask + Sync>(
    outcome: Outcome,
    name: &'static str,
    task: T,
    addressing: Addressing,
    context: &Context,
) -> Result<Outcome> {
    let memory = match addressing {
        Addressing::Full => MemoryInit::default(),
        Addressing::Content => MemoryInit::Random,
    };
    let study = Study {
        name,
        task,
        network: Network::Ntm(NtmConfig { addressing, memory, ..lstm(100) }),
        training: training(context.pick(2_000, 20_000), 3e-4),
    };
    let runs = study.runs(context, context.seeds(2, 3))?;
    let errors: Vec<f64> = tested(&runs, &study.task).iter().map(|cost| cost.bit_error).collect();
    Ok(outcome
        .row(last_bits(name, &runs))
        .row(Row::learn(name, "bit_error", "share", &errors))
        .row(seeds_solved(name, &runs)))
}
