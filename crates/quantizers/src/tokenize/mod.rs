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

use std::process::ExitCode;

use clap::Parser;

/// Runs the program on its command line.
///
/// The exit status is 0; 1 if `verify` found tokens that differ; 2 on an error, which is told on the standard error.
pub fn main() -> ExitCode {
    let outcome = match cli::Cli::parse().command {
        cli::Command::Encode(options) => encode::run(&options).map(|()| true),
        cli::Command::Verify(options) => verify::run(&options.a, &options.b),
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            eprintln!("tokenize: {error}");
            ExitCode::from(2)
        }
    }
}
