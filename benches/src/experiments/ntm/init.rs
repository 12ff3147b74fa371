//! `ntm-init`: what should stand in the memory at first (Collier & Beel 2018).

use anyhow::Result;
use seedbed::data::tasks::Copy;
use seedbed::ntm::{MemoryInit, NtmConfig};

use super::Claim;
use super::network::{Network, feed_forward};
use super::report::{curves, seeds_solved, sequences_to_solve};
use super::study::{Study, quick_or_full, training};
use crate::experiment::{Context, Outcome};

pub(super) const CLAIM: Claim = Claim {
    name: "ntm-init",
    about: "Copy with a memory that is constant, learnt or random at first; a feed-forward controller. Collier and Beel found constant about twice \
            as fast as the next.",
    long: true,
    run,
};

fn run(context: &Context) -> Result<Outcome> {
    let mut outcome = Outcome::new();
    let mut all = Vec::new();
    for (name, memory) in [
        ("ntm-init-constant", MemoryInit::default()),
        ("ntm-init-learned", MemoryInit::Learned),
        ("ntm-init-random", MemoryInit::Random),
    ] {
        let study = Study {
            name,
            task: Copy::default(),
            network: Network::Ntm(NtmConfig { memory, ..feed_forward(100) }),
            training: quick_or_full(context, 5_000, training(20_000, 3e-4)),
        };
        let runs = study.runs(context, context.seeds(2, 5))?;
        outcome = outcome.row(sequences_to_solve(name, &runs)).row(seeds_solved(name, &runs));
        all.push((name, runs));
    }
    let lines: Vec<_> = all.iter().map(|(name, runs)| (*name, &runs[..])).collect();
    Ok(outcome.figure(curves("Copy by first memory", &lines)))
}
