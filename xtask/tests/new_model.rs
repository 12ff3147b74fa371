//! `cargo xtask new-model` in a copy of this workspace: what it makes compiles, passes its own
//! tests, and keeps the invariants.
//!
//! The copy stays under `target/`, shares the target directory, and its files have the times of those that they are copies of.
//! So cargo finds that everything but the new crate, the facade and the scoreboard is built already, as long as all commands
//! select the same packages and features as `cargo xtask test` does.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

const NAME: &str = "tiny-ring";

#[test]
fn the_new_crate_compiles_learns_and_keeps_the_rules() {
    let copy = copy_of_the_workspace();
    let _clean = Clean(copy.clone());
    let made = xtask(&copy, &["new-model", NAME]);
    assert!(made.status.success(), "{}", shown(&made));

    let again = xtask(&copy, &["new-model", NAME]);
    assert!(shown(&again).contains("crates/tiny-ring exists already"), "{}", shown(&again));

    // A new crate breaks one rule, until its author has written what it is.
    let tidy = shown(&xtask(&copy, &["tidy"]));
    let (texts, others): (Vec<&str>, Vec<&str>) =
        tidy.lines().partition(|line| line.ends_with("is the template's text"));
    let files = texts.iter().filter_map(|line| line.trim().split(':').next());
    let expected = [
        "CHANGELOG.md",
        "README.md",
        "benches/src/experiments/tiny_ring.rs",
        "crates/tiny-ring/Cargo.toml",
        "crates/tiny-ring/README.md",
        "crates/tiny-ring/src/task.rs",
        "docs/architecture.md",
    ];
    assert_eq!(files.collect::<BTreeSet<_>>(), BTreeSet::from(expected), "{tidy}");
    assert!(!others.iter().any(|line| line.contains("tiny")), "{tidy}");

    cargo(&copy, "fmt --check -p seedbed-tiny-ring -p seedbed -p seedbed-benches");
    let all = "--offline --workspace --all-features";
    let targets = "--lib --test suite";
    cargo(&copy, &format!("clippy {all} {targets} --example tiny-ring -- -D warnings"));
    let built = cargo(&copy, &format!("test {all} {targets} --no-run --message-format json"));
    let built = Built::of(&built);
    assert_eq!(built.tests.len(), 2, "unit tests and the suite");
    for test in &built.tests {
        run(Command::new(test).current_dir(copy.join("crates").join(NAME)));
    }
    run(&mut built.doctests(&copy));
    let learnt = run(Command::new(&built.benches).arg("tiny_ring"));
    assert!(learnt.contains("1 passed"), "the experiment is not among the benches:\n{learnt}");
}

/// Takes out of the shared target directory what was built of the copy. Cargo knows a package by its name and its path within the workspace, so
/// that it would take the copy's facade and scoreboard for the workspace's own.
struct Clean(PathBuf);

impl Drop for Clean {
    fn drop(&mut self) {
        let words = "clean --offline -p seedbed -p seedbed-benches -p seedbed-tiny-ring";
        let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        cargo.args(words.split(' ')).current_dir(&self.0).env("CARGO_TARGET_DIR", target());
        // The test may have failed before there was such a crate.
        let _ = cargo.output();
    }
}

/// What cargo built.
struct Built {
    /// The new crate's test programs.
    tests: Vec<String>,
    /// The scoreboard's unit tests.
    benches: String,
    /// Libraries by name.
    libraries: Vec<(String, String)>,
}

impl Built {
    /// From cargo's messages, one JSON object a line.
    fn of(messages: &str) -> Self {
        let messages = messages.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let (mut tests, mut benches, mut libraries) = (Vec::new(), None, Vec::new());
        for message in messages.filter(|message| message["reason"] == "compiler-artifact") {
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            let name = text(&message["target"]["name"]);
            if let Some(program) = message["executable"].as_str().map(str::to_owned) {
                if text(&message["package_id"]).contains(NAME) {
                    tests.push(program);
                } else if name == "seedbed_benches" {
                    benches = Some(program);
                }
            } else if message["target"]["kind"][0] == "lib" {
                let files = message["filenames"].as_array().into_iter().flatten().map(text);
                libraries.extend(
                    files.filter(|file| file.ends_with(".rlib")).map(|f| (name.clone(), f)),
                );
            }
        }
        Self { tests, benches: benches.expect("the scoreboard's unit tests"), libraries }
    }

    /// The listings of the crate's docs, among them its front page's. (`cargo test --doc` would run those of all crates.)
    fn doctests(&self, copy: &Path) -> Command {
        let mut rustdoc = Command::new("rustdoc");
        rustdoc.args(["--test", "--edition", "2024", "--crate-name", "seedbed_tiny_ring"]);
        rustdoc.args(["src/lib.rs", "-L"]).arg(target().join("debug/deps"));
        for (name, file) in &self.libraries {
            if ["seedbed_tiny_ring", "seedbed_autodiff", "seedbed_nn", "serde"].contains(&&**name) {
                rustdoc.args(["--extern", &format!("{name}={file}")]);
            }
        }
        rustdoc.current_dir(copy.join("crates").join(NAME));
        rustdoc
    }
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
        if !fs::read(&to).is_ok_and(|there| there == text) {
            fs::create_dir_all(to.parent().unwrap()).unwrap();
            fs::write(&to, text).unwrap();
        }
        let time = fs::metadata(&from).and_then(|meta| meta.modified()).unwrap();
        fs::File::options().write(true).open(&to).and_then(|file| file.set_modified(time)).unwrap();
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
    let mut command = Command::new(cargo);
    run(command.args(words.split(' ')).current_dir(home).env("CARGO_TARGET_DIR", target()))
}

fn target() -> &'static Path {
    Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap()
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
