//! Finds the regimes of a table: `regimes table.csv --target y --experts 3 --out rows.csv`.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context as _, Result};
use clap::Parser;
use seedbed_autodiff::Tensor;
use seedbed_mechanisms::regimes::{Regimes, RegimesConfig, regimes};
use seedbed_mechanisms::table::Table;
use seedbed_nn::Config as _;

/// Finds the regimes of a table: local models compete for its rows, and each comes to describe those of one law.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// A table of numbers: CSV with a line of names, or NPY (its columns are 0, 1, 2, …).
    table: PathBuf,
    /// The column that the models explain.
    #[arg(long)]
    target: String,
    /// The columns that explain it, separated by commas; all others if not given.
    #[arg(long, value_delimiter = ',')]
    columns: Vec<String>,
    /// How many regimes are sought.
    #[arg(long, default_value_t = 2)]
    experts: usize,
    /// The widths of a model's hidden layers, separated by commas; without them models are linear.
    #[arg(long, value_delimiter = ',')]
    hidden: Vec<usize>,
    /// Steps of a training.
    #[arg(long, default_value_t = RegimesConfig::default().steps)]
    steps: u64,
    /// Trainings from other weights; the best is taken.
    #[arg(long, default_value_t = RegimesConfig::default().restarts)]
    restarts: usize,
    /// The seed.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Where each row's regime goes: CSV with the columns row, regime, certainty and prediction.
    #[arg(long)]
    out: PathBuf,
    /// Where the report goes; to the terminal if not given.
    #[arg(long)]
    report: Option<PathBuf>,
}

fn main() -> Result<()> {
    let a = Arguments::parse();
    let table = Table::read(&a.table)?;
    let (x, y) = table.split(&a.target, &a.columns)?;
    let names = table.features(&a.target, &a.columns);
    let config = RegimesConfig {
        experts: a.experts,
        hidden: a.hidden.clone(),
        steps: a.steps,
        restarts: a.restarts,
        seed: a.seed,
        ..RegimesConfig::default()
    };
    let found = regimes(&x, &y, &config.check()?)?;
    let predicted = found.predict(&x)?;

    let mut writer = csv::Writer::from_path(&a.out)
        .with_context(|| format!("cannot write {}", a.out.display()))?;
    writer.write_record(["row", "regime", "certainty", "prediction"])?;
    for (row, (&regime, certainty)) in found.regime.iter().zip(&found.certainty).enumerate() {
        let prediction = predicted.data()[row * a.experts + regime];
        let fields = [row.to_string(), regime.to_string(), certainty.to_string()];
        writer.write_record(fields.iter().chain([&prediction.to_string()]))?;
    }
    writer.flush()?;

    let report = report(&a, &names, &found, &predicted, &y)?;
    match &a.report {
        Some(path) => {
            fs::write(path, report).with_context(|| format!("cannot write {}", path.display()))?;
        }
        None => print!("{report}"),
    }
    Ok(())
}

/// How many rows each regime has, how well its model fits them, and the model itself where it is linear.
fn report(
    a: &Arguments,
    names: &[String],
    found: &Regimes,
    predicted: &Tensor<f64>,
    y: &Tensor<f64>,
) -> Result<String> {
    let rows = y.len();
    let mut text = format!(
        "# Regimes of {}\n\n{rows} rows, {} regimes. Unexplained: {:.3} % of the variance of {}.\n\n",
        a.table.display(),
        a.experts,
        100.0 * found.loss,
        a.target
    );
    text += "| regime | rows | mean certainty | root mean squared error |\n|---|---|---|---|\n";
    for regime in 0..a.experts {
        let of: Vec<usize> = (0..rows).filter(|&row| found.regime[row] == regime).collect();
        let mean = |f: &dyn Fn(usize) -> f64| {
            of.iter().map(|&row| f(row)).sum::<f64>() / of.len().max(1) as f64
        };
        let certainty = mean(&|row| found.certainty[row]);
        let square =
            mean(&|row| (predicted.data()[row * a.experts + regime] - y.data()[row]).powi(2));
        text += &format!("| {regime} | {} | {certainty:.3} | {:.4} |\n", of.len(), square.sqrt());
    }
    if a.hidden.is_empty() {
        // A linear model is known by what it says at 0 and at each unit vector.
        let n = names.len();
        let mut at = vec![0.0; (n + 1) * n];
        (0..n).for_each(|i| at[(i + 1) * n + i] = 1.0);
        let says = found.predict(&Tensor::new(at, &[n + 1, n]))?;
        text += "\n";
        for regime in 0..a.experts {
            let value = |row: usize| says.data()[row * a.experts + regime];
            text += &format!("Regime {regime}: {} = {:.4}", a.target, value(0));
            for (i, name) in names.iter().enumerate() {
                text += &format!(" + {:.4} · {name}", value(i + 1) - value(0));
            }
            text += "\n\n";
        }
    }
    Ok(text)
}
