//! `ngpu-add-aligned`: addition of numbers that are written one below the other, learnt to 20 bits and proved for every length.

use anyhow::Result;
use seedbed::autodiff::Rng;
use seedbed::data::strings::{Arithmetic, Example, Layout, Operands, Operation};
use seedbed::neural_gpu::automaton::{Automaton, Halt};
use seedbed::neural_gpu::certificate::certify_addition;
use seedbed::neural_gpu::train::Recipe;
use seedbed::neural_gpu::{DiagonalGpu, Moving, Reach};

use super::study::{Study, Trained};
use super::tape;
use crate::experiment::{Context, Outcome};
use crate::experiments::claim::Claim;
use crate::row::{Goal, Row};

pub(super) const CLAIM: Claim = Claim {
    name: NAME,
    about: "Binary addition, both numbers in one string, digit below digit (an easier format than the paper's: what belongs together lies together). A network of 6 numbers a cell is \
            trained on answers of up to 20 bits, all of its states rounded, until 768 strings of up to 200 bits are exact. It then runs until nothing changes any more, on numbers of \
            100,000 and 1,000,000 bits: random ones, ten tough kinds, and one carry across all bits. Certified: its finite table of rules was searched to the end and adds any two numbers of any \
            length without error.",
    long: false,
    run,
};

const NAME: &str = "ngpu-add-aligned";

/// Steps that no training has needed: a failure costs a minute.
const STEPS: u64 = 8_000;

fn run(context: &Context) -> Result<Outcome> {
    let task = Arithmetic { operation: Operation::Add, base: 2, layout: Layout::Aligned };
    let study = Study {
        maps: 6,
        moving: Moving { right: 2, left: 0 },
        reach: Reach::Left,
        recipe: Recipe::of(&task, 6),
        steps: STEPS,
        task,
    };
    let trained = study.run(context, context.seeds(3, 10))?;
    let task = &study.task;
    let of_length = |bits| -> Result<Vec<f64>> {
        trained.iter().map(|trained| exact_share(task, &trained.model, bits)).collect()
    };
    let certificates: Vec<_> =
        trained.iter().map(|trained| certify_addition(&trained.model, task).ok()).collect();
    let certified: Vec<f64> =
        certificates.iter().map(|c| f64::from(u8::from(c.is_some()))).collect();
    let figures = |of: fn(&Trained) -> f64| trained.iter().map(of).collect::<Vec<_>>();
    let reference =
        "SEAD (arXiv 2602.01651): digits that a trained automaton adds exactly; no proof";

    let mut outcome = Outcome::new()
        .row(
            Row::learn(NAME, "exact_100000", "", &of_length(100_000)?)
                .source("share of strings; trained on 20 bits")
                .goal(Goal::AtLeast(1.0)),
        )
        .row(
            Row::learn(NAME, "exact_1000000", "", &of_length(1_000_000)?)
                .reference(1.0, reference)
                .goal(Goal::AtLeast(1.0)),
        )
        .row(
            Row::learn(NAME, "certified", "", &certified)
                .source("1 where the table of rules is proved right for every length")
                .goal(Goal::AtLeast(1.0)),
        )
        .row(Row::learn(NAME, "minutes", "min", &figures(|trained| trained.minutes)))
        .row(Row::learn(NAME, "steps", "steps", &figures(|trained| trained.steps as f64)))
        .row(Row::learn(NAME, "restarts", "", &figures(|trained| trained.restarts as f64)));
    let rules: Vec<f64> =
        certificates.iter().flatten().map(|certificate| certificate.rules.len() as f64).collect();
    if !rules.is_empty() {
        outcome = outcome.row(Row::learn(NAME, "rules", "", &rules));
    }
    if let Some(first) = trained.first() {
        let mut ones = vec![1; 31];
        ones[20] = 0;
        let mut one = vec![0; 31];
        one[0] = 1;
        let example = task.example(&one, &ones)?;
        outcome = outcome.figure(tape::picture(&first.model, &example, "1 + 11…1011…1, 31 bits")?);
    }
    Ok(outcome)
}

/// The share of strings of this many bits that are exact: two random ones, one of each tough kind, and a carry across all bits.
fn exact_share(task: &Arithmetic, model: &DiagonalGpu, bits: usize) -> Result<f64> {
    let rng = &mut Rng::new(2026);
    let (mut one, ones) = (vec![0; bits], vec![1; bits]);
    one[0] = 1;
    let mut examples: Vec<Example> = vec![task.example(&one, &ones)?];
    let kinds = [Operands::Uniform; 2].into_iter().chain(Operands::TOUGH);
    examples.extend(kinds.map(|kind| task.sample_of(kind, task.cells(bits), rng)));
    let mut automaton = Automaton::new(model)?;
    let right = |x: &Example| {
        let run = automaton.run(&x.input, Halt::WhenSettled { bound: 10 * x.len() });
        // One that does not come to rest has no answer.
        run.is_ok_and(|run| run.answer == x.target)
    };
    let exact = examples.iter().map(right).filter(|&right| right).count();
    Ok(exact as f64 / examples.len() as f64)
}
