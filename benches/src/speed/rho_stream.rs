//! The best tenth of a long stream.

use std::hint::black_box;

use anyhow::Result;
use seedbed::rho_selection::{StreamConfig, StreamSelector};

use super::Work;
use super::timing::{Contestant, Plan, interleave};
use crate::experiment::{Context, Experiment, Outcome};
use crate::row::{Goal, Kind, Row};

const NAME: &str = "rho-stream";
const SCORES: u64 = 10_000_000;
const PICKED: usize = 1_000_000;
const CHUNK: u64 = 10_000;

/// See [`Experiment::about`].
pub(super) struct RhoStream;

impl Experiment for RhoStream {
    fn name(&self) -> &'static str {
        NAME
    }

    fn kind(&self) -> Kind {
        Kind::Speed
    }

    fn about(&self) -> &'static str {
        "The highest million of 10 million scores that arrive in chunks of 10,000, made on the way. Peak memory is that of a whole process."
    }

    fn run(&self, context: &Context) -> Result<Outcome> {
        // Each run takes a good part of a second: fewer rounds than of shorter work.
        let plan = Plan::of(context);
        let plan = Plan { rounds: plan.rounds.min(5), ..plan };
        let rounds = interleave(&mut [Contestant::local("stream", select)], plan)?;
        let mut outcome = Outcome::new().row(
            Row::speed(NAME, "ms", "ms", &rounds[0].ms())
                .source("one thread, 10 million scores")
                .goal(Goal::AtMost(1_000.0)),
        );
        if let Some(program) = &context.speed.memory_probe
            && let Some(megabytes) = super::peak_megabytes(program, NAME)?
        {
            outcome = outcome.row(
                Row::speed(NAME, "peak_mb", "MB", &[megabytes])
                    .source("a whole process that does it three times")
                    .goal(Goal::AtMost(200.0)),
            );
        }
        Ok(outcome)
    }

    fn work(&self) -> Option<Work> {
        Some(Box::new(select))
    }
}

/// A number that looks random (SplitMix64).
fn mix(i: u64) -> u64 {
    let z = i.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

fn select() {
    let mut selector = StreamSelector::new(StreamConfig::top(PICKED)).expect("a good k");
    let (mut ids, mut scores) = (Vec::new(), Vec::new());
    for begin in (0..SCORES).step_by(CHUNK as usize) {
        ids.clear();
        scores.clear();
        ids.extend(begin..begin + CHUNK);
        scores.extend(ids.iter().map(|&id| (mix(id) >> 40) as f32));
        selector.push(&ids, &scores).expect("finite scores");
    }
    black_box(selector.finish().expect("more scores than picks"));
}
