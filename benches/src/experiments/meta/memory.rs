//! `meta-memory`: what differentiating a training keeps in memory, against its steps.

use anyhow::{Context as _, Result};
use seedbed::autodiff::{Rng, Tensor};
use seedbed::meta::bilevel::{Hypergradient, InnerSgd, hypergradient};
use seedbed::meta::fewshot::{Maml, SineInit, Sines, StackedMlp};

use crate::experiment::{Context, Outcome};
use crate::experiments::claim::Claim;
use crate::figure::{Figure, Series};
use crate::row::{Goal, Row};
use crate::speed::memory;

pub(super) const CLAIM: Claim = Claim {
    name: NAME,
    about: "The most memory that the hypergradient of a training needs, for 1 to 1,000 inner steps of a network of 1,761 weights on 1,000 points: by a gradient through the \
            whole training, whose graph grows with the steps, and from kept iterates, one step's graph at a time.",
    long: false,
    run,
};

const NAME: &str = "meta-memory";

/// Inner steps; the graph of the last number is not made where it would grow with them.
const STEPS: [usize; 4] = [1, 10, 100, 1000];

fn run(context: &Context) -> Result<Outcome> {
    context.progress.set_length(7);
    let mut outcome = Outcome::new();
    let mut curves = Vec::new();
    // What needs least comes first: memory that was used once stays with the process.
    let before = memory::resident().context("this system does not say how much memory is used")?;
    for (label, how, steps) in [
        ("recomputed", Hypergradient::Recomputed, &STEPS[..]),
        ("nested", Hypergradient::Nested, &STEPS[..3]),
    ] {
        let mut peaks = Vec::new();
        for &steps in steps {
            memory::reset_high_water()?;
            work(how, steps);
            let peak = memory::high_water().context("the system said it before")? - before;
            outcome = outcome.row(
                Row::learn(NAME, &format!("{label}_{steps}"), "MB", &[peak])
                    .source("above what the process had"),
            );
            peaks.push((steps as f64, peak));
            context.progress.inc(1);
        }
        if label == "recomputed" {
            let growth = peaks[3].1 / peaks[0].1;
            outcome = outcome.row(
                Row::learn(NAME, "growth", "×", &[growth])
                    .source("1,000 inner steps ÷ 1")
                    .goal(Goal::AtMost(1.5)),
            );
        }
        curves.push(Series::new(label, vec![peaks]));
    }
    Ok(outcome.figure(Figure::curves("Peak memory", "inner steps", "MB", curves)))
}

/// The hypergradient of one network's training on 1,000 points of a sine.
fn work(how: Hypergradient, steps: usize) {
    let rng = &mut Rng::new(0);
    let net = SineInit::Wide.network::<f32>(rng);
    let sine = Sines::new(1, rng);
    let [support, query] = [(); 2].map(|()| {
        let (x, y) = sine.points(1000, rng);
        (x.squeeze(0), y.squeeze(0))
    });
    let loss = |net: &StackedMlp, (x, y): &(Tensor, Tensor)| net.forward(x).mse(y);
    let episode = Maml::new(support, query, loss);
    let found = hypergradient(&episode, &net, &InnerSgd { rate: 0.001 }, steps, how);
    std::hint::black_box(found);
}
