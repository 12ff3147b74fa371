//! The program itself, in a process of its own.

use std::process::{Command, Output};

pub(crate) fn bench(arguments: &[&str], out: &std::path::Path) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_seedbed-benches"));
    command.args(arguments).arg("--out").arg(out).output().expect("the program starts")
}

#[test]
fn json_is_one_row_a_line_and_nothing_else() {
    let out = tempfile::tempdir().unwrap();
    let output = bench(&["speed", "tanh-64k", "--json"], out.path());
    assert!(output.status.success(), "{output:?}");
    let lines = String::from_utf8(output.stdout).unwrap();
    let rows: Vec<seedbed_benches::Row> =
        lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let metrics: Vec<&str> = rows.iter().map(|row| row.metric.as_str()).collect();
    assert!(metrics.starts_with(&["ms"]), "{metrics:?}");
    assert_eq!(metrics.contains(&"peak_mb"), cfg!(target_os = "linux"), "{metrics:?}");
    assert!(rows.iter().all(|row| row.name == "tanh-64k" && row.measured > 0.0), "{rows:?}");
}

#[test]
fn an_unknown_row_or_option_fails_with_a_message() {
    let out = tempfile::tempdir().unwrap();
    let output = bench(&["speed", "warp"], out.path());
    assert_eq!(output.status.code(), Some(2));
    let message = String::from_utf8(output.stderr).unwrap();
    assert!(message.contains("no speed row begins with \"warp\"; known: "), "{message}");
    assert_eq!(bench(&["--sideways"], out.path()).status.code(), Some(2));
    assert!(output.stdout.is_empty());
}

#[test]
fn without_python_the_rows_are_measured_without_peers() {
    let out = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_seedbed-benches"));
    command.env("SEEDBED_PYTHON", "no-such-python").env("CARGO_TARGET_DIR", out.path());
    let output = command.args(["speed", "tanh-64k", "--peers", "--json"]).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let message = String::from_utf8(output.stderr).unwrap();
    assert!(message.contains("no Python found (no-such-python); set SEEDBED_PYTHON"), "{message}");
    assert!(message.contains("measured without them"), "{message}");
    assert!(String::from_utf8(output.stdout).unwrap().starts_with("{\"kind\":\"speed\""));
    assert!(out.path().join("bench/report.html").exists(), "the report is in the target folder");
}
