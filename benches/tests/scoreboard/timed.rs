//! Rows of timed work.

use std::hint::black_box;
use std::time::Duration;

use seedbed_benches::speed::{Plan, Rival, SpeedContext, Timed, Work};
use seedbed_benches::{Context, Experiment, Goal, Outcome};

fn sum(n: u32) -> Work {
    Box::new(move || {
        black_box((0..n).fold(0u32, |sum, i| black_box(sum ^ i)));
    })
}

fn row() -> Timed {
    Timed {
        flops: Some(1e4),
        ops: Some(1e4),
        rivals: &[Rival { name: "tenfold", prepare: || sum(100_000) }],
        goals: &[("ratio", Goal::AtLeast(1.0)), ("peak_share", Goal::AtLeast(1e6))],
        ..Timed::new("sum", "Adds.", || sum(10_000))
    }
}

/// Few rounds, short turns.
fn speed() -> SpeedContext {
    let (turn, rest) = (Duration::from_millis(2), Duration::ZERO);
    SpeedContext { plan: Some(Plan { rounds: 3, turn, rest }), ..SpeedContext::default() }
}

fn metrics(outcome: &Outcome) -> Vec<&str> {
    outcome.rows.iter().map(|row| row.metric.as_str()).collect()
}

#[test]
fn a_rival_with_ten_times_the_work_is_slower() {
    let outcome = row().run(&Context { speed: speed(), ..Context::default() }).unwrap();
    assert_eq!(
        metrics(&outcome),
        ["ms", "tenfold_ms", "ratio", "gflops", "peak_share", "ns_per_op"]
    );
    let row = |metric| outcome.rows.iter().find(|row| row.metric == metric).unwrap();
    let ratio = row("ratio");
    assert!(ratio.measured > 3.0, "{ratio:?}");
    assert_eq!((ratio.holds, row("peak_share").holds), (Some(true), Some(false)));
    assert_eq!(outcome.figures.len(), 1);
}

#[cfg(unix)]
#[test]
fn a_peer_takes_its_turn() {
    let peer = crate::peer::start(
        r#"echo '{"peer": "slow", "version": "1", "workloads": ["sum"]}'
           while read -r line; do echo '{"seconds": 1000.0}'; done"#,
    );
    let speed = SpeedContext { peers: vec![peer.unwrap()].into(), ..speed() };
    let row = Timed { flops: None, ..row() };
    let outcome = row.run(&Context { speed, ..Context::default() }).unwrap();
    let seconds = outcome.rows.iter().find(|row| row.metric == "slow_ms").unwrap();
    assert_eq!(seconds.measured, 1e6);
    let ratio = outcome.rows.iter().find(|row| row.metric == "ratio").unwrap();
    assert!(ratio.source.starts_with("tenfold"), "the better of the others: {ratio:?}");
}

#[test]
fn every_work_can_be_done_and_has_a_name_of_its_own() {
    let rows = seedbed_benches::speed::timed();
    let names: std::collections::BTreeSet<&str> = rows.iter().map(|row| row.name).collect();
    assert_eq!(names.len(), rows.len());
    for row in &rows {
        let mut work = (row.prepare)();
        work();
        work();
    }
}

#[test]
fn the_rho_step_picks_and_learns() {
    let mut step = seedbed_benches::speed::work::mlp::RhoStep::new();
    let before = step.losses();
    let picked = step.select(&before).indices;
    assert_eq!(picked.len(), 32);
    for _ in 0..20 {
        step.step();
    }
    let after = step.losses();
    let mean = |losses: &seedbed::autodiff::Tensor| {
        picked.iter().map(|&row| losses.data()[row]).sum::<f32>() / 32.0
    };
    assert!(mean(&after) < 0.8 * mean(&before), "{} {}", mean(&before), mean(&after));
}
