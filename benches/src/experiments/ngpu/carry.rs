//! `ngpu-carry`: errors of the shipped adders against the length of a carry.

use anyhow::Result;
use seedbed::data::strings::Example;
use seedbed::neural_gpu::harness::carry_cases;

use super::shipped::Shipped;
use super::tape;
use crate::experiment::{Context, Outcome};
use crate::experiments::claim::Claim;
use crate::figure::{Figure, Series};
use crate::row::{Goal, Row};

pub(super) const CLAIM: Claim = Claim {
    name: NAME,
    about: "The shipped networks add numbers in which the lowest digit alone decides whether a carry runs over so many digits: in every second string it does, in the others it just does not. \
            Both were trained on numbers of up to 20 bits, tough ones among them. Unaligned: both numbers one after the other, as in the paper; aligned: digit below digit. The \
            control has the numbers of each weight in random order.",
    long: false,
    run,
};

const NAME: &str = "ngpu-carry";

/// Of each carry length: half of them with the carry.
const STRINGS: usize = 8;

fn run(context: &Context) -> Result<Outcome> {
    let bits = context.pick(200, 2000);
    let carries: Vec<usize> = [1, 2, 5, 10, 20, 50, 100, 150, 200, 500, 1000, 1500, 2000]
        .into_iter()
        .filter(|&carry| carry <= bits)
        .collect();
    let adders = Shipped::adders()?;
    context.progress.set_length((2 * adders.len() * carries.len()) as u64);
    let curve = |network: &Shipped| -> Vec<f64> {
        let cells = network.task.cells(bits);
        let cases = carry_cases(&network.task, cells, &carries, STRINGS, 2026);
        let of_carry = cases.chunks_exact(STRINGS).map(|cases| {
            let examples: Vec<Example> = cases.iter().map(|case| case.example.clone()).collect();
            context.progress.inc(1);
            network.error(&examples)
        });
        of_carry.collect()
    };

    let (mut outcome, mut series) = (Outcome::new(), Vec::new());
    for network in &adders {
        let errors = curve(network);
        let source =
            format!("share of strings of {bits} bits; one network, {STRINGS} a carry length");
        let row = |metric: &str, errors: &[f64]| {
            let mean = errors.iter().sum::<f64>() / errors.len() as f64;
            Row::learn(NAME, &format!("{metric}_{}", network.label), "share", &[mean])
                .source(&source)
        };
        let control = curve(&network.shuffled(1));
        outcome = outcome
            .row(row("error", &errors).goal(Goal::AtMost(0.0)))
            .row(row("control_error", &control).goal(Goal::AtLeast(1.0)));
        for (label, errors) in
            [(network.label.to_owned(), errors), (format!("{}, control", network.label), control)]
        {
            let points = carries.iter().map(|&carry| carry as f64).zip(errors).collect();
            series.push(Series::new(&label, vec![points]));
        }
    }
    let [unaligned, _] = &adders;
    let example = unaligned.task.example(&one(20), &[1; 20])?;
    let what = "1 + 11…1, 20 bits each, one number after the other";
    Ok(outcome
        .figure(Figure::curves("Carry curve", "digits of the carry", "share wrong", series))
        .figure(tape::picture(&unaligned.model, &example, what)?))
}

fn one(bits: usize) -> Vec<u8> {
    let mut one = vec![0; bits];
    one[0] = 1;
    one
}
