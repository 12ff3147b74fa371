//! `cargo xtask bench` and `data`: everything after the command goes to the benches' own program.

use std::ffi::OsString;
use std::io::IsTerminal;
use std::path::Path;
use std::process::ExitCode;

use anyhow::Result;

use crate::process;

/// Builds the benches for release and runs them on our own standard streams. Standard output
/// belongs to them alone, so `--json` stays clean; cargo shows its progress only to a person.
pub(crate) fn run(root: &Path, args: &[OsString]) -> Result<ExitCode> {
    let mut command = process::cargo(root, ["run", "--release", "--package", "seedbed-benches"]);
    if !std::io::stderr().is_terminal() {
        command.arg("--quiet");
    }
    process::hand_over(command.arg("--").args(args))
}
