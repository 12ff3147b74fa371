//! Finds the regimes of a table: `regimes table.csv --target y --experts 3 --out rows.csv`.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use clap::Parser;
use seedbed_autodiff::Tensor;
use seedbed_mechanisms::MechanismsError;
use seedbed_mechanisms::regimes::{Line, Regimes, RegimesConfig, regimes};
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
    // Before the work, not after it.
    let outputs: Vec<&Path> =
        [Some(&a.out), a.report.as_ref()].into_iter().flatten().map(PathBuf::as_path).collect();
    for (i, path) in outputs.iter().enumerate() {
        can_be_written(path)?;
        let mut others = outputs[..i].iter().copied().chain([a.table.as_path()]);
        if let Some(other) = others.find(|other| are_one_file(path, other)) {
            bail!(
                "{} and {} are one file: what is in it would be lost",
                other.display(),
                path.display()
            );
        }
    }
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
    let found = regimes(&x, &y, &config.check()?).map_err(|error| match error {
        MechanismsError::ConstantColumn { column, value } => {
            let name = column.parse().ok().and_then(|i: usize| names.get(i)).unwrap_or(&a.target);
            MechanismsError::ConstantColumn { column: name.clone(), value }
        }
        error => error,
    })?;
    let predicted = found.predict(&x)?;

    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(["row", "regime", "certainty", "prediction"])?;
    for (row, (&regime, certainty)) in found.regime.iter().zip(&found.certainty).enumerate() {
        let prediction = predicted.data()[row * a.experts + regime];
        let fields = [row.to_string(), regime.to_string(), certainty.to_string()];
        writer.write_record(fields.iter().chain([&prediction.to_string()]))?;
    }
    let report = report(&a, &names, &found, &predicted, &y);
    write(&a.out, &writer.into_inner()?)?;
    match &a.report {
        Some(path) => write(path, report.as_bytes()),
        None => match io::stdout().write_all(report.as_bytes()) {
            // Who reads it may have seen enough.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            written => written.context("cannot write the report"),
        },
    }
}

/// An error if a file cannot be written there. One that is there is not changed.
fn can_be_written(path: &Path) -> Result<()> {
    if path.metadata().is_ok_and(|there| !there.is_file() && !there.is_dir()) {
        // To open a pipe and to close it is a message to whoever reads it.
        return Ok(());
    }
    let there = path.symlink_metadata().is_ok();
    let opened = File::options().append(true).create(true).open(path);
    drop(opened.with_context(|| format!("cannot write {}", path.display()))?);
    if !there {
        fs::remove_file(path)?;
    }
    Ok(())
}

fn are_one_file(a: &Path, b: &Path) -> bool {
    let place = |path: &Path| {
        path.canonicalize().or_else(|_| {
            let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
            let folder = folder.unwrap_or(Path::new(".")).canonicalize()?;
            Ok::<_, io::Error>(folder.join(path.file_name().unwrap_or_default()))
        })
    };
    matches!((place(a), place(b)), (Ok(a), Ok(b)) if a == b)
}

/// A file whole or not at all; into a pipe or a device, straight.
fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    let cannot = || format!("cannot write {}", path.display());
    match path.metadata() {
        Ok(there) if !there.is_file() => fs::write(path, bytes).with_context(cannot),
        _ => seedbed_nn::files::write(path, bytes).with_context(cannot),
    }
}

/// How many rows each regime has, how well its model fits them, and the model itself where it is linear.
fn report(
    a: &Arguments,
    names: &[String],
    found: &Regimes,
    predicted: &Tensor<f64>,
    y: &Tensor<f64>,
) -> String {
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
    if let Some(lines) = found.lines() {
        text += "\n";
        for (regime, Line { at_zero, slopes }) in lines.iter().enumerate() {
            text += &format!("Regime {regime}: {} = {at_zero:.4}", a.target);
            for (slope, name) in slopes.iter().zip(names) {
                text += &format!(" + {slope:.4} · {name}");
            }
            text += "\n\n";
        }
    }
    text
}
