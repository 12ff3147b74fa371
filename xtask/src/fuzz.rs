//! `cargo xtask fuzz`: the data loaders' fuzz targets, by cargo-fuzz.

use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Result, ensure};

use crate::process;

const TARGETS: &str = "crates/data/fuzz";

/// Hands `args` to `cargo fuzz`, at the fuzz crate (`list`, `run TARGET -- -runs=1000000`, …).
pub(crate) fn run(root: &Path, args: &[OsString]) -> Result<ExitCode> {
    ensure!(
        process::succeeds(&mut process::nightly(root, &["fuzz", "--version"])),
        "cargo-fuzz is not installed; it needs the nightly toolchain:\n  \
         rustup toolchain install nightly && cargo install --locked cargo-fuzz"
    );
    let Some((verb, rest)) = args.split_first() else {
        return process::hand_over(&mut process::nightly(
            root,
            &["fuzz", "list", "--fuzz-dir", TARGETS],
        ));
    };
    let mut fuzz = process::nightly(root, &["fuzz"]);
    process::hand_over(fuzz.arg(verb).args(["--fuzz-dir", TARGETS]).args(rest))
}
