//! `cargo xtask bench`.

use std::process::ExitCode;

use clap::Parser as _;

fn main() -> ExitCode {
    let cli = seedbed_benches::Cli::parse();
    match seedbed_benches::run(&cli, &seedbed_benches::all()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(2)
        }
    }
}
