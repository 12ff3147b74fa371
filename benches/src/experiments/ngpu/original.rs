//! `ngpu-original`: the original network on binary addition, trained as its authors did.

use std::time::Instant;

use anyhow::Result;
use seedbed::autodiff::Rng;
use seedbed::data::strings::{Arithmetic, Operation, StringTask as _};
use seedbed::neural_gpu::NeuralGpuConfig;
use seedbed::neural_gpu::evaluate::{draw, share_exact};
use seedbed::neural_gpu::train::{RelaxedRecipe, RelaxedTrainer};
use seedbed::nn::Config as _;

use crate::experiment::{Context, Outcome};
use crate::experiments::claim::Claim;
use crate::experiments::jobs::side_by_side;
use crate::figure::{Figure, Series};
use crate::row::{Goal, Row};

pub(super) const CLAIM: Claim = Claim {
    name: NAME,
    about: "The original network (24 numbers a pixel, 4 pixels a cell, two units a step, six copies of the weights) on binary addition, one number after the other: curriculum, copies that a \
            growing pull makes one, dropout on the state. A seed ends when it is exact on 64 strings of 101 and 32 of 401 symbols, or out of steps. What is reported are fresh \
            strings, half of them tough; training had random ones.",
    long: true,
    run,
};

const NAME: &str = "ngpu-original";

/// Lengths and fresh strings of each.
const TESTS: [(usize, usize); 3] = [(41, 256), (101, 128), (401, 64)];

/// What a seed came to.
struct Trained {
    shares: Vec<f64>,
    length: f64,
    steps: f64,
    minutes: f64,
}

fn run(context: &Context) -> Result<Outcome> {
    let seeds: Vec<u64> = (0..context.seeds(1, 5) as u64).collect();
    context.progress.set_length(seeds.len() as u64);
    let most_steps = context.pick(600, 30_000);
    let trained = side_by_side(&seeds, |&seed| {
        let trained = train(seed, most_steps)?;
        context.progress.inc(1);
        Ok(trained)
    })?;
    let figures = |of: &dyn Fn(&Trained) -> f64| trained.iter().map(of).collect::<Vec<_>>();
    let mut outcome = Outcome::new();
    for (i, (length, _)) in TESTS.into_iter().enumerate() {
        let row = Row::learn(NAME, &format!("exact_{length}"), "share", &figures(&|t| t.shares[i]));
        outcome = outcome.row(row.source("of fresh strings, half of them tough"));
    }
    let general = figures(&|t| f64::from(u8::from(t.shares[1] == 1.0)));
    let rate = general.iter().sum::<f64>() / general.len() as f64;
    let row = Row::learn(NAME, "seeds_exact", "share", &[rate])
        .source("of seeds, exact on every fresh string of 101 symbols")
        .goal_when_full(context, Goal::AtLeast(1.0 / general.len() as f64));
    let curve = |t: &Trained| TESTS.iter().map(|x| x.0 as f64).zip(t.shares.clone()).collect();
    let series = Series::new("original", trained.iter().map(curve).collect());
    Ok(outcome
        .row(Row { seeds: seeds.len(), ..row })
        .row(Row::learn(NAME, "curriculum", "symbols", &figures(&|t| t.length)))
        .row(Row::learn(NAME, "steps", "steps", &figures(&|t| t.steps)))
        .row(Row::learn(NAME, "minutes", "min", &figures(&|t| t.minutes)))
        .figure(Figure::curves("Accuracy against length", "symbols", "exact", vec![series])))
}

fn train(seed: u64, most_steps: u64) -> Result<Trained> {
    let task = Arithmetic::binary(Operation::Add);
    let [input_symbols, target_symbols] = task.symbols();
    let config = NeuralGpuConfig { input_symbols, target_symbols, ..Default::default() }.check()?;
    let recipe = RelaxedRecipe::default();
    let stages = recipe.validation.len();
    let mut trainer = RelaxedTrainer::new(config, recipe.check()?, task.clone(), seed)?;
    let started = Instant::now();
    let is_exact = |trainer: &RelaxedTrainer<Arithmetic>| {
        trainer.best().is_some_and(|(_, validated)| validated.is_exact(stages))
    };
    while trainer.progress().step < most_steps && !is_exact(&trainer) {
        trainer.step()?;
    }
    let minutes = started.elapsed().as_secs_f64() / 60.0;
    let model = match trainer.best() {
        Some((best, _)) => best.clone(),
        None => trainer.model().averaged(),
    };
    let share = |&(length, strings): &(usize, usize)| {
        share_exact(&model, &draw(&task, length, strings, 0.5, &mut Rng::new(2026)), false)
    };
    let progress = trainer.progress();
    Ok(Trained {
        shares: TESTS.iter().map(share).collect(),
        length: progress.length as f64,
        steps: progress.step as f64,
        minutes,
    })
}
