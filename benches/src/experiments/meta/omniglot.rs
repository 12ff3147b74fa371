//! `fewshot-omniglot`: characters told apart from one or five drawings of each.

use anyhow::Result;
use seedbed::autodiff::Rng;
use seedbed::data::omniglot;
use seedbed::meta::fewshot::{FewShotConfig, FewShotTrainer, Method, TaskConfig, Tasks};
use seedbed::nn::Config as _;

use crate::experiment::{Context, Outcome, Profile};
use crate::experiments::claim::Claim;
use crate::figure::{Figure, Series};
use crate::row::{Goal, Row};

pub(super) const CLAIM: Claim = Claim {
    name: NAME,
    about: "Few-shot learning on Omniglot: 1,200 characters to learn from and 423 others to be judged by, drawn at random; a character that is turned by \
            a right angle is another one. The network has four convolutions of 32 channels with stride 2, normalised by each batch's own \
            statistics. Accuracy on 600 tasks of new characters with 15 queries a class.",
    long: true,
    run,
};

const NAME: &str = "fewshot-omniglot";
const SIDE: usize = 28;
const LEARNT: usize = 1200;

/// Ways, shots, and the name of the kind of task.
type Kind = (usize, usize, &'static str);
const KINDS: [Kind; 4] = [(5, 1, "5w1s"), (5, 5, "5w5s"), (20, 1, "20w1s"), (20, 5, "20w5s")];

/// A method, its name, and published accuracies of each kind.
const METHODS: [(Method, &str, [Option<f64>; 4]); 6] = [
    (Method::Prototypes, "prototypes", [Some(0.988), Some(0.997), Some(0.960), Some(0.989)]),
    (Method::Maml, "maml", [Some(0.987), Some(0.999), Some(0.958), Some(0.989)]),
    (Method::FirstOrderMaml, "fomaml", [None; 4]),
    (Method::Anil, "anil", [None; 4]),
    (Method::MetaSgd, "meta-sgd", [None; 4]),
    (Method::Reptile, "reptile", [Some(0.977), Some(0.995), None, None]),
];

/// What prototypes should reach.
const GOALS: [f64; 4] = [0.98, 0.995, 0.94, 0.98];

fn run(context: &Context) -> Result<Outcome> {
    let seeds = context.seeds(1, 5) as u64;
    let all = omniglot::load(&context.data_dir()?, SIDE)?;
    let set = &all.images;
    let kinds = context.pick(&KINDS[..1], &KINDS[..]);
    context.progress.set_length(METHODS.len() as u64 * seeds);
    let mut outcome = Outcome::new();
    let mut curves = Vec::new();
    for (method, name, published) in METHODS {
        // Accuracies by kind.
        let mut accuracies = vec![Vec::new(); KINDS.len()];
        let mut of_method = Vec::new();
        for seed in 0..seeds {
            let classes = Rng::numbered(seed, 1).permutation(set.num_classes());
            let rows_of = |classes: &[usize]| -> Vec<usize> {
                let mut wanted = vec![false; set.num_classes()];
                classes.iter().for_each(|&class| wanted[class] = true);
                (0..set.len()).filter(|&row| wanted[set.labels()[row]]).collect()
            };
            let [learnt, new] = [&classes[..LEARNT], &classes[LEARNT..]].map(rows_of);
            let small = TaskConfig { ways: 5, shots: 1, queries: 15 };
            let (learnt, new) =
                (Tasks::of(set, &learnt, small)?.turned()?, Tasks::of(set, &new, small)?.turned()?);
            let judge = |trainer: &FewShotTrainer, (ways, shots, _): Kind| -> Result<f64> {
                let tasks = new.with(TaskConfig { ways, shots, queries: 15 })?;
                Ok(trainer.accuracy(&tasks.fixed(600, seed)))
            };
            if method == Method::Prototypes {
                // One training with many ways is for all kinds (Snell et al. 2017, section 3.1).
                let task = TaskConfig { ways: 60, shots: 1, queries: 5 };
                let (trainer, curve) = train(context, method, &learnt.with(task)?, 60, seed)?;
                for (kind, accuracies) in KINDS.into_iter().zip(&mut accuracies) {
                    accuracies.push(judge(&trainer, kind)?);
                }
                of_method.push(curve);
            } else {
                for (kind, accuracies) in kinds.iter().zip(&mut accuracies) {
                    let &(ways, shots, _) = kind;
                    // Reptile learns from ten drawings, whatever the task has (Nichol et al. 2018, section 6.1).
                    let shots = if method == Method::Reptile { 10 } else { shots };
                    let queries = (20 - shots).min(if method == Method::Reptile { 1 } else { 15 });
                    let tasks = learnt.with(TaskConfig { ways, shots, queries })?;
                    let (trainer, curve) = train(context, method, &tasks, ways, seed)?;
                    accuracies.push(judge(&trainer, *kind)?);
                    of_method.push(curve);
                }
            }
            context.progress.inc(1);
        }
        for (i, (accuracies, (.., kind))) in accuracies.iter().zip(KINDS).enumerate() {
            if accuracies.is_empty() {
                continue;
            }
            let row = Row::learn(&format!("{NAME}-{name}-{kind}"), "accuracy", "share", accuracies);
            let row = match published[i] {
                Some(figure) => row.reference(figure, "published"),
                None => row,
            };
            outcome = outcome.row(match (method, i) {
                (Method::Prototypes, _) => row.goal(Goal::AtLeast(GOALS[i])),
                (Method::Maml, 0) => row.goal(Goal::AtLeast(0.977)),
                _ => row,
            });
        }
        curves.push(Series::new(name, of_method));
    }
    let title = "Loss on queries in training";
    Ok(outcome.figure(Figure::curves(title, "share of the training", "cross-entropy", curves)))
}

/// A trained learner, and its loss against the share of its training.
fn train(
    context: &Context,
    method: Method,
    tasks: &Tasks,
    ways: usize,
    seed: u64,
) -> Result<(FewShotTrainer, Vec<(f64, f64)>)> {
    let mut config = FewShotConfig::of(method, ways);
    if context.profile == Profile::Full {
        config.channels *= 2;
        config.steps *= 2;
    }
    let steps = config.steps;
    let mut trainer = FewShotTrainer::new(&config.check()?, SIDE, seed);
    let part = (steps / 50).max(1);
    let (mut curve, mut sum) = (Vec::new(), 0.0);
    for step in 1..=steps {
        sum += trainer.step(tasks);
        if step % part == 0 {
            curve.push((step as f64 / steps as f64, sum / part as f64));
            sum = 0.0;
        }
    }
    Ok((trainer, curve))
}
