//! The workspace's own commands; `cargo xtask help` lists them.

use std::ffi::OsString;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::{Parser, Subcommand};

mod benches;
mod process;
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
    }
    Ok(ExitCode::SUCCESS)
}
