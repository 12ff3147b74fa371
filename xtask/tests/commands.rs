//! What `cargo xtask` says to a command that it cannot follow.

use std::process::Command;

/// The exit code and the words on standard error.
fn xtask(args: &[&str]) -> (Option<i32>, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_xtask")).args(args).output().unwrap();
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}

#[test]
fn errors_say_what_is_wrong() {
    for (args, code, words) in [
        (vec![], 2, "Usage: cargo xtask <COMMAND>"),
        (vec!["tets"], 2, "similar subcommand exists: 'test'"),
        (vec!["new-model"], 2, "<NAME>"),
        (vec!["new-model", "Neural_GPU"], 1, "kebab case"),
        (vec!["new-model", "nn"], 1, "crates/nn exists already"),
        (vec!["release"], 2, "<VERSION>"),
        (vec!["release", "next"], 1, "`next` is no version"),
        (vec!["release", "0.0.1"], 1, "does not come after the current version"),
    ] {
        let (status, error) = xtask(&args);
        assert_eq!(status, Some(code), "{args:?}: {error}");
        assert!(error.contains(words), "{args:?}: {error}");
    }
}
