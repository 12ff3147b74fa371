//! `cargo xtask test`: every check that a change must pass, cheap ones first.

use std::ffi::OsString;
use std::io::Write;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::{features, process, tidy};

/// What runs the tests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Runner {
    /// nextest where it is installed, cargo test otherwise
    Auto,
    /// cargo nextest
    Nextest,
    /// cargo test
    Cargo,
}

/// One check, and what to do when it fails.
struct Step {
    name: &'static str,
    work: Work,
    hint: &'static str,
}

enum Work {
    Command(Command),
    /// Something of our own, and what it looks at.
    Own(fn(&Path) -> Result<()>, &'static str),
}

/// Runs the steps in order and prints each with its duration; an error names the first that fails.
///
/// The tests come last, so that their runner's closing line is the last of its kind that is
/// printed. All steps but formatting and `features` build with the same profile and features: dependencies are
/// checked once (clippy, rustdoc) and compiled once (doc tests, tests). Examples are not linked: that they compile,
/// clippy has seen.
pub(crate) fn run(root: &Path, runner: Runner) -> Result<()> {
    let steps = steps(root, use_nextest(root, runner)?);
    let (count, start) = (steps.len(), Instant::now());
    let mut done = Vec::new();
    for (at, step) in steps.into_iter().enumerate() {
        let what = match &step.work {
            Work::Command(command) => process::show(command),
            Work::Own(_, what) => (*what).to_owned(),
        };
        println!("\n── {}/{count} {}: {what}", at + 1, step.name);
        std::io::stdout().flush()?;
        let begun = Instant::now();
        let result = match step.work {
            Work::Command(command) => succeed(command),
            Work::Own(run, _) => run(root),
        };
        let took = begun.elapsed();
        println!("── {} {} ({})", step.name, verdict(&result), seconds(took));
        done.push((step.name, took));
        if let Err(error) = result {
            bail!("`{}` failed: {error:#}\nhint: {}", step.name, step.hint);
        }
    }
    println!("\nall {count} checks passed in {}:", seconds(start.elapsed()));
    for (name, took) in done {
        println!("  {name:<9} {:>10}", seconds(took));
    }
    Ok(())
}

fn steps(root: &Path, nextest: bool) -> Vec<Step> {
    let step = |name, words: &str, hint| {
        let work = Work::Command(process::cargo(root, words.split(' ')));
        Step { name, work, hint }
    };
    let own = |name, run, what, hint| Step { name, work: Work::Own(run, what), hint };
    let mut rustdoc = process::cargo(root, ["doc", "--workspace", "--all-features", "--no-deps"]);
    rustdoc.env("RUSTDOCFLAGS", denying_warnings(std::env::var_os("RUSTDOCFLAGS")));
    let tests = if nextest {
        step(
            "tests",
            "nextest run --workspace --all-features --no-fail-fast --lib --bins --tests",
            "run one again with `cargo nextest run -p CRATE NAME`",
        )
    } else {
        step(
            "tests",
            "test --workspace --all-features --no-fail-fast --lib --bins --tests",
            "run one again with `cargo test -p CRATE NAME`",
        )
    };
    vec![
        step("fmt", "fmt --all --check", "`cargo fmt --all` mends it"),
        own(
            "tidy",
            tidy::run,
            "the architectural invariants",
            "each finding says what would be right",
        ),
        step(
            "clippy",
            "clippy --workspace --all-features --all-targets -- -D warnings",
            "mend what it names; `cargo clippy --fix` mends the simple cases",
        ),
        own(
            "features",
            features::run,
            "each crate with each feature alone",
            "what needs a feature belongs behind it; see the command that failed",
        ),
        Step {
            name: "rustdoc",
            work: Work::Command(rustdoc),
            hint: "public items need docs, and links in them must resolve",
        },
        step(
            "doctests",
            "test --workspace --all-features --doc",
            "listings in the docs are programs: mend them or the API they show",
        ),
        tests,
    ]
}

fn use_nextest(root: &Path, runner: Runner) -> Result<bool> {
    let installed = || process::succeeds(&mut process::cargo(root, ["nextest", "--version"]));
    match runner {
        Runner::Auto => Ok(installed()),
        Runner::Cargo => Ok(false),
        Runner::Nextest if installed() => Ok(true),
        Runner::Nextest => {
            bail!("nextest is not installed: `cargo install --locked cargo-nextest`")
        }
    }
}

fn succeed(mut command: Command) -> Result<()> {
    let status = command.status().context("cannot start cargo")?;
    anyhow::ensure!(status.success(), "{status}");
    Ok(())
}

fn denying_warnings(flags: Option<OsString>) -> OsString {
    let mut flags = flags.unwrap_or_default();
    if !flags.is_empty() {
        flags.push(" ");
    }
    flags.push("-D warnings");
    flags
}

fn verdict(result: &Result<()>) -> &'static str {
    if result.is_ok() { "passed" } else { "FAILED" }
}

/// A duration for people: `0.4 s`, `3 min 12 s`.
fn seconds(duration: Duration) -> String {
    let whole = duration.as_secs();
    if whole < 60 {
        format!("{:.1} s", duration.as_secs_f64())
    } else {
        format!("{} min {:02} s", whole / 60, whole % 60)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rustdoc_flags_are_kept() {
        assert_eq!(denying_warnings(None), "-D warnings");
        assert_eq!(denying_warnings(Some("--cfg x".into())), "--cfg x -D warnings");
    }

    #[test]
    fn durations_read_well() {
        assert_eq!(seconds(Duration::from_millis(420)), "0.4 s");
        assert_eq!(seconds(Duration::from_secs(192)), "3 min 12 s");
    }
}
