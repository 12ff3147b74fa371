//! `nas-tabular`: strategies of search compared on a table of trained cells.

use anyhow::Result;
use seedbed::meta::search::{Comparison, Regrets, STRATEGIES, Table, compare};

use crate::experiment::{Context, Outcome};
use crate::experiments::claim::Claim;
use crate::figure::{Figure, Series};
use crate::row::{Goal, Row};

pub(super) const CLAIM: Claim = Claim {
    name: NAME,
    about: "Searches for the best of 625 small convolutional cells, each trained from three seeds on 1,000 digits with a short and a long budget. The \
            regret is the accuracy on other digits that the best cell has more than the one chosen by validation; evaluations are whole trainings, a \
            short one costs a quarter. 1,000 runs of each strategy; the band is from the 10th to the 90th run of a hundred.",
    long: false,
    run,
};

const NAME: &str = "nas-tabular";

fn run(context: &Context) -> Result<Outcome> {
    let table = Table::cells();
    let settings = Comparison::default();
    context.progress.set_length(STRATEGIES.len() as u64);
    let mut outcome = Outcome::new();
    let mut found = Vec::new();
    for strategy in &STRATEGIES {
        let regrets = compare(strategy, &table, settings);
        let name = format!("{NAME}-{}", strategy.name);
        outcome = outcome
            .row(Row::learn(&name, "regret_100", "share", &regrets.by_evaluations[99]))
            .row(Row::learn(&name, "evaluations_to_best", "", &regrets.to_best));
        found.push((strategy.name, regrets));
        context.progress.inc(1);
    }
    let of = |wanted: &str| &found.iter().find(|(name, _)| *name == wanted).expect("it ran").1;
    // At how many evaluations local search is where random search is after 200.
    let target = of("random").mean_after(settings.evaluations);
    let needed = (1..=settings.evaluations).find(|&n| of("local").mean_after(n) <= target);
    let needed = needed.unwrap_or(settings.evaluations) as f64;
    let row = Row::learn(NAME, "local_for_random_200", "", &[needed]);
    Ok(outcome
        .row(
            row.goal(Goal::AtMost(100.0))
                .reference(42.0, "105 for 500 on NAS-Bench-201 after 12 epochs, in proportion"),
        )
        .figure(curves(&found)))
}

/// Mean regret against evaluations, and its band.
fn curves(found: &[(&str, Regrets)]) -> Figure {
    let line = |value: &dyn Fn(usize) -> f64, regrets: &Regrets| -> Vec<(f64, f64)> {
        (10..=regrets.by_evaluations.len()).step_by(5).map(|n| (n as f64, value(n))).collect()
    };
    let series = found.iter().map(|(name, regrets)| {
        let band = [0.1, 0.9].map(|share| line(&|n| regrets.quantile_after(n, share), regrets));
        let [low, high] = band;
        Series::new(name, vec![line(&|n| regrets.mean_after(n), regrets), low, high])
    });
    Figure::curves("Regret (mean, and 80 % of runs)", "evaluations", "accuracy", series.collect())
}
