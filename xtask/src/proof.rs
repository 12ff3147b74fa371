//! `cargo xtask miri`, `sanitize` and `loom`: the kernels' tests, watched by tools that see what tests do not.

use std::ffi::OsString;
use std::path::Path;
use std::process::{Command, ExitCode};

use anyhow::{Result, ensure};

use crate::process;

const PACKAGE: &str = "seedbed-kernels";

/// Sweeps over millions of numbers, which say nothing about memory and would take hours.
const SWEEPS: [&str; 4] = ["--skip", "math::tests::single", "--skip", "math::tests::double"];
/// What ThreadSanitizer itself cannot do: start threads in a child of a process, or without memory for their stacks.
const NOT_SANITIZED: [&str; 4] = ["--skip", "fork", "--skip", "starts_no"];

/// What a sanitizer looks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Sanitizer {
    /// Reads and writes outside of what was allocated, or after it was given back
    Address,
    /// Threads that touch the same memory without an order between them
    Thread,
}

/// Runs the kernels' tests under Miri: the portable path, and on x86-64 the path of vectors too, with the instructions that Miri
/// knows. `args` go to the test program.
pub(crate) fn miri(root: &Path, args: &[OsString]) -> Result<ExitCode> {
    ensure!(
        process::succeeds(&mut process::nightly(root, &["miri", "--version"])),
        "Miri is not installed; it is a component of the nightly toolchain:\n  \
         rustup toolchain install nightly --component miri --component rust-src"
    );
    let vectors = cfg!(target_arch = "x86_64").then_some("-Ctarget-feature=+avx2,+fma");
    let passes = [("portable", ""), ("vectors", vectors.unwrap_or_default())];
    let passes = if vectors.is_some() { &passes[..] } else { &passes[..1] };
    for (name, flags) in passes {
        println!("── miri: {name}");
        let mut miri = process::nightly(root, &["miri", "test", "--package", PACKAGE, "--lib"]);
        with_flags(&mut miri, flags).env("CARGO_TARGET_DIR", root.join("target/miri").join(name));
        if std::env::var_os("MIRIFLAGS").is_none() {
            // The threads of the global pool live as long as the process. Their queues (crossbeam-epoch) keep to Tree Borrows, not to
            // Stacked Borrows.
            miri.env("MIRIFLAGS", "-Zmiri-ignore-leaks -Zmiri-tree-borrows");
        }
        let code = process::hand_over(miri.arg("--").args(SWEEPS).args(args))?;
        if code != ExitCode::SUCCESS {
            return Ok(code);
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Runs the kernels' tests under a sanitizer.
pub(crate) fn sanitize(root: &Path, sanitizer: Sanitizer, args: &[OsString]) -> Result<ExitCode> {
    ensure!(
        process::succeeds(&mut process::nightly(root, &["--version"])),
        "sanitizers need the nightly toolchain:\n  \
         rustup toolchain install nightly --component rust-src"
    );
    // ThreadSanitizer must see every lock, those of the standard library too, and does not understand the fences in rayon's
    // queues, which have a form without them.
    let (name, build_std, cfg, skip) = match sanitizer {
        Sanitizer::Address => ("address", None, "", &[][..]),
        Sanitizer::Thread => {
            ("thread", Some("-Zbuild-std"), "--cfg crossbeam_sanitize_thread", &NOT_SANITIZED[..])
        }
    };
    let mut test = process::nightly(root, &["test", "--package", PACKAGE, "--lib"]);
    // With a target, build scripts and procedural macros are built without the sanitizer.
    test.args(build_std).args(["--target", &host(root)?]);
    let flags = format!("-Zsanitizer={name} -Cunsafe-allow-abi-mismatch=sanitizer {cfg}");
    with_flags(&mut test, &flags).env("CARGO_TARGET_DIR", root.join("target/sanitize").join(name));
    if std::env::var_os("ASAN_OPTIONS").is_none() {
        // Where several pieces of one job panic, all panics but the first are forgotten on purpose: dropping one could panic again.
        test.env("ASAN_OPTIONS", "detect_leaks=0");
    }
    process::hand_over(test.arg("--").args(SWEEPS).args(skip).args(args))
}

/// Runs the models of the worker team on every order of their steps; a minute on a quiet core, and 6 s with
/// `LOOM_MAX_PREEMPTIONS=2`.
pub(crate) fn loom(root: &Path, args: &[OsString]) -> Result<ExitCode> {
    let words = ["test", "--release", "--package", PACKAGE, "--lib", "team::models"];
    let mut test = process::cargo(root, words);
    with_flags(&mut test, "--cfg loom").env("CARGO_TARGET_DIR", root.join("target/loom"));
    process::hand_over(test.args(["--", "--nocapture"]).args(args))
}

/// Adds flags for the compiler to those that the caller has set.
fn with_flags<'a>(command: &'a mut Command, flags: &str) -> &'a mut Command {
    let mut all = std::env::var("RUSTFLAGS").unwrap_or_default();
    all.push(' ');
    all.push_str(flags);
    command.env("RUSTFLAGS", all.trim())
}

/// The triple of this machine.
fn host(root: &Path) -> Result<String> {
    let words = ["run", "nightly", "rustc", "--print", "host-tuple"];
    let shown = process::output(Command::new("rustup").args(words).current_dir(root))?;
    Ok(shown.trim().to_owned())
}
