//! `cargo xtask miri`: the unsafe kernels under Miri, where it is installed.

use std::path::Path;
use std::process::{Command, ExitCode};

use anyhow::{Result, bail};

use crate::process;

/// Runs the unit tests of the kernels crate under Miri; `args` go to the test program.
pub(crate) fn run(root: &Path, args: &[std::ffi::OsString]) -> Result<ExitCode> {
    // Miri is a component of nightly toolchains; the active one may be nightly or not.
    let found = [vec!["cargo"], vec!["rustup", "run", "nightly", "cargo"]]
        .into_iter()
        .find(|words| process::succeeds(command(root, words).args(["miri", "--version"])));
    let Some(words) = found else {
        bail!(
            "Miri is not installed; it is a component of the nightly toolchain:\n  \
             rustup toolchain install nightly --component miri --component rust-src"
        );
    };
    let mut miri = command(root, &words);
    miri.args(["miri", "test", "--package", "seedbed-kernels", "--lib"]);
    if std::env::var_os("MIRIFLAGS").is_none() {
        // The threads of the global pool live as long as the process.
        miri.env("MIRIFLAGS", "-Zmiri-ignore-leaks");
    }
    // Cargo hands its own path down, which would call this toolchain's again.
    miri.env_remove("CARGO");
    process::hand_over(miri.arg("--").args(args))
}

fn command(root: &Path, words: &[&str]) -> Command {
    let mut command = Command::new(words[0]);
    command.args(&words[1..]).current_dir(root);
    command
}
