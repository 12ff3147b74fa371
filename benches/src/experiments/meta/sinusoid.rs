//! `maml-sinusoid`: a network that adapts to a sine from ten points.

use std::time::Instant;

use anyhow::Result;
use seedbed::autodiff::{Rng, Tensor};
use seedbed::meta::bilevel::{InnerSgd, adapt};
use seedbed::meta::fewshot::{SineInit, SineTrainer, SineTraining, Sines, Stacked};
use seedbed::nn::Config as _;

use crate::experiment::{Context, Outcome};
use crate::experiments::claim::Claim;
use crate::experiments::jobs::side_by_side;
use crate::figure::{Figure, Series};
use crate::row::{Goal, Row};

pub(super) const CLAIM: Claim = Claim {
    name: NAME,
    about: "A network of two layers of 40 learns to adapt to sines of random amplitude and phase (MAML, exact second derivatives, 25 tasks a step). \
            Measured is the mean squared error on a grid of 100 points, over 1,000 new tasks, after 1, 5 and 10 steps of gradient descent on 10 points.",
    long: false,
    run,
};

const NAME: &str = "maml-sinusoid";

/// Steps of adaptation after which the error is measured.
const STEPS: [usize; 4] = [0, 1, 5, 10];

/// What came of one training.
struct Learnt {
    errors: Vec<f64>,
    seconds: f64,
    curve: Vec<(f64, f64)>,
    trainer: SineTrainer,
}

fn run(context: &Context) -> Result<Outcome> {
    let seeds = context.seeds(3, 10) as u64;
    let inits = [("", SineInit::Wide), ("-narrow", SineInit::Narrow)];
    let jobs: Vec<(SineInit, u64)> =
        inits.iter().flat_map(|&(_, init)| (0..seeds).map(move |seed| (init, seed))).collect();
    context.progress.set_length(jobs.len() as u64);
    let learnt = side_by_side(&jobs, |&(init, seed)| {
        let learnt = learn(init, seed)?;
        context.progress.inc(1);
        Ok(learnt)
    })?;
    let mut outcome = Outcome::new();
    let mut curves = Vec::new();
    for (&(suffix, _), learnt) in inits.iter().zip(learnt.chunks(seeds as usize)) {
        let name = format!("{NAME}{suffix}");
        let measured =
            |value: &dyn Fn(&Learnt) -> f64| learnt.iter().map(value).collect::<Vec<_>>();
        // Goals are for the network that is named without an addition.
        let goals = [None, Some((0.35, 0.344)), Some((0.13, 0.131)), Some((0.11, 0.104))];
        for (i, (steps, goal)) in STEPS.into_iter().zip(goals).enumerate() {
            let row = Row::learn(&name, &format!("mse_{steps}"), "", &measured(&|l| l.errors[i]));
            outcome = outcome.row(match goal {
                Some((goal, reference)) if suffix.is_empty() => row
                    .goal(Goal::AtMost(goal))
                    .reference(reference, "an independent run of 26,542 steps"),
                _ => row,
            });
        }
        let row = Row::learn(&name, "seconds", "s", &measured(&|l| l.seconds));
        let row = row.source("a training of 32,000 steps on one thread");
        outcome = outcome.row(if suffix.is_empty() { row.goal(Goal::AtMost(20.0)) } else { row });
        let label = if suffix.is_empty() { "wide first layer" } else { "all weights narrow" };
        curves.push(Series::new(label, learnt.iter().map(|l| l.curve.clone()).collect()));
    }
    let title = "Loss of the adapted network on new points";
    Ok(outcome
        .figure(Figure::curves(title, "outer steps", "mean squared error", curves))
        .figure(adaptation(&learnt[0].trainer)))
}

fn learn(init: SineInit, seed: u64) -> Result<Learnt> {
    let config = SineTraining { init, ..Default::default() };
    let mut trainer = SineTrainer::new(&config.clone().check()?, seed);
    let start = Instant::now();
    let mut curve = Vec::new();
    let part = (config.steps / 50).max(1);
    let mut sum = 0.0;
    for step in 1..=config.steps {
        sum += trainer.step();
        if step % part == 0 {
            curve.push((step as f64, sum / part as f64));
            sum = 0.0;
        }
    }
    let seconds = start.elapsed().as_secs_f64();
    let errors = trainer.errors(1000, &STEPS, &mut Rng::numbered(seed, 1));
    Ok(Learnt { errors, seconds, curve, trainer })
}

/// One task: the sine, and the network before and after adaptation.
fn adaptation(trainer: &SineTrainer) -> Figure {
    let rng = &mut Rng::numbered(0, 2);
    let sines = Sines::new(1, rng);
    let (support, grid) = (sines.points(10, rng), sines.grid(100));
    let line = |y: &Tensor| -> Vec<(f64, f64)> {
        let points = grid.0.data().iter().zip(y.data());
        points.map(|(&x, &y)| (f64::from(x), f64::from(y))).collect()
    };
    let of_points = support.0.data().iter().zip(support.1.data());
    let mut points: Vec<(f64, f64)> =
        of_points.map(|(&x, &y)| (f64::from(x), f64::from(y))).collect();
    points.sort_by(|a, b| a.0.total_cmp(&b.0));
    let episode = Stacked::new(1, support, grid.clone(), Sines::loss);
    let sgd = InnerSgd { rate: SineTraining::default().inner_rate };
    let after = |steps| line(&adapt(&episode, &trainer.net, &sgd, steps).forward(&grid.0));
    let series = vec![
        Series::new("the sine", vec![line(&grid.1)]),
        Series::new("its ten points", vec![points]),
        Series::new("before adaptation", vec![after(0)]),
        Series::new("after one step", vec![after(1)]),
        Series::new("after ten steps", vec![after(10)]),
    ];
    Figure::curves("Adaptation to a new sine", "x", "y", series)
}
