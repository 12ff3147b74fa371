//! Peak memory: the work is done in a process of its own, which then reads its high-water mark.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};

/// The hidden subcommand of this program that does one row's work and prints [`high_water`].
pub(crate) const SUBCOMMAND: &str = "memory-of";
/// The variable by which such a process knows the one that measures it.
const MEASURED_BY: &str = "SEEDBED_MEASURED_BY";

/// A number of this run that its processes share, and that no other run has at the same time.
pub(super) fn run() -> String {
    std::env::var(MEASURED_BY).unwrap_or_else(|_| std::process::id().to_string())
}

/// The peak resident memory, in MB, of a process of `program` that does the work of row `name`
/// three times. `None` where the system does not tell (it does on Linux).
///
/// # Errors
/// If the process cannot be started or fails.
pub fn peak_megabytes(program: &Path, name: &str) -> Result<Option<f64>> {
    let mut command = Command::new(program);
    let output = command.args([SUBCOMMAND, name]).env(MEASURED_BY, run()).output();
    let output = output.with_context(|| format!("starting {}", program.display()))?;
    let error = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "measuring the memory of {name}: {error}");
    Ok(String::from_utf8_lossy(&output.stdout).trim().parse().ok())
}

/// This process's peak resident memory in MB.
pub(crate) fn high_water() -> Option<f64> {
    of_status("VmHWM:")
}

/// Lets [`high_water`] begin anew, from what the process has at present.
///
/// # Errors
/// If the system does not offer it (Linux does).
pub(crate) fn reset_high_water() -> Result<()> {
    std::fs::write("/proc/self/clear_refs", "5")
        .context("resetting the peak of this process's memory")
}

/// This process's resident memory in MB.
pub(crate) fn resident() -> Option<f64> {
    of_status("VmRSS:")
}

/// One of this process's sizes in MB, from `/proc/self/status`.
pub(super) fn of_status(field: &str) -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(field))?;
    let kibibytes: f64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024.0 / 1e6)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    #[test]
    fn the_high_water_mark_grows_with_what_is_touched() {
        let before = super::high_water().unwrap();
        let block = std::hint::black_box(vec![1u8; 64_000_000]);
        let after = super::high_water().unwrap();
        assert!(after >= before + 20.0 && after >= block.len() as f64 / 1e6, "{before} {after}");
    }
}
