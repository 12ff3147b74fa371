//! The file of irreducible losses: opening it, looking losses up, memory.

use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context as _, Result};
use seedbed::autodiff::Rng;
use seedbed::rho_selection::{IrreducibleLosses, Origin};

use super::timing::{Contestant, Plan, interleave};
use super::{Work, memory};
use crate::experiment::{Context, Experiment, Outcome};
use crate::row::{Goal, Kind, Row};

const NAME: &str = "rho-store";
/// Ids in one look-up: a batch of candidates.
const IDS: usize = 320;
/// Times that a file is opened.
const OPENED: usize = 21;

/// See [`Experiment::about`].
pub(super) struct RhoStore;

impl Experiment for RhoStore {
    fn name(&self) -> &'static str {
        NAME
    }

    fn kind(&self) -> Kind {
        Kind::Speed
    }

    fn about(&self) -> &'static str {
        "A memory-mapped file of irreducible losses, 10 million entries (100 million with --full), of consecutive ids and of sparse ones: opening it, \
         looking 320 random ids up once the pages are loaded, and memory. The peak is that of a process that opens it. Looking up takes no more memory of \
         its own; but pages of the file that are in the system's cache anyway count as resident once they are looked at, and the system maps \
         many around each."
    }

    fn run(&self, context: &Context) -> Result<Outcome> {
        let count = context.pick(10_000_000, 100_000_000);
        let mut outcome = Outcome::new();
        for (name, step) in [(NAME, 1), ("rho-store-sparse", 3)] {
            let file = Temporary(path());
            write(&file.0, count, step)?;
            outcome.rows.extend(measure(name, &file.0, step, context)?);
        }
        Ok(outcome)
    }

    /// Opens the file that the row has written.
    fn work(&self) -> Option<Work> {
        let open =
            || drop(black_box(IrreducibleLosses::open(path()).expect("the row has written it")));
        Some(Box::new(open))
    }
}

/// Where the file lies while the row is measured: known to the process that measures memory.
fn path() -> PathBuf {
    std::env::temp_dir().join(format!("seedbed-rho-store-{}.il", memory::run()))
}

/// A file that is removed with this.
struct Temporary(PathBuf);

impl Drop for Temporary {
    fn drop(&mut self) {
        // What is left in the folder for temporary files harms nobody.
        let _ = std::fs::remove_file(&self.0);
    }
}

/// Ids 0, step, 2 step, …, each with some loss.
fn write(path: &Path, count: usize, step: u64) -> Result<()> {
    let ids: Vec<u64> = (0..count as u64).map(|i| step * i).collect();
    let losses: Vec<f32> = (0..count).map(|i| (i % 1_000) as f32 / 250.0).collect();
    let origin = Origin { data_set: NAME.into(), ..Origin::default() };
    Ok(IrreducibleLosses::new(&ids, &losses)?.save(path, &origin)?)
}

/// Batches of random ids that are known.
fn random_ids(count: usize, step: u64, size: usize, batches: usize) -> Vec<Vec<u64>> {
    let mut rng = Rng::new(0);
    let mut batch = || (0..size).map(|_| step * rng.below(count) as u64).collect();
    (0..batches).map(|_| batch()).collect()
}

/// The rows of one file.
fn measure(name: &str, path: &Path, step: u64, context: &Context) -> Result<Vec<Row>> {
    let mut open_ms = Vec::new();
    for _ in 0..OPENED {
        let start = Instant::now();
        black_box(IrreducibleLosses::open(path)?);
        open_ms.push(start.elapsed().as_secs_f64() * 1e3);
    }
    let losses = IrreducibleLosses::open(path)?;
    let batches = random_ids(losses.len(), step, IDS, 1_000);
    let sizes = || Some((memory::of_status("RssAnon:")?, memory::of_status("RssFile:")?));
    let before = sizes();
    black_box(losses.of(&batches[0])?);
    let after = sizes();
    // Warm: every page has been looked at. The ids of a look-up are others each time.
    losses.verify()?;
    let mut next = batches.iter().cycle();
    let look_up = || {
        let ids = next.next().expect("a cycle");
        black_box(losses.of(black_box(ids)).expect("known ids"));
    };
    let rounds = interleave(&mut [Contestant::local("look-up", look_up)], Plan::of(context))?;
    let microseconds: Vec<f64> = rounds[0].seconds.iter().map(|s| s * 1e6).collect();
    let entries = format!("{} million entries", losses.len() / 1_000_000);
    let mut rows = vec![
        Row::speed(name, "open_ms", "ms", &open_ms).source(&entries).goal(Goal::AtMost(50.0)),
        Row::speed(name, "lookup_us", "µs", &microseconds)
            .source(&format!("{IDS} random ids of {entries}, pages loaded"))
            .goal(Goal::AtMost(50.0)),
    ];
    if let Some(program) = &context.speed.memory_probe {
        let peak = super::peak_megabytes(program, NAME).context("the memory of opening")?;
        rows.extend(peak.map(|megabytes| {
            Row::speed(name, "peak_mb", "MB", &[megabytes])
                .source(&format!("a whole process that opens {entries}"))
                .goal(Goal::AtMost(50.0))
        }));
    }
    if let (Some(before), Some(after)) = (before, after) {
        rows.push(
            Row::speed(name, "private_mb", "MB", &[(after.0 - before.0).max(0.0)])
                .source(&format!("memory of its own that the first look-up of {IDS} takes"))
                .goal(Goal::AtMost(50.0)),
        );
        rows.push(
            Row::speed(name, "mapped_mb", "MB", &[(after.1 - before.1).max(0.0)])
                .source("pages of the file in the system's cache that it maps"),
        );
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::speed::SpeedContext;

    #[test]
    fn a_file_of_either_kind_is_measured_and_removed() {
        let plan = Plan { rounds: 2, turn: Duration::from_micros(50), rest: Duration::ZERO };
        let speed = SpeedContext { plan: Some(plan), ..SpeedContext::default() };
        let context = Context { speed, ..Context::default() };
        for step in [1, 3] {
            let name = format!("seedbed-rho-store-test-{}.il", std::process::id());
            let file = Temporary(std::env::temp_dir().join(name));
            write(&file.0, 2_000, step).unwrap();
            let rows = measure("demo", &file.0, step, &context).unwrap();
            let metrics: Vec<&str> = rows.iter().map(|row| row.metric.as_str()).collect();
            let memory = if cfg!(target_os = "linux") { 2 } else { 0 };
            let all = ["open_ms", "lookup_us", "private_mb", "mapped_mb"];
            assert_eq!(metrics, all[..2 + memory]);
            assert!(rows[..2].iter().all(|row| row.measured > 0.0));
            let path = file.0.clone();
            drop(file);
            assert!(!path.exists());
        }
    }
}
