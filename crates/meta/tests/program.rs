//! The program `compare_searches`, on the crate's own table and on a user's.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

fn program(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_compare_searches"))
        .args(arguments)
        .current_dir(folder)
        .output()
        .unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn strategies_are_compared_on_the_own_table() {
    let folder = tempfile::tempdir().unwrap();
    let arguments = [
        "--runs",
        "20",
        "--evaluations",
        "40",
        "--strategies",
        "random,local",
        "--curves",
        "c.csv",
    ];
    let said = program(folder.path(), &arguments);
    assert!(said.status.success(), "{}", text(&said.stderr));
    let shown = text(&said.stdout);
    assert!(shown.starts_with("625 candidates;"), "{shown}");
    assert!(shown.contains("\nrandom ") && shown.contains("\nlocal "), "{shown}");
    let curves = fs::read_to_string(folder.path().join("c.csv")).unwrap();
    let lines: Vec<&str> = curves.lines().collect();
    assert_eq!(lines.len(), 1 + 2 * 40);
    assert_eq!(lines[0], "strategy,evaluations,mean,low,high");
    // Regret never grows with the evaluations.
    for strategy in ["random", "local"] {
        let of = |line: &&str| line.starts_with(strategy);
        let mean = |line: &str| line.split(',').nth(2).unwrap().parse::<f64>().unwrap();
        let means: Vec<f64> = lines.iter().copied().filter(of).map(mean).collect();
        assert!(means.first() > means.last(), "{means:?}");
    }
}

/// Three choices at two positions; the score is the sum.
fn users_table() -> String {
    let mut table = String::from("arch,acc,acc_test\n");
    for i in 0..3 {
        for j in 0..3 {
            table += &format!("|a{i}|+|b{j}|,{},{}\n", i + j, 10 * (i + j));
        }
    }
    table
}

#[test]
fn a_users_table() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("t.csv"), users_table()).unwrap();
    let columns = ["--candidate", "arch", "--validation", "acc", "--test", "acc_test"];
    let arguments =
        [&["t.csv", "--runs", "5", "--evaluations", "9", "--strategies", "random"], &columns[..]];
    let said = program(folder.path(), &arguments.concat());
    assert!(said.status.success(), "{}", text(&said.stderr));
    let shown = text(&said.stdout);
    assert!(shown.starts_with("9 candidates; the best on test is a2|b2 with 40\n"), "{shown}");
    // All nine were tried: nothing is left to regret.
    assert!(shown.contains("0.0000 (0.0000, 0.0000)"), "{shown}");
}

#[test]
fn what_is_wrong_is_said() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("t.csv"), users_table()).unwrap();
    for (arguments, expected) in [
        (&["t.csv"][..], "there is no column \"cell\"; there are arch, acc, acc_test"),
        (&["none.csv"], "none.csv"),
        (&["--runs", "0"], "--runs is 0"),
        (&["--short-cost", "2"], "--short-cost is 2"),
        (&["--strategies", "rando"], "there are random, local, evolution, halving, hyperband"),
    ] {
        let said = program(folder.path(), arguments);
        assert!(!said.status.success());
        assert!(text(&said.stderr).contains(expected), "{}", text(&said.stderr));
    }
}
