//! The workspace's own commands; `cargo xtask help` lists them.

use std::ffi::OsString;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::{Parser, Subcommand};

mod benches;
mod edits;
mod fuzz;
mod miri;
mod new_model;
mod process;
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
    /// Make a model crate with all its rooms, in the facade and on the scoreboard.
    NewModel {
        /// In kebab case and without prefix, such as `neural-gpu`
        name: String,
    },
    /// Prepare a release: checks, versions, changelog, a rehearsal. Nothing is published.
    Release {
        /// The new version, such as `0.2.0`
        version: String,
        /// Show what would change, and change nothing
        #[arg(long)]
        dry_run: bool,
    },
    /// Run the unsafe kernels under Miri, where it is installed.
    Miri {
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
        Command::NewModel { name } => new_model::run(root, &name)?,
        Command::Release { version, dry_run } => release::run(root, &version, dry_run)?,
        Command::Miri { args } => return miri::run(root, &args),
        Command::Fuzz { args } => return fuzz::run(root, &args),
    }
    Ok(ExitCode::SUCCESS)
}
