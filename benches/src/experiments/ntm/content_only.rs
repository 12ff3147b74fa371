//! `ntm-content-only`: what addressing by content alone cannot do.

use anyhow::Result;
use seedbed::data::tasks::{Addition, AssociativeRecall, Copy, SequenceTask};
use seedbed::ntm::{Addressing, MemoryInit, NtmConfig};

use super::Claim;
use super::network::{Network, lstm};
use super::recall::SIMILARITY_EPS;
use super::report::{last_bits, seeds_solved, tested};
use super::study::{Study, quick_or_full, training, training_with_adam};
use crate::experiment::{Context, Outcome};
use crate::row::Row;

pub(super) const CLAIM: Claim = Claim {
    name: "ntm-content-only",
    about: "Copy, associative recall and the sum of two numbers of up to 8 bits, with all of the addressing and with content alone, which is the machine that \
            is often compared with under the same name. LSTM controllers; the memory of content-only machines is random at first, because a constant one \
            would stay uniform.",
    long: true,
    run,
};

fn run(context: &Context) -> Result<Outcome> {
    let mut outcome = Outcome::new();
    for (addressing, [copy, recall, addition]) in [
        (Addressing::Full, FULL),
        (
            Addressing::Content,
            ["ntm-content-only-copy", "ntm-content-only-recall", "ntm-content-only-addition"],
        ),
    ] {
        let memory = match addressing {
            Addressing::Full => MemoryInit::default(),
            Addressing::Content => MemoryInit::Random,
        };
        let by_place = NtmConfig { addressing, memory, ..lstm(100) };
        let by_content = NtmConfig { similarity_eps: SIMILARITY_EPS, ..by_place.clone() };
        let (task, network) = (Copy::default(), Network::Ntm(by_place));
        let study = Study {
            name: copy,
            task,
            network,
            training: quick_or_full(context, 2_000, training(20_000, 3e-4)),
        };
        outcome = rows(outcome, &study, context)?;
        let (task, network) = (AssociativeRecall::default(), Network::Ntm(by_content));
        let training = quick_or_full(context, 2_000, training_with_adam(20_000));
        let study = Study { name: recall, task, network, training };
        outcome = rows(outcome, &study, context)?;
        let Study { network, training, .. } = study;
        let study = Study { name: addition, task: Addition::default(), network, training };
        outcome = rows(outcome, &study, context)?;
    }
    Ok(outcome)
}

const FULL: [&str; 3] = [
    "ntm-content-only-full-copy",
    "ntm-content-only-full-recall",
    "ntm-content-only-full-addition",
];

fn rows<T: SequenceTask + Sync>(
    outcome: Outcome,
    study: &Study<T>,
    context: &Context,
) -> Result<Outcome> {
    let runs = study.runs(context, context.seeds(2, 3))?;
    let errors: Vec<f64> = tested(&runs, &study.task).iter().map(|cost| cost.bit_error).collect();
    Ok(outcome
        .row(last_bits(study.name, &runs))
        .row(Row::learn(study.name, "bit_error", "share", &errors))
        .row(seeds_solved(study.name, &runs)))
}
