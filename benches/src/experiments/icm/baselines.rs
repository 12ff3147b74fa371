//! `icm-baselines`: what competition is worth beside one network, a mixture of experts, random winners and an oracle.

use anyhow::Result;
use seedbed::autodiff::{Rng, Tensor};
use seedbed::mechanisms::evaluate::error_by;
use seedbed::mechanisms::mechanism::Mechanism;
use seedbed::mechanisms::samples::Unpaired;
use seedbed::nn::Config as _;

use super::mixture::Mixture;
use super::study::{Way, config, seeds, trained};
use crate::experiment::{Context, Outcome};
use crate::experiments::claim::Claim;
use crate::experiments::jobs::side_by_side;
use crate::figure::{Bar, Figure};
use crate::row::{Goal, Row};

pub(super) const CLAIM: Claim = Claim {
    name: "icm-baselines",
    about: "The mean squared error of restored digits to clean ones, by training with the same networks, discriminator, rates and steps: ours; the paper's; an oracle that gives every image to its mechanism's expert; random winners; one \
            network as wide as an expert, and one three times as wide (about nine times its weights, nearly those of ten experts); and a mixture of experts with a learnt gate.",
    long: true,
    run,
};

const WAYS: [(&str, Way); 6] = [
    ("ours", Way::Ours(10)),
    ("paper", Way::Paper),
    ("oracle", Way::Oracle),
    ("random", Way::Random),
    ("one_network", Way::Single(1)),
    ("one_network_9x", Way::Single(3)),
];

fn run(context: &Context) -> Result<Outcome> {
    let seeds = seeds(context);
    let (pictures, ways) = trained(context, &WAYS.map(|(_, way)| way), seeds)?;
    let (steps_config, steps) = config(context, &pictures, Way::Ours(10));
    let steps_config = steps_config.check()?;
    let numbers: Vec<u64> = (0..seeds as u64).collect();
    let (bank, truth, _) = &pictures.digits;
    let kinds = truth.names.len();
    let mixtures = side_by_side(&numbers, |&seed| {
        let mechanisms = Mechanism::ten(pictures.shift);
        let rng = &mut Rng::new(seed).split();
        let (data, _) = Unpaired::split(&pictures.train.0, &mechanisms, rng)?;
        let model = Mixture::train(&steps_config, &data, steps, seed)?;
        let parts = (0..bank.shape()[0]).step_by(100);
        let parts: Vec<Tensor> =
            parts.map(|at| model.forward(&bank.slice(0, at..at + 100))).collect();
        let errors = error_by(&truth.mechanism, kinds, &Tensor::concat(&parts, 0), &truth.clean);
        Ok(errors.iter().sum::<f64>() / kinds as f64)
    })?;
    let mut all: Vec<(&str, Vec<f64>)> = WAYS
        .iter()
        .zip(&ways)
        .map(|(&(name, _), way)| (name, way.iter().map(|one| one.found.errors.mean()).collect()))
        .collect();
    all.push(("mixture", mixtures));
    let ours = all[0].1.clone();
    let ratio = |name: &str| -> Vec<f64> {
        let of = &all.iter().find(|(other, _)| *other == name).expect("a way").1;
        ours.iter().zip(of).map(|(a, b)| a / b).collect()
    };
    let mut outcome = Outcome::new()
        .row(
            Row::learn(CLAIM.name, "to_mixture", "×", &ratio("mixture"))
                .source("our error ÷ the mixture of experts'")
                .goal(Goal::AtMost(1.0)),
        )
        .row(
            Row::learn(CLAIM.name, "to_oracle", "×", &ratio("oracle"))
                .source("our error ÷ the oracle's"),
        );
    let mut bars = Vec::new();
    for (name, errors) in &all {
        let row = Row::learn(CLAIM.name, &format!("error_{name}"), "", errors);
        bars.push(Bar::new(&name.replace('_', " "), row.measured).spread(row.spread));
        outcome = outcome.row(row);
    }
    Ok(outcome.figure(Figure::bars("Restored digits", "mean squared error", bars)))
}
