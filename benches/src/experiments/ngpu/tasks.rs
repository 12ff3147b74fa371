//! `ngpu-tasks`: other algorithms than binary addition.

use anyhow::Result;
use seedbed::autodiff::Rng;
use seedbed::data::strings::{Arithmetic, Layout, ListOperation, Lists, Operation};
use seedbed::neural_gpu::evaluate::{draw, share_exact};
use seedbed::neural_gpu::train::Recipe;
use seedbed::neural_gpu::{Moving, Reach};

use super::study::{Study, StudyTask};
use crate::experiment::{Context, Outcome};
use crate::experiments::claim::Claim;
use crate::row::Row;

pub(super) const CLAIM: Claim = Claim {
    name: NAME,
    about: "Lists of two kinds of symbols copied, reversed, duplicated and sorted, numbers counted on, subtraction, and addition to the bases 4 and 10. Diagonal networks with the recipe of binary \
            addition, unchanged, are trained on strings of at most 41 symbols and asked about strings of about 401. No setting was chosen for any of these tasks.",
    long: true,
    run,
};

const NAME: &str = "ngpu-tasks";

fn run(context: &Context) -> Result<Outcome> {
    let list = |operation| Lists { operation, alphabet: 2 };
    let add = |base| Arithmetic { operation: Operation::Add, base, layout: Layout::Unaligned };
    let mut outcome = Outcome::new();
    for (name, operation) in [
        ("copy", ListOperation::Copy),
        ("reverse", ListOperation::Reverse),
        ("duplicate", ListOperation::Duplicate),
        ("sort", ListOperation::Sort),
        ("increment", ListOperation::Increment),
    ] {
        outcome = learn(context, outcome, name, list(operation), 24)?;
    }
    outcome = learn(context, outcome, "subtract", Arithmetic::binary(Operation::Subtract), 24)?;
    outcome = learn(context, outcome, "add4", add(4), 48)?;
    learn(context, outcome, "add10", add(10), 96)
}

fn learn<T: StudyTask>(
    context: &Context,
    outcome: Outcome,
    name: &str,
    task: T,
    maps: usize,
) -> Result<Outcome> {
    let study = Study {
        maps,
        moving: Moving::thirds(maps),
        reach: Reach::Both,
        recipe: Recipe {
            validation: vec![[101, 64], [201, 64]],
            discard_stages: 1,
            ..Recipe::of(&Arithmetic::binary(Operation::Add), maps)
        },
        steps: context.pick(200, 20_000),
        task,
    };
    let trained = study.run(context, context.seeds(1, 3))?;
    let length = study.task.fitting(401).expect("longer than the shortest");
    let examples = draw(&study.task, length, 128, 0.5, &mut Rng::new(2026));
    let shares: Vec<f64> = trained
        .iter()
        .map(|run| share_exact(&run.model, &examples, study.recipe.rounded))
        .collect();
    let steps: Vec<f64> = trained.iter().map(|run| run.steps as f64).collect();
    Ok(outcome
        .row(
            Row::learn(NAME, &format!("exact_401_{name}"), "share", &shares)
                .source("of 128 fresh strings, half of them tough where there are such"),
        )
        .row(Row::learn(NAME, &format!("steps_{name}"), "steps", &steps)))
}
