//! `rho-repair`: a weak reference model on a noisy holdout set, and what to do about it.

use anyhow::Result;
use seedbed::data::LabelNoise;
use seedbed::rho_selection::Repair;

use super::method::Method;
use super::net::Arch;
use super::reference::Reference;
use super::report::Report;
use super::study::{Plan, Run, study};
use super::task::{self, Holdout};
use crate::experiment::{Context, Outcome};
use crate::experiments::claim::Claim;
use crate::row::Goal;

/// See the module.
pub(crate) const CLAIM: Claim = Claim {
    name: "rho-repair",
    about: "MNIST with one label in ten replaced at random in both halves, and a weak reference model (64 hidden units, large batches): the model in training becomes surer of \
        itself than the reference is, so that wrong labels look reducible and plain RHO-LOSS picks them, in a long training more of them than chance. Repairs: a veto above ln 10, a clipped training loss, the training loss at a \
        temperature, the difference of probabilities. Bounds and the temperature were set beforehand, not tuned.",
    long: true,
    run,
};

fn run(context: &Context) -> Result<Outcome> {
    let source = task::digits(context)?;
    let plan = Plan { seeds: [3, 10], steps: [500, 1_000], every: [25, 100], ..Plan::default() };
    let weak =
        Reference { batch_size: 320, ..Reference::holdout(Arch::Mlp(&[64]), context.pick(10, 4)) };
    let rho = || Method::rho(weak);
    let mut methods = [
        rho().named("-plain", "as published"),
        rho().repaired("-veto", "veto above ln 10", Repair::veto(10)),
        rho().repaired("-clip", "clipped at 3 nats", Repair::Clip { at: 3.0 }),
        rho().repaired("-clip-ln", "clipped at ln 10", Repair::Clip { at: 10_f32.ln() }),
        rho().repaired("-temperature", "temperature 2", Repair::Temperature { t: 2.0 }),
        rho().repaired(
            "-probability",
            "difference of probabilities",
            Repair::ProbabilityDifference,
        ),
        Method::uniform(),
        Method::oracle(weak),
    ];
    // What is picked is the question, not how well a large network learns: a smaller one affords more seeds.
    for method in &mut methods {
        method.arch = Arch::Mlp(&[256, 256]);
    }
    let noise = LabelNoise::Uniform { share: 0.1 };
    let seeds =
        study(context, &plan, &methods, |rng| task::halves(&source, &noise, Holdout::Alike, rng))?;
    let report = Report { name: CLAIM.name, methods: &methods, seeds: &seeds };
    let plain = report.row(0, "", "", |run| run.corrupted).measured;
    let veto = report.at("-veto");
    let mut outcome = Outcome::new().row(
        report
            .row(veto, "corrupted_picked", "share", |run| run.corrupted)
            .reference(plain, "plain RHO-LOSS in the same runs")
            .goal(Goal::AtMost(plain / 2.0)),
    );
    for method in 0..methods.len() {
        if method != veto {
            outcome =
                outcome.row(report.row(method, "corrupted_picked", "share", |run| run.corrupted));
        }
        outcome = outcome.row(report.row(method, "accuracy", "%", Run::accuracy));
        if method != report.at("-uniform") {
            outcome = outcome.row(report.steps_speedup(method));
        }
    }
    outcome = outcome.row(report.reference_accuracy(0));
    Ok(report.curves("Repairs of a noisy holdout set").into_iter().fold(outcome, Outcome::figure))
}
