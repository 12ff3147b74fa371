//! `cargo xtask release` on a small workspace of its own: what it shows, and what it refuses.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

const MANIFEST: &str = "[workspace.package]\nversion = \"0.1.0\"\n\n[workspace.dependencies]\n\
                        seedbed = { path = \"crates/seedbed\", version = \"0.1.0\" }\n";
const CHANGELOG: &str = "# Changelog\n\n## Unreleased\n\n- Ops.\n";

/// A committed workspace with these two files.
fn workspace() -> tempfile::TempDir {
    let home = tempfile::tempdir().unwrap();
    let files = [
        ("Cargo.toml", MANIFEST),
        ("Cargo.lock", "version = 4\n"),
        ("CHANGELOG.md", CHANGELOG),
        ("xtask/Cargo.toml", ""),
    ];
    fs::create_dir(home.path().join("xtask")).unwrap();
    for (path, text) in files {
        fs::write(home.path().join(path), text).unwrap();
    }
    git(home.path(), &["init", "--quiet"]);
    git(home.path(), &["add", "--all"]);
    let who = ["-c", "user.name=T", "-c", "user.email=t@example.org"];
    git(home.path(), &[&who[..], &["commit", "--quiet", "--message", "All"]].concat());
    home
}

fn git(home: &Path, args: &[&str]) {
    assert!(Command::new("git").args(args).current_dir(home).status().unwrap().success());
}

fn release(home: &Path, args: &[&str]) -> Output {
    let mut xtask = Command::new(env!("CARGO_BIN_EXE_xtask"));
    xtask.arg("release").args(args).current_dir(home).output().unwrap()
}

#[test]
fn a_dry_run_shows_every_line_and_changes_none() {
    let home = workspace();
    let output = release(home.path(), &["0.2.0", "--dry-run"]);
    let shown = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{shown}");
    for line in [
        "- version = \"0.1.0\"",
        "+ version = \"0.2.0\"",
        "+ seedbed = { path = \"crates/seedbed\", version = \"0.2.0\" }",
        "+ ## 0.2.0 - 20",
    ] {
        assert!(shown.contains(line), "{line} is missing in\n{shown}");
    }
    assert_eq!(fs::read_to_string(home.path().join("Cargo.toml")).unwrap(), MANIFEST);
    assert_eq!(fs::read_to_string(home.path().join("CHANGELOG.md")).unwrap(), CHANGELOG);
}

#[test]
fn a_dirty_tree_is_refused_before_anything_runs() {
    let home = workspace();
    fs::write(home.path().join("new.txt"), "").unwrap();
    let output = release(home.path(), &["0.2.0"]);
    let error = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(error.contains("not clean") && error.contains("new.txt"), "{error}");
    assert!(output.stdout.is_empty(), "no check was run");
    assert_eq!(fs::read_to_string(home.path().join("Cargo.toml")).unwrap(), MANIFEST);
}

#[test]
fn a_failing_check_leaves_the_files_alone() {
    let home = workspace();
    // This workspace has no members, so the first check fails.
    let output = release(home.path(), &["0.2.0"]);
    let error = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(error.contains("`fmt` failed"), "{error}");
    assert_eq!(fs::read_to_string(home.path().join("Cargo.toml")).unwrap(), MANIFEST);
}
