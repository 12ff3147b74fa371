//! `rho-mnist-dropout`: the scores of active learning, which need samples of a posterior (Mindermann et al. 2022, figure 9).

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
    name: "rho-mnist-dropout",
    about: "RHO-LOSS against the scores of active learning on clean MNIST: an MLP 784-512-512-10 with dropout of ½, ten Monte-Carlo samples a score. All train the same network. \
        RHO-LOSS scores by a pass in inference mode; -train-mode by one with dropout, as the authors' code does. \
        already_correct is the share of the chosen that the network answered correctly before the step.",
    long: true,
    run,
};

fn run(context: &Context) -> Result<Outcome> {
    let source = task::digits(context)?;
    let plan = Plan { seeds: [1, 5], steps: [300, 1_000], ..Plan::default() };
    let reference = Reference::holdout(Arch::Mlp(&[512]), context.pick(8, 5));
    let mut methods =
        vec![Method::rho(reference), Method::in_training_mode(reference), Method::uniform()];
    methods.extend(Method::active_learning());
    for method in &mut methods {
        method.arch = Arch::Dropout(&[512, 512]);
    }
    let seeds = study(context, &plan, &methods, |rng| task::clean_halves(&source, rng))?;
    let report = Report { name: CLAIM.name, methods: &methods, seeds: &seeds };
    let mut outcome = Outcome::new()
        .row(report.steps_speedup(0).goal(Goal::AtLeast(2.0)))
        .row(report.steps_speedup(report.at("-train-mode")));
    outcome = report.accuracies(outcome);
    for method in 0..methods.len() {
        if seeds.iter().all(|seed| seed.runs[method].already_correct.is_some()) {
            outcome = outcome.row(report.row(method, "already_correct", "share", |run| {
                run.already_correct.unwrap_or(f64::NAN)
            }));
        }
    }
    let figures = report.curves("Scores of active learning");
    Ok(figures.into_iter().fold(outcome, Outcome::figure))
}
