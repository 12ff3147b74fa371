//! `rho-mnist-dropout`: the scores of active learning, which need samples of a posterior (Mindermann et al. 2022, figure 9).

use anyhow::Result;

use super::method::Method;
use super::net::Arch;
use super::reference::Reference;
use super::report::Report;
use super::study::{Plan, study};
use super::task;
use crate::experiment::{Context, Experiment, Outcome};
use crate::row::{Goal, Kind};

/// See the module.
pub(crate) struct RhoMnistDropout;

impl Experiment for RhoMnistDropout {
    fn name(&self) -> &'static str {
        "rho-mnist-dropout"
    }

    fn kind(&self) -> Kind {
        Kind::Learn
    }

    fn about(&self) -> &'static str {
        "RHO-LOSS against the scores of active learning on clean MNIST: an MLP 784-512-512-10 with dropout of ½, ten Monte-Carlo samples a score. Both RHO-LOSS and uniform train the same network. \
         already_correct is the share of the chosen that the network answered correctly before the step."
    }

    fn is_long(&self) -> bool {
        true
    }

    fn run(&self, context: &Context) -> Result<Outcome> {
        let source = task::digits(context)?;
        let plan = Plan {
            seeds: context.seeds(1, 5),
            steps: context.pick(300, 1_000),
            every: context.pick(25, 50),
            candidates: 320,
            in_turn: false,
        };
        let reference = Reference::holdout(Arch::Mlp(&[512]), context.pick(8, 5));
        let mut methods = vec![Method::rho(reference), Method::uniform()];
        methods.extend(Method::active_learning());
        for method in &mut methods {
            method.arch = Arch::Dropout(&[512, 512]);
        }
        let seeds = study(context, &plan, &methods, |rng| task::halves(&source, None, rng))?;
        let report = Report { name: self.name(), methods: &methods, seeds: &seeds };
        let mut outcome = Outcome::new().row(report.steps_speedup(0).goal(Goal::AtLeast(2.0)));
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
}
