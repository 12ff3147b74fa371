//! `rho-relevance`: most of the data is of little use for the test distribution.

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
    name: "rho-relevance",
    about: "MNIST with four fifths of the training digits from two classes. rho-relevance is tested on the other eight, and the holdout set is drawn as the test set is, so that the two classes \
        are irrelevant (base rate 80 %). rho-relevance-frequent, as in the paper, is tested on the two, and the eight are irrelevant (base rate 20 %).",
    long: true,
    run,
};

fn run(context: &Context) -> Result<Outcome> {
    let source = task::digits(context)?;
    let plan = Plan { steps: [300, 1_000], every: [20, 50], ..Plan::default() };
    let reference = Reference::holdout(Arch::Mlp(&[512]), context.pick(8, 5));
    let mut methods = vec![Method::rho(reference)];
    methods.extend(Method::baselines(reference).into_iter().take(3));
    let (mut outcome, mut figures) = (Outcome::new(), Vec::new());
    for (name, absent, paper) in
        [(CLAIM.name, true, None), ("rho-relevance-frequent", false, Some(0.17))]
    {
        let seeds = study(context, &plan, &methods, |rng| task::relevance(&source, absent, rng))?;
        let report = Report { name, methods: &methods, seeds: &seeds };
        let base = report.row(report.at("-uniform"), "", "", |run| run.irrelevant).measured;
        for method in 0..methods.len() {
            let row = report.row(method, "irrelevant_picked", "share", |run| run.irrelevant);
            outcome = outcome.row(match (method, paper) {
                (0, Some(paper)) => row
                    .reference(paper, "Mindermann et al. 2022, figure 3, CIFAR100-Relevance, base rate 0.2, read off by eye")
                    .goal(Goal::AtMost(base)),
                (0, None) => row.goal(Goal::AtMost(base)),
                _ => row,
            });
            outcome = outcome.row(report.row(method, "accuracy", "%", super::study::Run::accuracy));
        }
        outcome = outcome.row(report.steps_speedup(0));
        let title =
            if absent { "Tested on the rare classes" } else { "Tested on the frequent classes" };
        figures.extend(report.curves(title));
        figures.push(
            report.bars(&format!("{title}: irrelevant among the chosen"), |run| {
                100.0 * run.irrelevant
            }),
        );
    }
    Ok(figures.into_iter().fold(outcome, Outcome::figure))
}
