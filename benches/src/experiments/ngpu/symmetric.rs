//! `ngpu-symmetric`: errors of the shipped adders on operands that are alike.

use anyhow::Result;
use seedbed::autodiff::Rng;
use seedbed::data::strings::{Arithmetic, Example, Operands};

use super::shipped::Shipped;
use crate::experiment::{Context, Outcome};
use crate::experiments::claim::Claim;
use crate::row::{Goal, Row};

pub(super) const CLAIM: Claim = Claim {
    name: NAME,
    about: "Operands on which published networks fail, for the shipped networks for addition: 00…2 + 00…2, a random number and itself, and every pair of 2^k − 1, 2^k and 2^k + 1. \
            Equal numbers and neighbours of powers were among the examples of training, of up to 20 bits. Multiplication of such operands is not measured: no network for it is shipped.",
    long: false,
    run,
};

const NAME: &str = "ngpu-symmetric";

fn run(context: &Context) -> Result<Outcome> {
    let lengths = context.pick(&[20, 50, 100, 200][..], &[20, 50, 200, 1000, 2000]);
    let adders = Shipped::adders()?;
    context.progress.set_length((adders.len() * KINDS.len() * lengths.len()) as u64);
    let mut outcome = Outcome::new();
    for network in &adders {
        for (kind, examples) in KINDS {
            let of_length = |&bits: &usize| -> Result<f64> {
                let error = network.error(&examples(&network.task, bits)?);
                context.progress.inc(1);
                Ok(error)
            };
            let errors = lengths.iter().map(of_length).collect::<Result<Vec<_>>>()?;
            let mean = errors.iter().sum::<f64>() / errors.len() as f64;
            let metric = format!("error_{kind}_{}", network.label);
            let source = format!("share of strings, the mean over {lengths:?} bits; one network");
            let row = Row::learn(NAME, &metric, "share", &[mean]).source(&source);
            outcome = outcome.row(row.goal(Goal::AtMost(0.0)));
        }
    }
    Ok(outcome)
}

type Examples = fn(&Arithmetic, usize) -> Result<Vec<Example>>;

const KINDS: [(&str, Examples); 3] = [("twos", twos), ("equal", equal), ("powers", powers)];

/// 2 + 2, all other digits 0.
fn twos(task: &Arithmetic, bits: usize) -> Result<Vec<Example>> {
    let mut two = vec![0; bits];
    two[1] = 1;
    Ok(vec![task.example(&two, &two)?])
}

/// Twice the same random number.
fn equal(task: &Arithmetic, bits: usize) -> Result<Vec<Example>> {
    let rng = &mut Rng::new(2026);
    let draw = |_| task.sample_of(Operands::Equal, task.cells(bits), rng);
    Ok((0..8).map(draw).collect())
}

/// All pairs of 2^k − 1, 2^k and 2^k + 1, for five k up to the highest bit.
fn powers(task: &Arithmetic, bits: usize) -> Result<Vec<Example>> {
    let mut examples = Vec::new();
    for k in [2, bits / 4, bits / 2, 3 * bits / 4, bits - 1] {
        let mut power = vec![0; bits];
        power[k] = 1;
        let mut above = power.clone();
        above[0] = 1;
        let mut below = vec![0; bits];
        below[..k].fill(1);
        let near = [below, power, above];
        for (a, b) in near.iter().flat_map(|a| near.iter().map(move |b| (a, b))) {
            examples.push(task.example(a, b)?);
        }
    }
    Ok(examples)
}
