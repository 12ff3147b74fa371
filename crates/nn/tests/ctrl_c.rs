//! Ctrl-C saves a checkpoint and stops.

#![cfg(unix)]

#[path = "suite/common.rs"]
mod common;

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use common::{Bumps, bumps, loss, points, validation};
use seedbed_autodiff::Rng;
use seedbed_nn::Config;
use seedbed_nn::checkpoint::CheckpointDir;
use seedbed_nn::optim::{Sgd, SgdConfig};
use seedbed_nn::train::{Stopped, TrainConfig, Trainer, read_metrics};

/// Where the child process trains; its presence makes this the child process.
const DIR: &str = "SEEDBED_TEST_CTRL_C_DIR";

/// As the child: trains until Ctrl-C. As a test: trains a little.
#[test]
fn training_process() {
    let child = std::env::var_os(DIR).map(PathBuf::from);
    let config = TrainConfig {
        steps: if child.is_some() { u64::MAX } else { 3 },
        dir: child,
        log_every: 1,
        catch_ctrl_c: true,
        ..Default::default()
    };
    let model = bumps(&mut Rng::new(1));
    let optimizer = Sgd::new(&model, SgdConfig::default().check().unwrap());
    let mut trainer = Trainer::new(model, optimizer, Rng::new(2), config.check().unwrap());
    let slow = |m: &Bumps, rows: &Vec<usize>, rng: &mut Rng| {
        std::thread::sleep(Duration::from_millis(1));
        println!("training");
        loss(m, rows, rng)
    };
    let report = trainer.fit(&mut points(), slow, validation).unwrap();
    println!("stopped {:?} {}", report.stopped, report.step);
    std::io::stdout().flush().unwrap();
    assert!(matches!(report.stopped, Stopped::Interrupted | Stopped::Finished));
}

fn latest_step(dir: &Path) -> u64 {
    CheckpointDir::open(dir, 1).unwrap().latest().unwrap().expect("a checkpoint").step
}

#[test]
fn ctrl_c_saves_and_stops() {
    let dir = tempfile::tempdir().unwrap();
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "training_process", "--nocapture"])
        .env(DIR, dir.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(|l| l.unwrap());
    lines.by_ref().filter(|l| l.contains("training")).nth(20).expect("it trains");
    let interrupted = Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    assert!(interrupted.unwrap().success());
    let report = lines.find(|l| l.contains("stopped")).expect("it stops by itself");
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());

    let step: u64 = report.rsplit(' ').next().unwrap().parse().unwrap();
    assert!(report.contains("Interrupted") && step > 20, "{report}");
    assert_eq!(latest_step(dir.path()), step);
    let said = String::from_utf8(output.stderr).unwrap();
    let expected = format!(
        "seedbed: stopped after step {step}; a checkpoint is saved in {}; to go on from there, start the program again",
        dir.path().display()
    );
    assert!(said.contains(&expected), "{said}");
    let metrics = read_metrics(dir.path().join("metrics.jsonl")).unwrap();
    let steps: Vec<_> = metrics.iter().map(|l| l["step"].as_u64().unwrap()).collect();
    assert_eq!(steps, (1..=step).collect::<Vec<_>>());
}
