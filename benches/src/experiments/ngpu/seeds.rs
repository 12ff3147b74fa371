//! `ngpu-seeds-add`: how many seeds learn addition exactly.

use anyhow::Result;
use seedbed::autodiff::Rng;
use seedbed::data::strings::{Arithmetic, Operation};
use seedbed::neural_gpu::evaluate::{draw, share_exact};
use seedbed::neural_gpu::train::Recipe;
use seedbed::neural_gpu::{Moving, Reach};

use super::study::{Study, Trained};
use crate::experiment::{Context, Outcome};
use crate::experiments::claim::Claim;
use crate::figure::{Figure, Series};
use crate::row::{Goal, Row};

pub(super) const CLAIM: Claim = Claim {
    name: NAME,
    about: "Binary addition, one number after the other, answers alone: the paper's setting. Networks of 24 numbers a cell are trained on strings of at most 41 symbols (20 bits) until \
            they are exact on 2,816 validation strings of 101 to 401 symbols, or out of steps. A seed counts as exact where all of 1,024 fresh strings of 401 symbols are right, half \
            of them tough. Networks that are given up within a run are counted as restarts.",
    long: true,
    run,
};

const NAME: &str = "ngpu-seeds-add";

const MAPS: usize = 24;

fn run(context: &Context) -> Result<Outcome> {
    let task = Arithmetic::binary(Operation::Add);
    let study = Study {
        maps: MAPS,
        moving: Moving::thirds(MAPS),
        reach: Reach::Both,
        recipe: Recipe::of(&task, MAPS),
        steps: context.pick(4_000, 30_000),
        task,
    };
    let trained = study.run(context, context.seeds(2, 5))?;
    // Lengths and fresh strings of each; what is drawn differs from every validation by its seed.
    let tests = context.pick(
        &[(41, 256), (101, 256), (401, 1024)][..],
        &[(41, 1024), (101, 1024), (401, 1024), (2001, 64), (4001, 64)],
    );
    let shares: Vec<Vec<f64>> = tests
        .iter()
        .map(|&(length, strings)| {
            let examples = draw(&study.task, length, strings, 0.5, &mut Rng::new(2026));
            let share = |run: &Trained| share_exact(&run.model, &examples, study.recipe.rounded);
            trained.iter().map(share).collect()
        })
        .collect();

    let mut outcome = Outcome::new();
    for (&(length, _), shares) in tests.iter().zip(&shares) {
        let row = Row::learn(NAME, &format!("exact_{length}"), "share", shares);
        outcome = outcome.row(row.source("of fresh strings, half of them tough"));
        if length == 401 {
            let exact = shares.iter().filter(|&&share| share == 1.0).count();
            let rate = exact as f64 / shares.len() as f64;
            let row = Row::learn(NAME, "seeds_exact", "share", &[rate])
                .source("of seeds, exact on every fresh string of 401 symbols")
                .goal_when_full(context, Goal::AtLeast(0.8));
            outcome = outcome.row(Row { seeds: shares.len(), ..row });
        }
    }
    let figures = |of: fn(&Trained) -> f64| trained.iter().map(of).collect::<Vec<_>>();
    let by_length = |seed: usize| {
        tests.iter().zip(&shares).map(|(&(n, _), shares)| (n as f64, shares[seed])).collect()
    };
    let series = Series::new("diagonal", (0..trained.len()).map(by_length).collect());
    Ok(outcome
        .row(Row::learn(NAME, "minutes", "min", &figures(|trained| trained.minutes)))
        .row(Row::learn(NAME, "steps", "steps", &figures(|trained| trained.steps as f64)))
        .row(Row::learn(NAME, "restarts", "", &figures(|trained| trained.restarts as f64)))
        .figure(Figure::curves("Accuracy against length", "symbols", "exact", vec![series])))
}
