//! `bench data`: where data sets are looked for, and what is found.

use std::path::{Path, PathBuf};

/// The folder that `--data`, or else `SEEDBED_DATA`, names.
pub(crate) fn folder(argument: Option<&Path>) -> Option<PathBuf> {
    argument.map(Path::to_owned).or_else(|| std::env::var_os("SEEDBED_DATA").map(PathBuf::from))
}

/// Prints the folder and the data sets in it.
///
/// # Errors
/// If the folder cannot be read.
pub(crate) fn print(argument: Option<&Path>) -> anyhow::Result<()> {
    match folder(argument) {
        Some(folder) => println!("{}", folder.display()),
        None => println!("no folder of full data sets: give --data DIR or set SEEDBED_DATA"),
    }
    Ok(())
}
