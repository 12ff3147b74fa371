//! `nas-darts-collapse`: does DARTS choose skip connections only, and what keeps it from that?

use anyhow::Result;
use seedbed::data::mnist;
use seedbed::meta::search::{
    CellData, DartsConfig, Derived, EDGES, EdgeOp, SearchSpace as _, Selection, SharingConfig,
    Table, darts, share_weights,
};
use seedbed::nn::Config as _;

use crate::experiment::{Context, Outcome};
use crate::experiments::claim::Claim;
use crate::experiments::jobs::side_by_side;
use crate::figure::{Figure, Series};
use crate::row::Row;

pub(super) const CLAIM: Claim = Claim {
    name: NAME,
    about: "DARTS on the cells of the table, in three settings (24 epochs; 48 epochs; 24 epochs with 6 channels): first and second order, ended early by the \
            largest eigenvalue, chosen by perturbation, and with an auxiliary skip connection; beside it random search with shared weights, which needs none of it. The accuracy is the table's, of the cell that was chosen, \
            the rank its place among all 625 (1 is the best), skips its edges with a skip connection.",
    long: true,
    run,
};

const NAME: &str = "nas-darts-collapse";

type Cell = [EdgeOp; EDGES.len()];

/// What differs from one way to the next.
type Change = fn(&mut DartsConfig);

const WAYS: [(&str, Change); 5] = [
    ("first", |_| ()),
    ("second", |config| config.second_order = true),
    ("early-stop", |config| config.stop_at_eigenvalue = Some(1.3)),
    ("perturbation", |config| config.selection = Selection::Perturbation),
    ("auxiliary", |config| config.auxiliary_skip = 1.0),
];

const SETTINGS: [(&str, Change); 3] = [
    ("usual", |_| ()),
    ("long", |config| config.epochs = 48),
    ("narrow", |config| config.channels = 6),
];

fn run(context: &Context) -> Result<Outcome> {
    let seeds = context.seeds(2, 5) as u64;
    let data = CellData::of_table(&mnist::embedded().train);
    let (table, all) = (Table::cells(), WAYS.len() * SETTINGS.len());
    let jobs: Vec<(usize, usize, u64)> = (0..all)
        .flat_map(|i| (0..seeds).map(move |seed| (i / SETTINGS.len(), i % SETTINGS.len(), seed)))
        .collect();
    context.progress.set_length(jobs.len() as u64);
    let found = side_by_side(&jobs, |&(way, setting, seed)| {
        let mut config = DartsConfig::default();
        (SETTINGS[setting].1)(&mut config);
        (WAYS[way].1)(&mut config);
        let derived = darts((&data.train, &data.validation), data.classes, &config.check()?, seed);
        context.progress.inc(1);
        Ok(derived)
    })?;
    // What needs no α at all stands beside them.
    let shared_jobs: Vec<(usize, u64)> = (0..SETTINGS.len())
        .flat_map(|setting| (0..seeds).map(move |seed| (setting, seed)))
        .collect();
    let shared = side_by_side(&shared_jobs, |&(setting, seed)| {
        let mut config = DartsConfig::default();
        (SETTINGS[setting].1)(&mut config);
        let config = SharingConfig {
            epochs: config.epochs,
            channels: config.channels,
            ..SharingConfig::default()
        };
        let search = (&data.train, &data.validation);
        Ok(share_weights(search, data.classes, &config.check()?, seed).cell)
    })?;
    let mut sorted: Vec<f64> = table.space().all().map(|cell| table.test(&cell)).collect();
    sorted.sort_by(|a, b| b.total_cmp(a));
    let score = |cell: &Cell| -> Result<f64> {
        let name = cell.map(EdgeOp::name).join("|");
        Ok(table.test(&table.space().decode(&name)?))
    };
    let rows = |way: &str, setting: usize, cells: &[Cell]| -> Result<[Row; 3]> {
        let name = format!("{NAME}-{way}-{}", SETTINGS[setting].0);
        let scores = cells.iter().map(score).collect::<Result<Vec<f64>>>()?;
        let better = |score: &f64| sorted.iter().filter(|other| *other > score).count();
        let ranks: Vec<f64> = scores.iter().map(|score| 1.0 + better(score) as f64).collect();
        let skips = |cell: &Cell| cell.iter().filter(|op| **op == EdgeOp::Skip).count() as f64;
        let skips: Vec<f64> = cells.iter().map(skips).collect();
        Ok([
            Row::learn(&name, "accuracy", "share", &scores),
            Row::learn(&name, "rank", "", &ranks),
            Row::learn(&name, "skips", "", &skips),
        ])
    };
    let mut outcome = Outcome::new();
    let mut curves = Vec::new();
    for (&(way, setting, _), found) in
        jobs.iter().step_by(seeds as usize).zip(found.chunks(seeds as usize))
    {
        let cells: Vec<Cell> = found.iter().map(|derived| derived.cell).collect();
        outcome = rows(WAYS[way].0, setting, &cells)?.into_iter().fold(outcome, Outcome::row);
        if way == 0 {
            let eigenvalues = |derived: &Derived| {
                derived.eigenvalues.iter().enumerate().map(|(i, &x)| (i as f64 + 1.0, x)).collect()
            };
            let runs = found.iter().map(eigenvalues).collect();
            curves.push(Series::new(SETTINGS[setting].0, runs));
        }
    }
    for (setting, cells) in shared.chunks(seeds as usize).enumerate() {
        outcome = rows("shared", setting, cells)?.into_iter().fold(outcome, Outcome::row);
    }
    let title = "Largest eigenvalue of the second derivatives by the weights of operations";
    Ok(outcome.figure(Figure::curves(title, "epochs", "eigenvalue", curves)))
}
