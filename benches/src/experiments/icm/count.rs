//! `icm-count`: too few experts, and too many.

use anyhow::Result;

use super::study::{Trained, Way, seeds, trained, win_matrix};
use crate::experiment::{Context, Outcome};
use crate::experiments::claim::Claim;
use crate::row::Row;

pub(super) const CLAIM: Claim = Claim {
    name: "icm-count",
    about: "Ten mechanisms, and 6, 10 or 16 experts: how many experts are the best for some mechanism, how clearly, and how far the restored images are from clean ones.",
    long: true,
    run,
};

const COUNTS: [usize; 3] = [6, 10, 16];

/// What is read off a training.
type Figure = fn(&Trained) -> f64;

fn run(context: &Context) -> Result<Outcome> {
    let (pictures, ways) = trained(context, &COUNTS.map(Way::Ours), seeds(context))?;
    let names = &pictures.digits.1.names;
    let mut outcome = Outcome::new();
    for (count, way) in COUNTS.into_iter().zip(&ways) {
        let name = format!("{}-{count}", CLAIM.name);
        let figures: [(&str, &str, Figure); 3] = [
            ("coverage", "experts", |one| one.found.wins.coverage() as f64),
            ("purity", "", |one| one.found.wins.purity()),
            ("error", "", |one| one.found.errors.mean()),
        ];
        for (metric, unit, figure) in figures {
            let values: Vec<f64> = way.iter().map(|one| figure(one)).collect();
            outcome = outcome.row(Row::learn(&name, metric, unit, &values));
        }
        let title = format!("Who wins what: {count} experts, seed 0");
        outcome = outcome.figure(win_matrix(&title, &way[0].found.wins, names));
    }
    Ok(outcome)
}
