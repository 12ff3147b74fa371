//! `cargo xtask release VERSION`: everything up to the command that only a human runs.

use std::path::Path;
use std::process::Command;
use std::time::SystemTime;

use anyhow::{Context, Result, ensure};

mod changelog;
mod version;

use crate::edits::Edits;
use crate::{process, test};

const MANIFEST: &str = "Cargo.toml";
const LOCK: &str = "Cargo.lock";
const CHANGELOG: &str = "CHANGELOG.md";

/// Checks, bumps, dates the changelog and rehearses the publication; nothing is published. If the
/// rehearsal fails, the files are as they were. With `only_show`, nothing is run or written.
pub(crate) fn run(root: &Path, version: &str, only_show: bool) -> Result<()> {
    let edits = plan(root, version)?;
    let changes = changes(root)?;
    if only_show {
        print!("would change:\n\n{}", edits.show());
        if !changes.is_empty() {
            println!("\nnote: the release itself wants a clean tree; this one has\n{changes}");
        }
        return Ok(());
    }
    ensure!(
        changes.is_empty(),
        "the working tree is not clean: commit or stash these first\n{changes}"
    );
    test::run(root, test::Runner::Auto)?;
    println!("\n── bump to {version}\n{}", edits.show());
    let applied = edits.apply()?;
    if let Err(error) = rehearse(root) {
        applied.undo()?;
        return Err(error.context("the rehearsal failed; all files are as they were before"));
    }
    println!(
        "\nEverything is ready and nothing is published. Look at `git diff`, then:\n\n  \
         git commit --all --message 'Release {version}' && git tag v{version}\n  \
         cargo publish --workspace"
    );
    Ok(())
}

/// The files of the release: versions and the changelog; the lock file is only remembered, cargo
/// writes it.
fn plan(root: &Path, version: &str) -> Result<Edits> {
    let mut edits = Edits::new(root);
    edits.change(MANIFEST, version::bump(&edits.text(MANIFEST)?, version)?)?;
    let now = humantime::format_rfc3339(SystemTime::now()).to_string();
    let today = now.split('T').next().unwrap_or_default();
    let changelog = changelog::close(&edits.text(CHANGELOG)?, version, today);
    edits.change(CHANGELOG, changelog.context(CHANGELOG)?)?;
    edits.change(LOCK, edits.text(LOCK)?)?;
    Ok(edits)
}

/// What git sees as changed or new.
fn changes(root: &Path) -> Result<String> {
    let mut git = Command::new("git");
    process::output(git.args(["status", "--porcelain"]).current_dir(root))
}

fn rehearse(root: &Path) -> Result<()> {
    // Only the members' own versions change in the lock file.
    process::output(&mut process::cargo(root, ["update", "--workspace", "--offline"]))?;
    // The bump itself is not committed yet.
    let words = ["publish", "--workspace", "--dry-run", "--allow-dirty"];
    let mut publish = process::cargo(root, words);
    println!("── {}", process::show(&publish));
    let status = publish.status().context("cannot start cargo")?;
    ensure!(status.success(), "`{}` failed: {status}", process::show(&publish));
    Ok(())
}
