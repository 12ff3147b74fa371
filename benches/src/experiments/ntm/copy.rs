//! `ntm-copy-ff`, `ntm-copy-lstm` and `ntm-copy-120` (Graves et al. 2014, section 4.1).

use anyhow::{Context as _, Result};
use seedbed::data::tasks::Copy;
use seedbed::ntm::train::{Cost, Trained, evaluate};

use super::Claim;
use super::network::{Model, Network, feed_forward, lstm};
use super::report::{
    curves, first_ntm, heads, last_bits, seeds_solved, sequences_to_solve, share, tested,
};
use super::study::{Runs, Study, test_batches, training};
use crate::experiment::{Context, Outcome};
use crate::row::{Goal, Row};

pub(super) const CLAIMS: [Claim; 3] = [
    Claim {
        name: FF,
        about: "Copy: 1 to 20 vectors of 8 bits are to be said again. A machine with a feed-forward controller of 100 and a memory of 128×20, one \
                sequence a step. A seed has solved it at the first of three validations in a row, on 200 other sequences, below 0.05 bits a sequence.",
        long: false,
        run: |context| learnt(FF, context, 5_000.0, 5_000.0),
    },
    Claim {
        name: LSTM,
        about: "The same with an LSTM of 100 as the controller.",
        long: true,
        run: |context| learnt(LSTM, context, 10_000.0, 8_000.0),
    },
    Claim {
        name: "ntm-copy-120",
        about: "The machines of the two rows above on 120 vectors, six times as many as they were trained on; and on 1,000, with 1,024 rows of \
                memory in the place of 128. Twenty sequences each.",
        long: true,
        run: longer,
    },
];

pub(super) const FF: &str = "ntm-copy-ff";
pub(super) const LSTM: &str = "ntm-copy-lstm";

fn study(name: &'static str, context: &Context) -> Study<Copy> {
    let ntm = if name == FF { feed_forward(100) } else { lstm(100) };
    Study {
        name,
        task: Copy::default(),
        network: Network::Ntm(ntm),
        training: training(context.pick(10_000, 20_000), 3e-4),
    }
}

/// The ten machines with this controller.
pub(super) fn runs(name: &'static str, context: &Context) -> Result<Runs> {
    study(name, context).runs(context, context.seeds(10, 10))
}

fn learnt(name: &'static str, context: &Context, reference: f64, goal: f64) -> Result<Outcome> {
    let runs = runs(name, context)?;
    let mut outcome = Outcome::new()
        .row(
            sequences_to_solve(name, &runs)
                .reference(reference, "the best reproduction known to us, 1 of 3 seeds")
                .goal(Goal::AtMost(goal)),
        )
        .row(seeds_solved(name, &runs).goal(Goal::AtLeast(0.9)))
        .row(last_bits(name, &runs))
        .figure(curves("Copy", &[(name, &runs)]));
    if let Some(ntm) = first_ntm(&runs) {
        let task = Copy { lengths: 20..=20, ..Default::default() };
        outcome = outcome.figure(heads("20 vectors are copied", ntm, &test_batches(&task)[0]));
    }
    Ok(outcome)
}

fn longer(context: &Context) -> Result<Outcome> {
    let task = Copy { lengths: 120..=120, ..Default::default() };
    let mut outcome = Outcome::new();
    for (name, trained) in [("ntm-copy-120-ff", FF), ("ntm-copy-120-lstm", LSTM)] {
        let runs = runs(trained, context)?;
        let costs = tested(&runs, &task);
        outcome = rows(outcome, name, &costs)?;
        if let Some(ntm) = first_ntm(&runs) {
            let title = format!("120 vectors are copied, {trained}");
            outcome = outcome.figure(heads(&title, ntm, &test_batches(&task)[0]));
        }
    }
    for (name, trained) in [("ntm-copy-120-1000-ff", FF), ("ntm-copy-120-1000-lstm", LSTM)] {
        outcome = rows(outcome, name, &with_larger_memory(&runs(trained, context)?)?)?;
    }
    Ok(outcome)
}

fn rows(outcome: Outcome, name: &str, costs: &[Cost]) -> Result<Outcome> {
    let errors: Vec<f64> = costs.iter().map(|cost| cost.bit_error).collect();
    let flawless: Vec<bool> = errors.iter().map(|&e| e == 0.0).collect();
    let reference = "Graves et al. 2014, figure 4: one vector twice; a reproduction has none wrong";
    Ok(outcome
        .row(Row::learn(name, "bit_error", "share", &errors).reference(0.0, reference))
        .row(share(name, "seeds_flawless", &flawless).goal(Goal::AtLeast(0.8))))
}

/// On 1,000 vectors, with 1,024 rows; one sequence, because it is long.
fn with_larger_memory(runs: &[Trained<Model>]) -> Result<Vec<Cost>> {
    let task = Copy { lengths: 1_000..=1_000, ..Default::default() };
    let batch = &test_batches(&task)[..1];
    let cost = |run: &Trained<Model>| match &run.model {
        Model::Ntm(ntm) => Ok(evaluate(&ntm.with_slots(1_024)?, batch)),
        Model::Dnc(_) | Model::Lstm(_) => anyhow::bail!("no memory that can be resized"),
    };
    runs.iter().map(cost).collect::<Result<_>>().context("1,000 vectors")
}
