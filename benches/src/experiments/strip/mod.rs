//! Strip memory: programs over stored numbers, answered exactly far beyond the sizes of training.

mod flat;
mod parents;

use std::time::Instant;

use anyhow::Result;
use seedbed::autodiff::Rng;
use seedbed::data::programs::{ProgramSize, ProgramTask};
use seedbed::neural_gpu::Moving;
use seedbed::nn::Config as _;
use seedbed::strip_memory::train::{Recipe, Trainer};
use seedbed::strip_memory::{Choosing, Contents, StripConfig, StripMachine, evaluate};

use super::claim::Claim;
use super::jobs;
use crate::experiment::{Context, Experiment, Outcome};
use crate::figure::{Figure, Series};
use crate::row::{Goal, Row};

/// All of them, in the order of the table.
pub(crate) fn all() -> Vec<Box<dyn Experiment>> {
    Claim::boxed(&[
        Claim {
            name: "strip-kv-add",
            about: "Numbers are stored by name, sums of two are asked for. Trained on up to 6 of 10 bits, tested on 24 of 100.",
            long: true,
            run: |context| row("strip-kv-add", ProgramTask::KvAdd, size(24, 2, 100), context),
        },
        Claim {
            name: "strip-registers",
            about: "A register machine that adds. Trained on up to 4 additions, 4 registers and 8 bits, tested on 16, 8 and 64.",
            long: true,
            run: |context| row("strip-registers", ProgramTask::Registers, size(8, 16, 64), context),
        },
        Claim {
            name: "strip-chase",
            about: "Links are followed, and what lies on the way is added up. Trained on up to 4 hops among 6 nodes, tested on 12 among 24.",
            long: true,
            run: |context| row("strip-chase", ProgramTask::Chase, size(24, 12, 24), context),
        },
        Claim {
            name: "strip-ledger",
            about: "Accounts are credited and debited. Trained on up to 4 accounts, 6 bookings and 8 bits, tested on 16, 60 and 64.",
            long: true,
            run: |context| row("strip-ledger", ProgramTask::Ledger, size(16, 60, 64), context),
        },
    ])
}

fn size(items: usize, operations: usize, digits: usize) -> ProgramSize {
    ProgramSize { items, operations, digits }
}

/// The machine and what is compared with it: a name, and what is changed.
type Rival = (&'static str, fn(StripConfig) -> StripConfig);

const RIVALS: [Rival; 6] = [
    ("exact", |config| config),
    ("exact_no_memory", |config| StripConfig { slots: 0, ..config }),
    ("exact_keys_only", |config| StripConfig { contents: Contents::Keys, ..config }),
    ("exact_no_shift", |config| StripConfig { moving: Moving { right: 0, left: 0 }, ..config }),
    ("exact_pointers", |config| StripConfig { choosing: Choosing::Pointers, ..config }),
    ("exact_given", |config| StripConfig { choosing: Choosing::Given, ..config }),
];

/// The share of seeds' programs that counts as solved.
const SOLVED: f64 = 0.99;

/// One task: the machine from several seeds, and, in the full profile, all that it is compared with; both parents have the time that the machine's training took.
fn row(
    name: &'static str,
    task: ProgramTask,
    tested: ProgramSize,
    context: &Context,
) -> Result<Outcome> {
    let seeds = context.seeds(2, 5);
    let all_seeds: Vec<u64> = (0..seeds as u64).collect();
    let rivals = &RIVALS[..context.pick(1, RIVALS.len())];
    let parents = context.pick(0, 2);
    context.progress.set_length((seeds * (rivals.len() + parents)) as u64);
    let programs = context.pick(32, 64);
    let mut outcome = Outcome::new();
    let mut seconds = 0.0_f64;
    for &(metric, change) in rivals {
        let runs = jobs::side_by_side(&all_seeds, |&seed| {
            let run = train(task, change, seed, tested, programs);
            context.progress.inc(1);
            run
        })?;
        let exact: Vec<f64> = runs.iter().map(|run| run.exact).collect();
        let mut row = Row::learn(name, metric, "share", &exact);
        if metric == "exact" {
            row = row.goal(Goal::AtLeast(SOLVED));
            let solved = exact.iter().filter(|&&share| share >= SOLVED).count() as f64;
            let solved = Row::learn(name, "seeds_solved", "share", &[solved / seeds as f64]);
            let took: Vec<f64> = runs.iter().map(|run| run.seconds).collect();
            seconds = took.iter().sum::<f64>() / seeds as f64;
            let of = |f: fn(&Run) -> &Vec<(f64, f64)>| runs.iter().map(|r| f(r).clone()).collect();
            outcome = outcome
                .row(row)
                .row(solved.goal(Goal::AtLeast(0.6)))
                .row(Row::learn(name, "train_s", "s", &took))
                .figure(Figure::curves(
                    &format!("{name}: programs of the validation's size, everything rounded"),
                    "steps",
                    "exact",
                    vec![Series::new("strip memory", of(|run| &run.curve))],
                ));
        } else {
            outcome = outcome.row(row);
        }
    }
    if parents > 0 {
        let each = |parent: fn(ProgramTask, u64, f64, ProgramSize) -> Result<f64>| {
            jobs::side_by_side(&all_seeds, |&seed| {
                let exact = parent(task, seed, seconds, tested);
                context.progress.inc(1);
                exact
            })
        };
        let ngpu = each(parents::neural_gpu)?;
        let ntm = each(parents::turing_machine)?;
        outcome = outcome.row(Row::learn(name, "exact_ngpu", "share", &ngpu)).row(Row::learn(
            name,
            "exact_ntm",
            "share",
            &ntm,
        ));
    }
    Ok(outcome)
}

/// What came of a training.
struct Run {
    exact: f64,
    seconds: f64,
    /// Steps and validation.
    curve: Vec<(f64, f64)>,
}

fn train(
    task: ProgramTask,
    change: fn(StripConfig) -> StripConfig,
    seed: u64,
    tested: ProgramSize,
    programs: usize,
) -> Result<Run> {
    let operations = task.operations().len();
    let config = change(StripConfig { operations, ..Default::default() }).check()?;
    let recipe = Recipe::of(task).check()?;
    let steps = recipe.steps;
    let mut trainer = Trainer::new(config, recipe, task, seed)?;
    let (begun, mut curve) = (Instant::now(), Vec::new());
    while trainer.progress().step < steps {
        if let Some([last, average]) = trainer.step()? {
            curve.push((trainer.progress().step as f64, last.max(average)));
        }
    }
    let seconds = begun.elapsed().as_secs_f64();
    let exact = tough_and_usual(trainer.best(), task, tested, programs)?;
    Ok(Run { exact, seconds, curve })
}

/// The share of exact programs, half of them of tough numbers, which no training has seen.
fn tough_and_usual(
    machine: &StripMachine,
    task: ProgramTask,
    tested: ProgramSize,
    programs: usize,
) -> Result<f64> {
    let share =
        |tough, seed| evaluate(machine, task, tested, tough, programs / 2, &mut Rng::new(seed));
    Ok((share(0.0, TEST_SEED)? + share(1.0, TEST_SEED + 1)?) / 2.0)
}

/// What the programs that are reported are drawn from.
const TEST_SEED: u64 = 77_000;
