//! The workspace's own commands; `cargo xtask help` lists them.

use std::ffi::OsString;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::{Parser, Subcommand};

mod benches;
mod edits;
mod features;
mod fuzz;
mod new_model;
mod process;
mod proof;
mod release;
mod test;
mod tidy;
mod workspace;

/// The workspace's own commands.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run every check: formatting, tidy, clippy, rustdoc, doc tests, tests. Stops at the first
    /// that fails.
    Test {
        /// What runs the tests
        #[arg(long, value_enum, default_value_t = test::Runner::Auto)]
        runner: test::Runner,
    },
    /// Check the architectural invariants that no compiler checks.
    Tidy,
    /// Run the scoreboard; all arguments go to it (try `cargo xtask bench --help`).
    #[command(disable_help_flag = true)]
    Bench {
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<OsString>,
    },
    /// Show where the data sets are looked for and which are there.
    #[command(disable_help_flag = true)]
    Data {
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<OsString>,
    },
    /// Make a model crate with all its rooms, named in the facade, on the scoreboard and in the docs.
    NewModel {
        /// In kebab case and without prefix, such as `neural-gpu`
        name: String,
        /// A paper's model, or a composition, which may depend on models
        #[arg(long, value_enum, default_value_t = new_model::Kind::Model)]
        layer: new_model::Kind,
    },
    /// Prepare a release: checks, versions, changelog, a rehearsal. Nothing is published.
    Release {
        /// The new version, such as `0.2.0`
        version: String,
        /// Show what would change, and change nothing
        #[arg(long)]
        dry_run: bool,
    },
    /// Check that every crate compiles with each of its features alone, and with none.
    Features,
    /// Run the kernels' tests under Miri, on the portable path and with vectors.
    Miri {
        /// Arguments of the test program, such as the name of one test
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<OsString>,
    },
    /// Run the kernels' tests under a sanitizer.
    Sanitize {
        #[arg(value_enum)]
        sanitizer: proof::Sanitizer,
        /// Arguments of the test program, such as the name of one test
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<OsString>,
    },
    /// Run the worker team's tests on every order of its threads' steps.
    Loom {
        /// Arguments of the test program, such as the name of one test
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<OsString>,
    },
    /// Fuzz the data loaders, where cargo-fuzz is installed.
    Fuzz {
        /// What `cargo fuzz` takes; nothing lists the targets
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<OsString>,
    },
}

fn main() -> ExitCode {
    match run(Cli::parse().command) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> Result<ExitCode> {
    let here = std::env::current_dir().context("cannot tell the current directory")?;
    let root = &workspace::root_above(&here)?;
    match command {
        Command::Test { runner } => test::run(root, runner)?,
        Command::Tidy => tidy::run(root)?,
        Command::Bench { args } => return benches::run(root, &args),
        Command::Data { args } => {
            return benches::run(root, &[vec!["data".into()], args].concat());
        }
        Command::NewModel { name, layer } => new_model::run(root, &name, layer)?,
        Command::Release { version, dry_run } => release::run(root, &version, dry_run)?,
        Command::Features => features::run(root)?,
        Command::Miri { args } => return proof::miri(root, &args),
        Command::Sanitize { sanitizer, args } => return proof::sanitize(root, sanitizer, &args),
        Command::Loom { args } => return proof::loom(root, &args),
        Command::Fuzz { args } => return fuzz::run(root, &args),
    }
    Ok(ExitCode::SUCCESS)
}
