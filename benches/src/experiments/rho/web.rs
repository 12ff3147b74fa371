//! `rho-web`: clothes as a crawler finds them, after the paper's Clothing-1M.

use anyhow::Result;

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
    name: "rho-web",
    about: "Fashion-MNIST as a crawler would find it: 38 % of the labels wrong, by class; a tenth of the images five times; the most frequent class ten times as \
        frequent as the rarest. Irreducible losses from an MLP 784-512-10 on a clean, balanced tenth, whose own accuracy is a row, too: where it is above \
        uniform's, a good part of the gain is what the tenth knows. The oracle is RHO-LOSS that is never shown a wrong label: the ceiling.",
    long: true,
    run,
};

/// A small model on a clean tenth is trained within seconds.
pub(crate) fn reference(context: &Context) -> Reference {
    Reference::holdout(Arch::Mlp(&[512]), context.pick(15, 10))
}

fn run(context: &Context) -> Result<Outcome> {
    let source = task::clothes(context)?;
    let plan = Plan::default();
    let reference = reference(context);
    let mut methods = vec![Method::rho(reference)];
    methods.extend(Method::baselines(reference));
    methods.push(Method::veto(reference));
    methods.push(Method::oracle(reference));
    let seeds = study(context, &plan, &methods, |rng| task::web(&source, rng))?;
    let report = Report { name: CLAIM.name, methods: &methods, seeds: &seeds };
    let (rho, oracle) = (report.at(""), report.at("-oracle"));
    let clothing = "Mindermann et al. 2022, Clothing-1M, ";
    let mut outcome = Outcome::new()
        .row(
            report
                .steps_speedup(rho)
                .reference(18.0, &format!("{clothing}mean of 5 architectures"))
                .goal(Goal::AtLeast(18.0)),
        )
        .row(report.steps_speedup(report.at("-veto")))
        .row(report.steps_speedup(oracle))
        .row(
            report
                .accuracy_gain(rho)
                .reference(2.0, &format!("{clothing}72 against 70"))
                .goal(Goal::AtLeast(2.0)),
        )
        .row(report.accuracy_gain(oracle))
        .row(report.reference_accuracy(rho));
    outcome = report.accuracies(outcome);
    outcome = outcome.row(report.row(rho, "duplicated_picked", "share", |run| run.duplicated));
    for figure in report.curves("Crawled clothes").into_iter().chain(report.telemetry("")) {
        outcome = outcome.figure(figure);
    }
    let copies =
        report.bars("Images that come five times, among the chosen", |run| 100.0 * run.duplicated);
    Ok(outcome.figure(copies).figure(report.chosen("")).figure(report.chosen("-uniform")))
}
