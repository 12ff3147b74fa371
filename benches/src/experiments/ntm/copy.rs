//! `ntm-copy-ff`, `ntm-copy-lstm` and `ntm-copy-120` (Graves et al. 2014, section 4.1).

use anyhow::Result;
use seedbed::data::tasks::Copy;
use seedbed::ntm::NtmConfig;
use seedbed::ntm::train::{TrainingConfig, evaluate};

use super::Claim;
use super::network::{Network, feed_forward, lstm};
use super::report::{
    curves, first_ntm, heads, last_bits, seeds_solved, sequences_to_solve, share, with_slots,
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
        about: "120 vectors are copied, six times as many as were trained on, with 128 rows of memory; and 1,000 vectors, with 1,024 rows. Twenty and five sequences. \
                Trained for it are machines with a memory that 20 vectors fill, 24 rows, and noise on what their heads are told; `-sparse` are the machines of the two rows above, \
                whose memory was mostly empty in training.",
        long: true,
        run: longer,
    },
];

const FF: &str = "ntm-copy-ff";
const LSTM: &str = "ntm-copy-lstm";
const FF_120: &str = "ntm-copy-120-ff";
const LSTM_120: &str = "ntm-copy-120-lstm";

/// A machine that learns to copy.
fn study(name: &'static str, ntm: NtmConfig, context: &Context) -> Study<Copy> {
    let training = training(context.pick(10_000, 20_000), 3e-4);
    Study { name, task: Copy::default(), network: Network::Ntm(ntm), training }
}

/// The machines with this controller and the paper's memory, which has more rows than they need.
fn sparse(name: &'static str, context: &Context) -> Study<Copy> {
    study(name, if name == FF { feed_forward(100) } else { lstm(100) }, context)
}

/// The machines that go on to longer sequences. What is read of a memory that is all but empty differs from what is read of
/// a full one: machines that have seen a full one know both.
fn full(name: &'static str, context: &Context) -> Study<Copy> {
    let (ntm, head_noise) =
        if name == FF_120 { (feed_forward(100), 0.5) } else { (lstm(100), 0.2) };
    let study = study(name, NtmConfig { slots: 24, ..ntm }, context);
    Study { training: TrainingConfig { head_noise, ..study.training }, ..study }
}

/// Ten machines of a study.
fn ten(study: &Study<Copy>, context: &Context) -> Result<Runs> {
    study.runs(context, context.seeds(10, 10))
}

fn learnt(name: &'static str, context: &Context, reference: f64, goal: f64) -> Result<Outcome> {
    let runs = ten(&sparse(name, context), context)?;
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
    let mut outcome = Outcome::new();
    for (name, study, is_for_it) in [
        (FF_120, full(FF_120, context), true),
        (LSTM_120, full(LSTM_120, context), true),
        ("ntm-copy-120-ff-sparse", sparse(FF, context), false),
        ("ntm-copy-120-lstm-sparse", sparse(LSTM, context), false),
    ] {
        let runs = ten(&study, context)?;
        for (vectors, slots, batches) in [(120, 128, 4), (1_000, 1_024, 1)] {
            let task = Copy { lengths: vectors..=vectors, ..Default::default() };
            let sequences = &test_batches(&task)[..batches];
            let machines = with_slots(&runs, slots)?;
            let errors: Vec<f64> =
                machines.iter().map(|ntm| evaluate(ntm, sequences).bit_error).collect();
            let flawless: Vec<bool> = errors.iter().map(|&error| error == 0.0).collect();
            let name = name.replace("120", &vectors.to_string());
            let reference =
                "Graves et al. 2014, figure 4: one vector twice; a reproduction has none wrong";
            let flawless = share(&name, "seeds_flawless", &flawless);
            let flawless = if is_for_it { flawless.goal(Goal::AtLeast(0.8)) } else { flawless };
            outcome = outcome
                .row(Row::learn(&name, "bit_error", "share", &errors).reference(0.0, reference))
                .row(flawless);
            if vectors == 120 && is_for_it {
                let title = format!("120 vectors are copied, {name}");
                outcome = outcome.figure(heads(&title, &machines[0], &sequences[0]));
            }
        }
    }
    Ok(outcome)
}
