//! Trains every cell of the space on small digits, with a short and a long budget, and writes how good each became:
//! `cargo run --release -p seedbed-meta --example cell_table -- --out table.csv`
//!
//! Whole lines are written, one after the other, so that the program can be stopped and started again.

use std::collections::HashSet;
use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};
use clap::Parser;
use seedbed_data::mnist;
use seedbed_meta::search::{
    CellData, CellTraining, EdgeOp, OnEdge, SearchSpace as _, cells, train_cell,
};
use seedbed_nn::Config as _;

/// Trains every cell of the space and writes how good each became.
#[derive(Parser)]
struct Arguments {
    /// The table: one line a cell, with the digits of 1,000 that were recognised.
    #[arg(long)]
    out: PathBuf,
    /// Trainings of each cell and budget, with seeds from 0.
    #[arg(long, default_value_t = 3)]
    seeds: u64,
    /// Trains this cell alone, such as `conv3x3|skip|none|conv1x1`; any number of times.
    #[arg(long)]
    only: Vec<String>,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let data = CellData::of_table(&mnist::embedded().train);
    let space = cells();
    let budgets = [CellTraining::short().check()?, CellTraining::default().check()?];
    let header = header(arguments.seeds);
    let done = names_in(&arguments.out, &header)?;
    let mut file = OpenOptions::new().create(true).append(true).open(&arguments.out)?;
    if done.is_empty() {
        writeln!(file, "{header}")?;
    }
    let only =
        arguments.only.iter().map(|name| space.decode(name)).collect::<Result<Vec<_>, _>>()?;
    let wanted = if only.is_empty() { space.all().collect() } else { only };
    let missing = wanted.into_iter().filter(|cell| !done.contains(&space.encode(cell)));
    for (i, cell) in missing.enumerate() {
        let ops = [0, 1, 2, 3].map(|edge| OnEdge::One(EdgeOp::ALL[cell[edge]]));
        let mut line = space.encode(&cell);
        for config in &budgets {
            let trained = (0..arguments.seeds).map(|seed| train_cell(&ops, &data, config, seed));
            let rights: Vec<_> = trained.map(|t| [t.validation_right, t.test_right]).collect();
            for of in [0, 1] {
                line.extend(rights.iter().map(|right| format!(",{}", right[of])));
            }
        }
        writeln!(file, "{line}")?;
        if i % 25 == 0 {
            eprintln!("{line}");
        }
    }
    Ok(())
}

/// `cell,short_validation_0,…,short_test_0,…,long_validation_0,…,long_test_0,…`.
fn header(seeds: u64) -> String {
    let mut header = String::from("cell");
    for column in ["short_validation", "short_test", "long_validation", "long_test"] {
        header.extend((0..seeds).map(|seed| format!(",{column}_{seed}")));
    }
    header
}

/// The cells of a table that was begun.
fn names_in(path: &Path, header: &str) -> Result<HashSet<String>> {
    let text = match fs::read_to_string(path) {
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(HashSet::new()),
        text => text?,
    };
    ensure!(
        text.is_empty() || text.ends_with('\n') && text.lines().next() == Some(header),
        "{} was not written by this program with these seeds, or its last line is torn: it begins with {:?}",
        path.display(),
        text.lines().next()
    );
    let name = |line: &str| line.split(',').next().map(str::to_owned);
    Ok(text.lines().skip(1).filter_map(name).collect())
}
