//! Compares ways to search on a table: `compare_searches cells.csv --candidate cell --validation valid --test test`.

use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context as _, Result, ensure};
use clap::Parser;
use seedbed_meta::search::{Columns, Comparison, Named, Regrets, STRATEGIES, Table, compare};
use seedbed_nn::files;

/// Compares ways to search architectures, or anything else, on a table that says of every candidate how good it is. Each way searches many times, from other seeds; what is shown is the
/// regret: the best test score of the table less that of the candidate that a search would choose by its validation score.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// A CSV file with a line of names and a line for each candidate; the crate's own table of cells if not given.
    table: Option<PathBuf>,
    /// The column with the candidates' texts: choices with "|" between them.
    #[arg(long, default_value = "cell")]
    candidate: String,
    /// The columns that a search sees, separated by commas; their mean is taken. The larger, the better.
    #[arg(long, value_delimiter = ',', default_value = "validation")]
    validation: Vec<String>,
    /// The columns that are reported.
    #[arg(long, value_delimiter = ',', default_value = "test")]
    test: Vec<String>,
    /// The columns of a shorter training, if there are any.
    #[arg(long, value_delimiter = ',')]
    short: Vec<String>,
    /// What a short training costs, as a share of a whole one.
    #[arg(long, default_value_t = Comparison::default().short_cost)]
    short_cost: f64,
    /// Searches of each way.
    #[arg(long, default_value_t = Comparison::default().runs)]
    runs: u64,
    /// Whole trainings that a search may spend.
    #[arg(long, default_value_t = Comparison::default().evaluations)]
    evaluations: usize,
    /// The ways, separated by commas; all if not given.
    #[arg(long, value_delimiter = ',')]
    strategies: Vec<String>,
    /// Where the curves go: CSV with the columns strategy, evaluations, mean, low and high (a tenth of the searches is below low, a tenth above high).
    #[arg(long)]
    curves: Option<PathBuf>,
}

fn main() -> Result<()> {
    let a = Arguments::parse();
    ensure!(a.runs > 0, "--runs is 0, but should be at least 1");
    ensure!(a.evaluations > 0, "--evaluations is 0, but should be at least 1");
    let cost = a.short_cost;
    ensure!(
        cost > 0.0 && cost <= 1.0,
        "--short-cost is {cost}, but should be above 0 and at most 1"
    );
    let table = match &a.table {
        Some(file) => Table::read(file, &columns(&a))?,
        None => Table::cells(),
    };
    let strategies = chosen(&a.strategies)?;
    let (best, score) = table.best();
    println!("{} candidates; the best on test is {best} with {score}", table.len());
    if !table.has_short() {
        println!(
            "no short training: halving and hyperband see the whole one at the price of a short one"
        );
    }
    let at = [3, 10, 30, 100, 300, 1000].into_iter().filter(|n| *n < a.evaluations);
    let at: Vec<usize> = at.chain([a.evaluations]).collect();
    let begun = Instant::now();
    print!("{:<10}", "strategy");
    at.iter().for_each(|n| print!("{:>26}", format!("regret after {n}")));
    println!("{:>18}", "until the best");
    let mut curves = Vec::new();
    for strategy in strategies {
        let settings =
            Comparison { runs: a.runs, evaluations: a.evaluations, short_cost: a.short_cost };
        let regrets = compare(strategy, &table, settings);
        print!("{:<10}", strategy.name);
        for &n in &at {
            let (low, high) = (regrets.quantile_after(n, 0.1), regrets.quantile_after(n, 0.9));
            print!("{:>26}", format!("{:.4} ({low:.4}, {high:.4})", regrets.mean_after(n)));
        }
        println!("{:>18}", until_best(&regrets, a.evaluations));
        curves.push((strategy.name, regrets));
    }
    println!(
        "means of {} searches each, and between which eight in ten lie; {:.1} s",
        a.runs,
        begun.elapsed().as_secs_f64()
    );
    if let Some(file) = &a.curves {
        write_curves(file, &curves, a.evaluations)
            .with_context(|| format!("cannot write {}", file.display()))?;
    }
    Ok(())
}

fn columns(a: &Arguments) -> Columns {
    Columns {
        candidate: a.candidate.clone(),
        short: a.short.clone(),
        validation: a.validation.clone(),
        test: a.test.clone(),
    }
}

fn chosen(names: &[String]) -> Result<Vec<&'static Named>> {
    if names.is_empty() {
        return Ok(STRATEGIES.iter().collect());
    }
    let one = |name: &String| {
        STRATEGIES.iter().find(|strategy| strategy.name == name).with_context(|| {
            let there: Vec<&str> = STRATEGIES.iter().map(|strategy| strategy.name).collect();
            format!("there is no strategy {name:?}; there are {}", there.join(", "))
        })
    };
    names.iter().map(one).collect()
}

/// The median of evaluations until the best candidate was found, if more than half of the searches found it.
fn until_best(regrets: &Regrets, evaluations: usize) -> String {
    let mut all = regrets.to_best.clone();
    all.sort_by(f64::total_cmp);
    let median = all[all.len() / 2];
    if median > evaluations as f64 { format!("> {evaluations}") } else { format!("{median:.0}") }
}

fn write_curves(file: &Path, curves: &[(&str, Regrets)], evaluations: usize) -> Result<()> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(["strategy", "evaluations", "mean", "low", "high"])?;
    for (name, regrets) in curves {
        for n in 1..=evaluations {
            let numbers = [
                regrets.mean_after(n),
                regrets.quantile_after(n, 0.1),
                regrets.quantile_after(n, 0.9),
            ];
            let numbers = numbers.map(|number| number.to_string());
            writer.write_record(
                [*name, &n.to_string()].into_iter().chain(numbers.iter().map(|x| &x[..])),
            )?;
        }
    }
    Ok(files::write(file, &writer.into_inner()?)?)
}
