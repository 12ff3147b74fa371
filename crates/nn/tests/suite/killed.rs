//! A process that saves checkpoints is killed at random moments: a good one is always there.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use seedbed_autodiff::{Rng, Tensor};
use seedbed_nn::checkpoint::{CheckpointDir, Writer};

/// Where the child process saves; its presence makes this the child process.
const DIR: &str = "SEEDBED_TEST_KILLED_DIR";

const KILLS: usize = 200;

/// A model whose every number says which step it is of.
fn model(step: u64) -> Vec<Tensor> {
    vec![Tensor::full(&[20_000], step as f64), Tensor::full(&[5], step as f64)]
}

fn save(dir: &CheckpointDir, step: u64) {
    let mut writer = Writer::new();
    writer.module("model", &model(step)).value("step", &step).unwrap();
    dir.save(step, &writer).unwrap();
}

/// The step of the latest checkpoint, after a look at all of it.
fn latest(dir: &CheckpointDir) -> Option<u64> {
    let latest = dir.latest().unwrap()?;
    assert!(latest.skipped.is_empty(), "a bad file has a checkpoint's name: {:?}", latest.skipped);
    assert_eq!(latest.checkpoint.value::<u64>("step").unwrap(), latest.step);
    assert_eq!(latest.checkpoint.module("model", &model(0)).unwrap(), model(latest.step));
    Some(latest.step)
}

/// As the child: saves, and says so, until it is killed. As a test: saves once.
#[test]
fn saving_process() {
    let Some(path) = std::env::var_os(DIR) else {
        let temporary = tempfile::tempdir().unwrap();
        let dir = CheckpointDir::open(temporary.path(), 2).unwrap();
        save(&dir, 1);
        assert_eq!(latest(&dir), Some(1));
        return;
    };
    let dir = CheckpointDir::open(Path::new(&path), 2).unwrap();
    let next = latest(&dir).map_or(0, |step| step + 1);
    let mut out = std::io::stdout();
    for step in next.. {
        save(&dir, step);
        writeln!(out, "saved {step}").unwrap();
        out.flush().unwrap();
    }
}

#[test]
fn a_good_checkpoint_survives_every_kill() {
    let temporary = tempfile::tempdir().unwrap();
    let dir = CheckpointDir::open(temporary.path(), 2).unwrap();
    let mut rng = Rng::new(0);
    let mut save_time = Duration::from_millis(2);
    let mut kept = None;
    for _ in 0..KILLS {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "killed::saving_process", "--nocapture"])
            .env(DIR, temporary.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut said = (&mut lines).map(|line| line.unwrap());
        let saved = |line: &String| {
            line.split_once("saved ").and_then(|(_, step)| step.trim().parse::<u64>().ok())
        };
        let first = said.by_ref().find_map(|line| saved(&line)).expect("the child saves");
        let second = {
            let start = Instant::now();
            let second = said.by_ref().find_map(|line| saved(&line)).expect("the child saves on");
            save_time = (save_time + start.elapsed()) / 2;
            second
        };
        // Some moment in the next save or the one after it.
        std::thread::sleep(save_time.mul_f64(2.0 * rng.uniform()));
        child.kill().unwrap();
        child.wait().unwrap();
        let acknowledged = said.filter_map(|line| saved(&line)).last().unwrap_or(second.max(first));

        let found = latest(&dir).expect("a checkpoint is there");
        assert!(found >= acknowledged, "{acknowledged} was saved, but {found} is the latest");
        assert!(kept.is_none_or(|k| found > k), "nothing is lost between two processes");
        kept = Some(found);
    }
    assert!(kept >= Some(KILLS as u64), "each process saved at least once");
    assert!(dir.files().unwrap().len() <= 3, "old ones are removed");
}
