//! Selection, reports, saved runs, errors.

use std::path::Path;

use seedbed_benches::{Experiment, Run, run};

use crate::{Broken, Learner, Long, Timer, cli, registry};

fn rows_of(out: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(out.join("report.json")).unwrap();
    let run: Run = serde_json::from_str(&text).unwrap();
    run.rows.iter().map(seedbed_benches::Row::key).collect()
}

#[test]
fn rows_are_selected_by_kind_and_prefix() {
    let out = tempfile::tempdir().unwrap();
    let all = ["demo-learn/gain", "demo-learn/cost", "demo-speed/ms", "demo-speed/ratio"];
    for (line, expected) in [
        ("", &all[..]),
        ("learn", &all[..2]),
        ("speed", &all[2..]),
        ("learn demo", &all[..2]),
        ("speed demo-s", &all[2..]),
    ] {
        assert!(run(&cli(line, out.path()), &registry()).unwrap(), "{line}");
        assert_eq!(rows_of(out.path()), expected, "{line}");
    }
}

#[test]
fn what_takes_long_runs_when_it_is_asked_for() {
    let out = tempfile::tempdir().unwrap();
    let experiments: Vec<Box<dyn Experiment>> = vec![Box::new(Timer(10.0)), Box::new(Long)];
    let speed = ["demo-speed/ms", "demo-speed/ratio"];
    let all = [&speed[..], &["long/gain"]].concat();
    for (line, expected) in
        [("", &speed[..]), ("--full", &all), ("learn", &all[2..]), ("learn long", &all[2..])]
    {
        assert!(run(&cli(line, out.path()), &experiments).unwrap(), "{line}");
        assert_eq!(rows_of(out.path()), expected, "{line}");
    }
}

#[test]
fn an_unknown_row_lists_the_known_ones() {
    let out = tempfile::tempdir().unwrap();
    let error = run(&cli("learn nothing", out.path()), &registry()).unwrap_err();
    assert_eq!(error.to_string(), "no learn row begins with \"nothing\"; known: demo-learn");
    assert!(!out.path().join("report.json").exists());
}

#[test]
fn seeds_and_profile_reach_the_experiment() {
    let out = tempfile::tempdir().unwrap();
    for (line, seeds) in [("learn", 3), ("learn --full", 9), ("learn --full --seeds 2", 2)] {
        run(&cli(line, out.path()), &registry()).unwrap();
        let text = std::fs::read_to_string(out.path().join("report.json")).unwrap();
        let run: Run = serde_json::from_str(&text).unwrap();
        assert_eq!(run.rows[0].seeds, seeds, "{line}");
    }
}

#[test]
fn the_page_holds_every_row_and_picture_and_needs_nothing_else() {
    let out = tempfile::tempdir().unwrap();
    run(&cli("", out.path()), &registry()).unwrap();
    let page = std::fs::read_to_string(out.path().join("report.html")).unwrap();
    for part in [
        "demo-learn",
        "gain",
        "cost",
        "demo-speed",
        "ratio",
        ">ms<",
        "a paper",
        "holds",
        "falls short",
        "Learns a &lt;line&gt;.",
        "Gain",
        "Beside",
        "Digits",
        "Wins",
        "framed = picked",
        "<polyline",
        "data:image/png;base64,",
    ] {
        assert!(page.contains(part), "{part}");
    }
    assert_eq!(page.matches("<svg").count(), 5, "four pictures and the bars of the ratios");
    for outside in ["http://", "https://", "<script", "<link", "@import", "url("] {
        assert!(!page.contains(outside), "{outside}");
    }
    assert!(!page.contains("NaN"));
}

#[test]
fn what_cannot_be_measured_is_said_and_the_others_still_run() {
    let out = tempfile::tempdir().unwrap();
    let experiments: Vec<Box<dyn Experiment>> = vec![Box::new(Broken), Box::new(Learner)];
    assert!(!run(&cli("", out.path()), &experiments).unwrap());
    assert_eq!(rows_of(out.path()), ["demo-learn/gain", "demo-learn/cost"]);
    let page = std::fs::read_to_string(out.path().join("report.html")).unwrap();
    assert!(page.contains("Not measured: no file train.gz"));
}

#[test]
fn a_saved_run_is_compared_with() {
    let out = tempfile::tempdir().unwrap();
    run(&cli("speed --save before", out.path()), &registry()).unwrap();
    assert!(out.path().join("saved/before.json").exists());
    let faster: Vec<Box<dyn Experiment>> = vec![Box::new(Timer(5.0))];
    run(&cli("speed --against before", out.path()), &faster).unwrap();
    let page = std::fs::read_to_string(out.path().join("report.html")).unwrap();
    assert!(page.contains("-50.0 % better") && page.contains("+0.0 % within the spread"), "{page}");
}

#[test]
fn a_saved_run_that_is_not_there_stops_before_measuring() {
    let out = tempfile::tempdir().unwrap();
    run(&cli("speed --save one", out.path()), &registry()).unwrap();
    std::fs::remove_file(out.path().join("report.json")).unwrap();
    let error = run(&cli("--against two", out.path()), &registry()).unwrap_err().to_string();
    assert!(
        error.contains("no run is saved as \"two\"") && error.ends_with("saved: one"),
        "{error}"
    );
    let error = run(&cli("--save ../two", out.path()), &registry()).unwrap_err().to_string();
    assert!(error.contains("cannot name a saved run"), "{error}");
    std::fs::write(out.path().join("saved/bad.json"), "{}").unwrap();
    let error = run(&cli("--against bad", out.path()), &registry()).unwrap_err().to_string();
    assert!(error.contains("malformed"), "{error}");
    assert!(!out.path().join("report.json").exists());
}
