//! `rho-laplace`: the reducible loss of a posterior in the place of a point estimate (Deng et al. 2023).

use anyhow::Result;
use seedbed::data::LabelNoise;

use super::method::Method;
use super::net::Arch;
use super::reference::Reference;
use super::report::Report;
use super::study::{Plan, study};
use super::task::{self, Holdout};
use crate::experiment::{Context, Outcome};
use crate::experiments::claim::Claim;
use crate::row::Goal;

/// See the module.
pub(crate) const CLAIM: Claim = Claim {
    name: "rho-laplace",
    about: "Bayesian data selection by a Laplace approximation of the last layer, and RHO-LOSS (-plain) with the same irreducible losses: the digits of rho-mnist-noise, an \
        MLP 784-512-128-10. The posterior's settings are the paper's (weight 0.2, 500 effective examples, prior precision 1, 10 samples).",
    long: true,
    run,
};

fn run(context: &Context) -> Result<Outcome> {
    let source = task::digits(context)?;
    let plan = Plan { steps: [500, 1_875], every: [25, 125], ..Plan::default() };
    let reference = Reference::holdout(Arch::Mlp(&[512]), context.pick(8, 5));
    let mut methods = [
        Method::laplace(reference),
        Method::rho(reference).named("-plain", "RHO-LOSS"),
        Method::uniform(),
        Method::oracle(reference),
    ];
    for method in &mut methods {
        method.arch = Arch::Mlp(&[512, 128]);
    }
    let noise = LabelNoise::Uniform { share: 0.1 };
    let seeds =
        study(context, &plan, &methods, |rng| task::halves(&source, &noise, Holdout::Alike, rng))?;
    let report = Report { name: CLAIM.name, methods: &methods, seeds: &seeds };
    let mut outcome = Outcome::new().row(report.steps_speedup(0).goal(Goal::AtLeast(1.0)));
    for suffix in ["-plain", "-oracle"] {
        outcome = outcome.row(report.steps_speedup(report.at(suffix)));
    }
    outcome = report.accuracies(outcome.row(report.accuracy_gain(0)));
    let figures = report.curves("A posterior of the last layer");
    Ok(figures.into_iter().fold(outcome, Outcome::figure))
}
