//! `rho-small-il`: small reference models, reused across networks and learning rates.

use anyhow::Result;

use super::method::Method;
use super::net::Arch;
use super::reference::Reference;
use super::report::Report;
use super::study::{Plan, Seed, study};
use super::task;
use crate::experiment::{Context, Outcome};
use crate::experiments::claim::Claim;
use crate::figure::{Bar, Figure};
use crate::row::{Goal, Row};

/// See the module.
pub(crate) const CLAIM: Claim = Claim {
    name: "rho-small-il",
    about: "The crawled clothes of rho-web, with reference models of 16, 64, 128 and 512 hidden units, each trained once and used for three networks and three learning rates. \
        A speedup is the geometric mean over those five targets, a target that never reaches uniform's best counting as ½; relative_speedup is that of the small model over that of the large one.",
    long: true,
    run,
};

/// Hidden units of the reference models: the rows' names end in them.
const SIZES: [(&str, Arch); 4] = [
    ("-16", Arch::Mlp(&[16])),
    ("-64", Arch::Mlp(&[64])),
    ("-128", Arch::Mlp(&[128])),
    ("-512", Arch::Mlp(&[512])),
];

/// What is trained by the same irreducible losses: three networks, and two more learning rates.
const TARGETS: [(&str, Arch, f64); 5] = [
    ("MLP 256-256", Arch::Mlp(&[256, 256]), 1e-3),
    ("MLP 256, tanh", Arch::Tanh(&[256]), 1e-3),
    ("CNN", Arch::Cnn, 1e-3),
    ("MLP 256-256, 3e-4", Arch::Mlp(&[256, 256]), 3e-4),
    ("MLP 256-256, 3e-3", Arch::Mlp(&[256, 256]), 3e-3),
];

fn run(context: &Context) -> Result<Outcome> {
    let source = task::clothes(context)?;
    let plan = Plan { steps: [400, 2_000], every: [20, 50], ..Plan::default() };
    let epochs = context.pick(15, 10);
    let mut methods = Vec::new();
    for (target, arch, lr) in TARGETS {
        methods.push(Method::uniform().named("-uniform", target).training(arch, lr));
        for (suffix, reference) in SIZES {
            let rho = Method::rho(Reference::holdout(reference, epochs));
            methods.push(rho.named(suffix, target).training(arch, lr));
        }
    }
    let seeds = study(context, &plan, &methods, |rng| task::web(&source, rng))?;
    let report = Report { name: CLAIM.name, methods: &methods, seeds: &seeds };
    // A target's methods stand together, uniform first.
    let group = SIZES.len() + 1;
    let of_target = |seed: &Seed, target: usize, size: usize| {
        seed.steps_speedup(group * target + 1 + size, group * target).max(0.5)
    };
    let speedup = |seed: &Seed, size: usize| {
        let logs = (0..TARGETS.len()).map(|target| of_target(seed, target, size).ln());
        (logs.sum::<f64>() / TARGETS.len() as f64).exp()
    };
    let large = SIZES.len() - 1;
    let parameters = |size: usize| {
        let fitted = seeds[0].reference(&methods[1 + size]).expect("RHO-LOSS has one");
        fitted.parameters
    };
    let relative = report.each(|seed| speedup(seed, 0) / speedup(seed, large));
    let fewer = format!(
        "{} parameters against {}: {:.0} times fewer; the paper: 18 × over 5 architectures with a small model",
        parameters(0),
        parameters(large),
        parameters(large) as f64 / parameters(0) as f64
    );
    let mut outcome = Outcome::new().row(
        Row::learn(CLAIM.name, "relative_speedup", "", &relative)
            .source(&fewer)
            .goal(Goal::AtLeast(0.8)),
    );
    for (size, (suffix, _)) in SIZES.iter().enumerate() {
        let name = format!("{}{suffix}", CLAIM.name);
        let speedups = report.each(|seed| speedup(seed, size));
        let corrupted = report.each(|seed| seed.runs[1 + size].corrupted);
        outcome = outcome
            .row(
                Row::learn(&name, "steps_speedup", "×", &speedups)
                    .source("geometric mean over five targets"),
            )
            .row(report.reference_accuracy(1 + size))
            .row(Row::learn(&name, "corrupted_picked", "share", &corrupted));
    }
    for (target, (label, ..)) in TARGETS.iter().enumerate() {
        let bar = |(size, (suffix, _)): (usize, &(&str, Arch))| {
            let speedups = report.each(|seed| of_target(seed, target, size));
            let row = Row::learn("", "", "", &speedups);
            Bar::new(&format!("{} hidden units", &suffix[1..]), row.measured).spread(row.spread)
        };
        let bars = SIZES.iter().enumerate().map(bar).collect();
        let title = format!("{label}: fewer steps than uniform, by size of the reference model");
        outcome = outcome.figure(Figure::bars(&title, "×", bars).marked(1.0, "uniform"));
    }
    Ok(outcome)
}
