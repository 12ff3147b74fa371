//! `rho-wallclock`: seconds, not steps.

use anyhow::Result;

use super::method::Method;
use super::report::Report;
use super::study::{Plan, Run, Seed, study};
use super::{task, web};
use crate::experiment::{Context, Outcome};
use crate::experiments::claim::Claim;
use crate::figure::{Figure, Series};
use crate::row::{Goal, Row};

/// See the module.
pub(crate) const CLAIM: Claim = Claim {
    name: "rho-wallclock",
    about: "Seconds of training to uniform's best accuracy on the crawled clothes of rho-web, one training at a time: steps times the median step, all of it counted (forward pass, selection, telemetry). Amortised, the \
        reference model is shared by many trainings and costs nothing; the rows -alone count all of it. Figures of a busy machine mean little.",
    long: true,
    run,
};

fn run(context: &Context) -> Result<Outcome> {
    let source = task::clothes(context)?;
    let plan = Plan { steps: [400, 2_000], every: [20, 50], in_turn: true, ..Plan::default() };
    let methods = [Method::rho(web::reference(context)), Method::uniform()];
    let seeds = study(context, &plan, &methods, |rng| task::web(&source, rng))?;
    let report = Report { name: CLAIM.name, methods: &methods, seeds: &seeds };
    let uniform = report.at("-uniform");
    // 0 if uniform's best was never reached.
    let speedup = |seed: &Seed, alone: bool| {
        let goal = seed.runs[uniform].best();
        let seconds = |run: &Run| run.steps_to(goal).map(|steps| steps * run.seconds_a_step);
        let slow = seconds(&seed.runs[uniform]).expect("its best was reached");
        let reference = seed.reference(&methods[0]).expect("RHO-LOSS has one").seconds;
        let before = if alone { reference } else { 0.0 };
        seconds(&seed.runs[0]).map_or(0.0, |fast| slow / (before + fast))
    };
    let row = |alone: bool| {
        let name = format!("{}{}", CLAIM.name, if alone { "-alone" } else { "" });
        let speedups = report.each(|seed| speedup(seed, alone));
        Row::learn(&name, "wallclock_speedup", "×", &speedups).source(match alone {
            true => "the reference model's training counted",
            false => "the reference model's training amortised",
        })
    };
    let paper = "Mindermann et al. 2022, Clothing-1M, in floating-point operations, the reference model's counted";
    let outcome = Outcome::new()
        .row(row(false).goal(Goal::AtLeast(2.0)))
        .row(row(true).reference(2.7, paper))
        .row(report.steps_speedup(0));
    let series = |method: usize| {
        let run = &seeds[0].runs[method];
        let curve = run.curve.iter().map(|p| (p.0 * run.seconds_a_step, p.1)).collect();
        // Seconds differ from seed to seed: one line, of the first.
        Series::new(methods[method].label, vec![curve])
    };
    let lines = (0..methods.len()).map(series).collect();
    Ok(outcome.figure(Figure::curves(
        "Crawled clothes, by the clock (one seed)",
        "seconds",
        "test accuracy, %",
        lines,
    )))
}
