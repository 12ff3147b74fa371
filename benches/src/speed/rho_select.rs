//! What selection itself costs, as a share of a training step.

use std::hint::black_box;

use anyhow::Result;

use super::timing::{Contestant, Plan, interleave};
use super::work::mlp::RhoStep;
use crate::experiment::{Context, Experiment, Outcome};
use crate::row::{Goal, Kind, Row};

const NAME: &str = "rho-select-share";

/// See [`Experiment::about`].
pub(super) struct RhoSelectShare;

impl Experiment for RhoSelectShare {
    fn name(&self) -> &'static str {
        NAME
    }

    fn kind(&self) -> Kind {
        Kind::Speed
    }

    fn about(&self) -> &'static str {
        "Selection within the step of `rho-step`: 320 irreducible losses looked up among 60,000, scores, the best 32, telemetry. \
         In turn with the whole step, of which it is a part."
    }

    fn run(&self, context: &Context) -> Result<Outcome> {
        let (mut whole, mut part) = (RhoStep::new(), RhoStep::new());
        let losses = part.losses();
        let select = || drop(black_box(part.select(black_box(&losses))));
        let mut both =
            [Contestant::local("step", || whole.step()), Contestant::local("selection", select)];
        let rounds = interleave(&mut both, Plan::of(context))?;
        let microseconds: Vec<f64> = rounds[1].seconds.iter().map(|s| s * 1e6).collect();
        Ok(Outcome::new()
            .row(
                Row::speed(NAME, "share", "", &rounds[1].over(&rounds[0]))
                    .source("look-up, score, pick and telemetry ÷ the whole step, in turn")
                    .goal(Goal::AtMost(0.02)),
            )
            .row(Row::speed(NAME, "us", "µs", &microseconds).source("for 320 candidates")))
    }
}
