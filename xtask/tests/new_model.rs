//! `cargo xtask new-model` in a copy of this workspace: what it makes compiles, passes its own
//! tests, keeps the invariants, and learns on the scoreboard.
//!
//! The copy stays under `target/`, where only files that differ are written: a second run builds
//! little. It shares the target directory (packages of another path never collide there), so
//! nothing here builds a program that the workspace has, too: tests run those by their plain names.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const NAME: &str = "tiny-ring";

#[test]
fn the_new_crate_compiles_learns_and_keeps_the_rules() {
    let copy = copy_of_the_workspace();
    let made = xtask(&copy, &["new-model", NAME]);
    assert!(made.status.success(), "{}", shown(&made));

    let again = xtask(&copy, &["new-model", NAME]);
    assert!(shown(&again).contains("crates/tiny-ring exists already"), "{}", shown(&again));

    let tidy = shown(&xtask(&copy, &["tidy"]));
    assert!(tidy.contains("every model crate has the same rooms"), "{tidy}");
    assert!(!tidy.contains("tiny-ring") && !tidy.contains("tiny_ring"), "{tidy}");

    cargo(&copy, "fmt --check -p seedbed-tiny-ring -p seedbed -p seedbed-benches");
    cargo(&copy, "clippy --offline -p seedbed-tiny-ring --no-deps --all-targets -- -D warnings");
    cargo(&copy, "test --offline -p seedbed-tiny-ring");
    let learnt = cargo(&copy, "test --offline -p seedbed-benches --lib tiny_ring");
    assert!(learnt.contains("1 passed"), "the experiment is not among the benches:\n{learnt}");
}

#[test]
fn a_refused_name_changes_nothing() {
    let root = root();
    let before = git_files(&root);
    for name in ["nn", "Tiny", "match", "../up"] {
        assert!(!xtask(&root, &["new-model", name]).status.success(), "{name}");
    }
    assert_eq!(git_files(&root), before);
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// The files of this workspace, and no others, under `target/tmp/`.
fn copy_of_the_workspace() -> PathBuf {
    let copy = Path::new(env!("CARGO_TARGET_TMPDIR")).join("new-model");
    fs::create_dir_all(&copy).unwrap();
    run(Command::new("git").args(["init", "--quiet"]).current_dir(&copy));
    let (root, files) = (root(), git_files(&root()));
    for stale in git_files(&copy).difference(&files) {
        fs::remove_file(copy.join(stale)).unwrap();
    }
    for file in &files {
        let (from, to) = (root.join(file), copy.join(file));
        let text = fs::read(&from).unwrap();
        if fs::read(&to).is_ok_and(|there| there == text) {
            continue;
        }
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::write(&to, text).unwrap();
    }
    let _ = fs::remove_dir_all(copy.join("crates").join(NAME));
    copy
}

fn git_files(home: &Path) -> BTreeSet<String> {
    let words = ["ls-files", "-z", "--cached", "--others", "--exclude-standard"];
    let listed = run(Command::new("git").args(words).current_dir(home));
    let there = |path: &&str| !path.is_empty() && home.join(path).is_file();
    listed.split('\0').filter(there).map(str::to_owned).collect()
}

fn xtask(home: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_xtask")).args(args).current_dir(home).output().unwrap()
}

fn cargo(home: &Path, words: &str) -> String {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    let mut command = Command::new(cargo);
    run(command.args(words.split(' ')).current_dir(home).env("CARGO_TARGET_DIR", target))
}

/// Runs a command that must succeed; gives what it printed.
fn run(command: &mut Command) -> String {
    let output = command.output().unwrap();
    let words: Vec<&OsStr> = command.get_args().collect();
    assert!(output.status.success(), "{words:?} failed:\n{}", shown(&output));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn shown(output: &Output) -> String {
    let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
    text(&output.stdout) + &text(&output.stderr)
}
