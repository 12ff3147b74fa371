//! `icm-baselines` and `icm-count`: other ways to route, and other numbers of experts.

use anyhow::Result;
use seedbed::autodiff::Rng;
use seedbed::mechanisms::competition::Rule;
use seedbed::mechanisms::train::TrainConfig;

use super::ten::{Digits, Judged, Routing, Scale, Trained, train};
use crate::experiment::{Context, Outcome};
use crate::experiments::claim::Claim;
use crate::experiments::jobs::side_by_side;
use crate::row::Row;

pub(super) const BASELINES: Claim = Claim {
    name: "icm-baselines",
    about: "The error of restored digits (mean squared error of a pixel) where images are given to experts by the competition, by an oracle that knows the \
            mechanism, at random, or to all with weights (a mixture of experts); and where one network does all: as wide as an expert, and three \
            times as wide, which is nine times the weights.",
    long: true,
    run: baselines,
};

pub(super) const COUNT: Claim = Claim {
    name: "icm-count",
    about: "Six, ten and sixteen experts for ten mechanisms: how many of them are the best one for a mechanism, and how pure the win matrix is.",
    long: true,
    run: count,
};

fn baselines(context: &Context) -> Result<Outcome> {
    let ours = Scale::of(context).ours();
    let ruled = |rule| TrainConfig { rule, ..ours.clone() };
    let mut wide = TrainConfig { experts: 1, ..ours.clone() };
    wide.expert.width *= 3;
    let kinds = [
        ("competition", ours.clone(), Routing::Competition),
        ("oracle", ours.clone(), Routing::Oracle),
        ("random", ruled(Rule::Random), Routing::Competition),
        ("mixture", ruled(Rule::Soft { temperature: 1.0 }), Routing::Competition),
        ("single", TrainConfig { experts: 1, ..ours.clone() }, Routing::Competition),
        ("single_wide", wide, Routing::Competition),
    ];
    let names = kinds.each_ref().map(|(name, ..)| *name);
    let found = trained(context, &kinds.map(|(_, config, routing)| (config, routing)))?;
    let row = |(name, runs): (&str, &Vec<Trained>)| {
        let errors: Vec<f64> = runs.iter().map(|run| run.found.errors.mean()).collect();
        Row::learn("icm-baselines", name, "", &errors)
    };
    Ok(names.into_iter().zip(&found).map(row).fold(Outcome::new(), Outcome::row))
}

fn count(context: &Context) -> Result<Outcome> {
    let counts = [6, 10, 16];
    let ours = Scale::of(context).ours();
    let kinds =
        counts.map(|experts| (TrainConfig { experts, ..ours.clone() }, Routing::Competition));
    let found = trained(context, &kinds)?;
    let mut outcome = Outcome::new();
    for (experts, runs) in counts.iter().zip(&found) {
        let name = format!("icm-count-{experts}");
        let each = |value: &dyn Fn(&Trained) -> f64| runs.iter().map(value).collect::<Vec<_>>();
        outcome = outcome
            .row(Row::learn(&name, "owners", "", &each(&|run| run.found.wins.coverage() as f64)))
            .row(Row::learn(&name, "purity", "", &each(&|run| run.found.wins.purity())))
            .row(Row::learn(&name, "error", "", &each(&|run| run.found.errors.mean())));
    }
    Ok(outcome)
}

/// Trainings of each kind from several seeds.
fn trained(context: &Context, kinds: &[(TrainConfig, Routing)]) -> Result<Vec<Vec<Trained>>> {
    let seeds = context.seeds(1, 5) as u64;
    let scale = Scale::of(context);
    let digits = Digits::load(context)?;
    let jobs: Vec<(&(TrainConfig, Routing), u64)> =
        kinds.iter().flat_map(|kind| (0..seeds).map(move |seed| (kind, seed))).collect();
    context.progress.set_length(jobs.len() as u64);
    let mut all = side_by_side(&jobs, |&(kind, seed)| {
        let rng = &mut Rng::numbered(seed, 1);
        let judged = Judged::new(&digits.test.0, &scale.mechanisms(), rng)?;
        let trained = train(&digits, scale, kind.clone(), &judged, seed)?;
        context.progress.inc(1);
        Ok(trained)
    })?;
    Ok(kinds.iter().map(|_| all.drain(..seeds as usize).collect()).collect())
}
