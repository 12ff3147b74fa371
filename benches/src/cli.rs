//! The command line: `cargo xtask bench …`.

use std::path::PathBuf;

use clap::{ArgGroup, Args, Parser, Subcommand};

use crate::experiment::Profile;
use crate::row::Kind;

/// Measures what this workspace claims: learning beside the papers' figures, speed beside PyTorch
/// and JAX.
///
/// Without arguments: every row, quick profile, embedded data, at most about ten minutes on two
/// cores. Prints a table and writes target/bench/report.html and report.json.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask bench", version, args_conflicts_with_subcommands = false)]
pub struct Cli {
    /// Which rows.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// How to run.
    #[command(flatten)]
    pub options: Options,
}

/// Which rows to run, or what else to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Learning claims: the paper's figure beside what is measured here.
    Learn {
        /// Rows by prefix; all if none is given.
        names: Vec<String>,
    },
    /// Time and memory of fixed pieces of work.
    Speed {
        /// Rows by prefix; all if none is given.
        names: Vec<String>,
    },
    /// Where data sets are looked for, and what is found.
    Data,
    /// Does one row's work and prints the peak memory of this process in MB.
    #[command(name = crate::speed::MEMORY_OF, hide = true)]
    MemoryOf {
        /// The row, in full.
        name: String,
    },
}

/// The options that all commands share.
#[derive(Debug, Default, Args)]
#[command(group = ArgGroup::new("profile"))]
pub struct Options {
    /// Embedded data, few seeds (the default).
    #[arg(long, global = true, group = "profile")]
    pub quick: bool,
    /// Full data sets, more seeds, longer training.
    #[arg(long, global = true, group = "profile", conflicts_with = "quick")]
    pub full: bool,
    /// How many seeds each learning row runs.
    #[arg(long, global = true, value_name = "N", value_parser = at_least_one)]
    pub seeds: Option<usize>,
    /// One JSON object a row on stdout and nothing else there.
    #[arg(long, global = true)]
    pub json: bool,
    /// Also run PyTorch and JAX on the same work, in turn (installs them under target/peers/).
    #[arg(long, global = true)]
    pub peers: bool,
    /// Keep the rows under target/bench/saved/NAME.json.
    #[arg(long, global = true, value_name = "NAME")]
    pub save: Option<String>,
    /// Compare each row with the saved run NAME.
    #[arg(long, global = true, value_name = "NAME")]
    pub against: Option<String>,
    /// The folder of full data sets (or the environment variable SEEDBED_DATA).
    #[arg(long, global = true, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Where reports and saved runs go [default: target/bench].
    #[arg(long, global = true, value_name = "DIR")]
    pub out: Option<PathBuf>,
}

impl Options {
    /// Quick unless `--full`.
    pub fn profile(&self) -> Profile {
        if self.full { Profile::Full } else { Profile::Quick }
    }
}

impl Command {
    /// The kind of rows and the prefixes that are asked for; `None` where no rows are run.
    pub(crate) fn selection(command: Option<&Self>) -> Option<(Option<Kind>, &[String])> {
        match command {
            None => Some((None, &[])),
            Some(Command::Learn { names }) => Some((Some(Kind::Learn), names)),
            Some(Command::Speed { names }) => Some((Some(Kind::Speed), names)),
            Some(Command::Data | Command::MemoryOf { .. }) => None,
        }
    }
}

fn at_least_one(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(0) => Err("at least one seed is needed".into()),
        Ok(seeds) => Ok(seeds),
        Err(error) => Err(format!("{error}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_definition_is_consistent() {
        use clap::CommandFactory;
        Cli::command().debug_assert();
    }

    #[test]
    fn options_stand_before_or_after_the_rows() {
        for line in ["x --full learn rho --seeds 3", "x learn rho --seeds 3 --full"] {
            let cli = Cli::try_parse_from(line.split(' ')).unwrap();
            assert_eq!((cli.options.profile(), cli.options.seeds), (Profile::Full, Some(3)));
            let selection = Command::selection(cli.command.as_ref()).unwrap();
            assert_eq!(selection, (Some(Kind::Learn), &["rho".to_owned()][..]));
        }
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for line in ["x learn --seeds 0", "x --full --quick", "x learn --sed", "x lern"] {
            assert!(Cli::try_parse_from(line.split(' ')).is_err(), "{line}");
        }
    }
}
