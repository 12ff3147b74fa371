//! The program `tokenize`: files of vectors or pictures to files of tokens.
//!
//! `tokenize encode` reads inputs in order and writes tokens in files of a fixed number of items, `tokens-000000.npy` and so on. A file is there as a
//! whole or not at all, and which items it has depends on the settings alone. So a run that was killed goes on where it stopped: what
//! is there is kept, what is not is made, and the bytes are those of a run that was never stopped. `manifest.json` holds the inputs and settings, and
//! others are refused; `report.json` is written last: files with their check sums, and how the codebooks are used.
//!
//! `tokenize verify` counts tokens that differ between two files of tokens, whoever wrote them.

mod bar;
mod cli;
mod encode;
mod encoder;
mod error;
mod job;
mod report;
mod shard;
mod source;
mod verify;

pub use error::TokenizeError;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::Parser;

/// Runs the program on its command line.
///
/// The exit status is 0; 1 if `verify` found tokens that differ; 2 on an error, which is told on the standard error.
pub fn main() -> ExitCode {
    match run_command(cli::Cli::parse().command) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            eprintln!("tokenize: {error}");
            ExitCode::from(2)
        }
    }
}

/// Does what the program does with these arguments, the program's name not among them. False if `verify` found tokens that differ.
///
/// # Errors
/// What the program would tell; [`TokenizeError::Usage`] if these are no arguments of its, or ask for help.
///
/// ```
/// # let dir = tempfile::tempdir()?;
/// let (x, tokens) = (dir.path().join("x.npy"), dir.path().join("tokens"));
/// std::fs::write(&x, seedbed_data::npy::encode(&[100, 4], &[0.3_f32; 400]))?;
/// let words = ["--format", "fsq", "--levels", "8,5,5,5", "-q", "--out"].map(std::ffi::OsStr::new);
/// let arguments = ["encode".as_ref(), x.as_os_str()].into_iter().chain(words);
/// assert!(seedbed_quantizers::tokenize::run(arguments.chain([tokens.as_os_str()]))?);
/// let report = std::fs::read_to_string(tokens.join("report.json"))?;
/// assert!(report.contains("tokens-000000.npy"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn run<S: Into<OsString>>(
    arguments: impl IntoIterator<Item = S>,
) -> Result<bool, TokenizeError> {
    let words = std::iter::once("tokenize".into()).chain(arguments.into_iter().map(Into::into));
    let usage = |error: clap::Error| TokenizeError::Usage { message: error.to_string() };
    run_command(cli::Cli::try_parse_from::<_, OsString>(words).map_err(usage)?.command)
}

/// Tells something on the standard output. Who reads it may have seen enough and gone.
fn say(text: std::fmt::Arguments<'_>) {
    use std::io::Write as _;
    let _ = writeln!(std::io::stdout(), "{text}");
}

fn run_command(command: cli::Command) -> Result<bool, TokenizeError> {
    match command {
        cli::Command::Encode(options) => encode::run(&options).map(|()| true),
        cli::Command::Verify(options) => verify::run(&options.a, &options.b),
    }
}
