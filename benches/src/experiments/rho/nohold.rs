//! `rho-nohold`: without a holdout set, two models that are trained on halves tell each other's irreducible losses.

use anyhow::Result;
use seedbed::data::LabelNoise;

use super::method::Method;
use super::net::Arch;
use super::reference::Reference;
use super::report::Report;
use super::study::{Plan, study};
use super::task;
use crate::experiment::{Context, Outcome};
use crate::experiments::claim::Claim;
use crate::row::Goal;

/// See the module.
pub(crate) const CLAIM: Claim = Claim {
    name: "rho-nohold",
    about: "RHO-LOSS on all of MNIST, with one label in ten replaced at random and nothing held out: cross-fit irreducible losses, each half's from an MLP 784-512-10 that was \
        trained on the other half. Uniform trains on the same rows. The rows -clean are the same without wrong labels.",
    long: true,
    run,
};

fn run(context: &Context) -> Result<Outcome> {
    let source = task::digits(context)?;
    let plan = Plan { steps: [500, 1_875], every: [25, 75], ..Plan::default() };
    let reference = Reference::halves(Arch::Mlp(&[512]), context.pick(8, 5));
    let mut methods = vec![Method::rho(reference), Method::uniform()];
    let noise = LabelNoise::Uniform { share: 0.1 };
    let clean = study(context, &plan, &methods, |rng| task::whole(&source, None, rng))?;
    let clean = Report { name: "rho-nohold-clean", methods: &methods, seeds: &clean };
    let mut outcome = Outcome::new();
    let clean_rows = Outcome::new().row(clean.steps_speedup(0)).row(clean.accuracy_gain(0));
    let clean_rows = clean.accuracies(clean_rows).rows;
    let clean_curves = clean.curves("No holdout set, clean labels");
    methods.push(Method::oracle(reference));
    let seeds = study(context, &plan, &methods, |rng| task::whole(&source, Some(&noise), rng))?;
    let report = Report { name: CLAIM.name, methods: &methods, seeds: &seeds };
    outcome = outcome
        .row(
            report
                .steps_speedup(0)
                .reference(
                    39.0 / 17.0,
                    "Mindermann et al. 2022, table 3: CIFAR-10 to 80 %, 39 epochs against 17",
                )
                .goal(Goal::AtLeast(2.3)),
        )
        .row(report.steps_speedup(report.at("-oracle")))
        .row(report.accuracy_gain(0));
    outcome = report.accuracies(outcome);
    for row in clean_rows {
        outcome = outcome.row(row);
    }
    for figure in report
        .curves("No holdout set, a tenth of the labels random")
        .into_iter()
        .chain(clean_curves)
    {
        outcome = outcome.figure(figure);
    }
    Ok(outcome)
}
