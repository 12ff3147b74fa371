//! Runs in a directory: two of them, damaged files, a full disk, names that cannot be written.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::common::{Bumps, bumps, loss, points, validation};
use seedbed_autodiff::{Rng, Tensor};
use seedbed_nn::checkpoint::{CheckpointDir, CheckpointError, Writer};
use seedbed_nn::optim::{Optim, Sgd, SgdConfig};
use seedbed_nn::train::{TrainConfig, TrainError, Trainer, read_metrics, read_metrics_until};
use seedbed_nn::{BatchNorm, Config};

/// Says to a test in a process of its own what it is there for, and where.
const CHILD: &str = "SEEDBED_TEST_RUNS_CHILD";

type Run = Trainer<f32, Bumps, Optim<Bumps, SgdConfig, 1>>;

fn config(dir: &Path, steps: u64) -> TrainConfig {
    TrainConfig {
        steps,
        dir: Some(dir.into()),
        log_every: 1,
        checkpoint_every: 5,
        ..Default::default()
    }
}

fn run(dir: &Path, steps: u64) -> Run {
    let model = bumps(&mut Rng::new(5));
    let optimizer = Sgd::new(&model, SgdConfig::default().check().unwrap());
    Trainer::new(model, optimizer, Rng::new(6), config(dir, steps).check().unwrap())
}

fn go_on(trainer: &mut Run) -> Result<u64, TrainError> {
    let mut points = points();
    trainer.resume(&mut points)?;
    Ok(trainer.fit(&mut points, loss, validation)?.step)
}

fn metrics(dir: &Path) -> PathBuf {
    dir.join("metrics.jsonl")
}

/// This test's executable with one test, which sees the variable; run by a shell after `before`.
fn child(test: &str, before: &str, what: &str, dir: &Path) -> Output {
    let exe = std::env::current_exe().unwrap();
    let script = format!("{before}\nexec '{}' --exact runs::{test} --nocapture", exe.display());
    let dir = [what.as_bytes(), b":", dir.as_os_str().as_bytes()].concat();
    Command::new("sh").args(["-c", &script]).env(CHILD, OsStr::from_bytes(&dir)).output().unwrap()
}

fn asked(what: &str) -> Option<PathBuf> {
    let value = std::env::var_os(CHILD)?;
    let dir = value.as_bytes().strip_prefix(what.as_bytes())?.strip_prefix(b":")?;
    Some(PathBuf::from(OsStr::from_bytes(dir)))
}

#[test]
fn two_trainings_do_not_share_a_directory() {
    let temporary = tempfile::tempdir().unwrap();
    let dir = temporary.path();
    assert_eq!(go_on(&mut run(dir, 7)).unwrap(), 7);
    let mut first = run(dir, 20);
    first.resume(&mut points()).unwrap();
    let locked = |error: TrainError| {
        assert!(matches!(error, TrainError::Checkpoint(CheckpointError::Locked { .. })), "{error}");
    };
    locked(run(dir, 20).resume(&mut points()).unwrap_err());
    locked(run(dir, 20).fit(&mut points(), loss, validation).unwrap_err());
    // While it runs, too, also for another process.
    let mut asked_once = false;
    let mut stream = points();
    let with_rival = |m: &Bumps, rows: &Vec<usize>, rng: &mut Rng| {
        if !std::mem::replace(&mut asked_once, true) {
            locked(run(dir, 20).resume(&mut points()).unwrap_err());
            let rival = child("a_rival", "", "rival", dir);
            assert!(!rival.status.success());
            let said = String::from_utf8_lossy(&rival.stderr).into_owned();
            assert!(said.contains("another training runs here"), "{said}");
        }
        loss(m, rows, rng)
    };
    first.fit(&mut stream, with_rival, validation).unwrap();
    // It is over: the next one may, though the first is still there.
    assert_eq!(go_on(&mut run(dir, 30)).unwrap(), 30);
    assert!(child("a_rival", "", "rival", dir).status.success());
    let lines = read_metrics(metrics(dir)).unwrap();
    assert_eq!(lines.len(), 40, "no line is lost");
    // The first is behind now.
    let error = first.fit(&mut points(), loss, validation).unwrap_err();
    assert!(matches!(error, TrainError::Overtaken { found: 40, step: 20, .. }), "{error}");
    assert_eq!(read_metrics(metrics(dir)).unwrap().len(), 40);
}

#[test]
fn a_rival() {
    if let Some(dir) = asked("rival") {
        go_on(&mut run(&dir, 40)).unwrap_or_else(|error| panic!("{error}"));
    }
}

#[test]
fn a_training_that_ended_can_be_taken_up_again() {
    let temporary = tempfile::tempdir().unwrap();
    let mut trainer = run(temporary.path(), 10);
    let mut bad = 0;
    // The first step fails, before there is any checkpoint.
    let error = trainer.fit(
        &mut points(),
        |m: &Bumps, rows: &Vec<usize>, rng: &mut Rng| {
            bad += 1;
            let mut l = loss(m, rows, rng);
            l.loss = l.loss * f64::NAN;
            l
        },
        validation,
    );
    assert!(matches!(error, Err(TrainError::NonFinite { step: 0, .. })));
    let report = trainer.fit(&mut points(), loss, validation).unwrap();
    assert_eq!((bad, report.step), (1, 10));
    assert_eq!(trainer.fit(&mut points(), loss, validation).unwrap().step, 10);
}

#[test]
fn a_damaged_line_of_metrics_is_named_and_deletes_nothing() {
    let temporary = tempfile::tempdir().unwrap();
    let dir = temporary.path();
    go_on(&mut run(dir, 12)).unwrap();
    let whole = fs::read(metrics(dir)).unwrap();
    let lines = whole.split_inclusive(|&b| b == b'\n').collect::<Vec<_>>();
    let mut silent = 0;
    for (i, line) in lines.iter().enumerate() {
        let start = lines[..i].concat().len();
        // Characters of every kind: a brace, a quote, the step, a number, the end of the line.
        for at in [0, 1, 3, 8, line.len() / 2, line.len() - 2, line.len() - 1] {
            for flip in [0x01, 0x04, 0x80] {
                let mut text = whole.clone();
                text[start + at] ^= flip;
                fs::write(metrics(dir), &text).unwrap();
                match go_on(&mut run(dir, 12)) {
                    Err(TrainError::DamagedMetrics { file, line, .. }) => {
                        assert_eq!(file, metrics(dir));
                        // A step that was changed shows in the line after it.
                        assert!(line == i as u64 + 1 || line == i as u64 + 2, "{line} for {i}");
                        assert_eq!(fs::read(metrics(dir)).unwrap(), text, "nothing is deleted");
                    }
                    Err(error) => panic!("{error}"),
                    Ok(_) => {
                        // Another digit of a number: it reads as a line, and stays.
                        silent += 1;
                        let now = fs::read(metrics(dir)).unwrap();
                        let is_last = i + 1 == lines.len();
                        assert!(now == text || is_last, "line {i}, character {at}, {flip}");
                    }
                }
            }
        }
    }
    assert!(silent < lines.len() * 21 / 2, "{silent} of {} were not noticed", lines.len() * 21);

    let mut text = whole.clone();
    text[lines[..4].concat().len() + 1] = b'X';
    fs::write(metrics(dir), &text).unwrap();
    let error = go_on(&mut run(dir, 12)).unwrap_err().to_string();
    let start = format!("{}: line 5 is damaged: ", metrics(dir).display());
    assert!(error.starts_with(&start), "{error}");
    assert!(
        error.ends_with("; nothing was changed: mend or remove the line, or move the file away"),
        "{error}"
    );
    assert!(read_metrics(metrics(dir)).unwrap_err().to_string().starts_with(&start));
    assert!(read_metrics_until(metrics(dir), 3).unwrap_err().to_string().starts_with(&start));
}

#[test]
fn a_last_line_that_was_being_written_is_dropped() {
    let temporary = tempfile::tempdir().unwrap();
    let dir = temporary.path();
    go_on(&mut run(dir, 12)).unwrap();
    let whole = fs::read(metrics(dir)).unwrap();
    let line = br#"{"step":13,"split":"train","loss":-1.25e-7,"what":"\u00e9 inf"}"#;
    for length in 0..line.len() {
        for zeros in [0, 5] {
            let torn = [&whole[..], &line[..length], &[0; 5][..zeros]].concat();
            fs::write(metrics(dir), torn).unwrap();
            go_on(&mut run(dir, 12)).unwrap();
            assert!(fs::read(metrics(dir)).unwrap() == whole, "{length} bytes, {zeros} zeros");
        }
    }
    // Only the end of the line is missing: the line is whole.
    fs::write(metrics(dir), &whole[..whole.len() - 1]).unwrap();
    go_on(&mut run(dir, 12)).unwrap();
    assert_eq!(fs::read(metrics(dir)).unwrap(), whole);
}

#[test]
fn a_damaged_newest_checkpoint_is_told_of() {
    let temporary = tempfile::tempdir().unwrap();
    let dir = temporary.path();
    go_on(&mut run(dir, 10)).unwrap();
    let newest = dir.join(format!("step-{:012}.safetensors", 10));
    let copy = dir.join(format!("step-{:012}.safetensors", 999));
    let mut bytes = fs::read(&newest).unwrap();
    fs::copy(&newest, &copy).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(&newest, bytes).unwrap();

    let mut trainer = run(dir, 10);
    assert_eq!(trainer.resume(&mut points()).unwrap(), Some(5));
    let skipped: Vec<String> = trainer.skipped().iter().map(ToString::to_string).collect();
    assert!(skipped[0].contains("step 999 by its name, but written at step 10"), "{skipped:?}");
    assert!(skipped[1].contains("corrupt: the check sum is "), "{skipped:?}");
    drop(trainer);
    let said = child("a_resumed_run", "", "resume", dir).stderr;
    let said = String::from_utf8(said).unwrap();
    for error in skipped {
        assert!(
            said.contains(&format!("warning: seedbed: {error}; going on from step 5")),
            "{said}"
        );
    }
    assert_eq!(go_on(&mut run(dir, 10)).unwrap(), 10);
}

#[test]
fn a_resumed_run() {
    if let Some(dir) = asked("resume") {
        run(&dir, 10).resume(&mut points()).unwrap();
    }
}

#[test]
fn a_full_disk_leaves_no_temporary_file() {
    let temporary = tempfile::tempdir().unwrap();
    let dir = temporary.path();
    let small = || Writer::new().module("x", &Tensor::<f32>::zeros(&[8])).write(dir.join("a"));
    small().unwrap();
    // Files of more than 8 blocks of 512 or 1,024 bytes cannot be written.
    let full = child("a_process_without_room", "ulimit -f 8; trap '' XFSZ", "full", dir);
    assert!(full.status.success(), "{}", String::from_utf8_lossy(&full.stderr));
    let names: Vec<_> = fs::read_dir(dir).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(names, ["a"], "what was there stays, and nothing else");
    small().unwrap();
}

#[test]
fn a_process_without_room() {
    let Some(dir) = asked("full") else { return };
    let large = Tensor::<f32>::zeros(&[100_000]);
    for name in ["a", "b"] {
        let error = Writer::new().module("x", &large).write(dir.join(name)).unwrap_err();
        assert!(error.to_string().contains("cannot write to it"), "{error}");
    }
    let steps = CheckpointDir::open(&dir, 1).unwrap();
    assert!(steps.save(3, Writer::new().module("x", &large)).is_err());
}

#[test]
fn a_directory_that_is_not_unicode_is_refused_before_the_first_step() {
    let dir = Path::new(OsStr::from_bytes(b"runs/\xff\xfe"));
    assert_eq!(
        config(dir, 3).check().unwrap_err().to_string(),
        r#"TrainConfig.dir is "runs/\xFF\xFE", but should be a path in UTF-8"#
    );
    let temporary = tempfile::tempdir().unwrap();
    assert_eq!(go_on(&mut run(&temporary.path().join("größe 大小"), 3)).unwrap(), 3);
}

#[test]
fn links_and_pipes_in_a_runs_directory_are_not_followed() {
    let temporary = tempfile::tempdir().unwrap();
    let (dir, victim) = (temporary.path().join("run"), temporary.path().join("victim"));
    fs::create_dir(&dir).unwrap();
    fs::write(&victim, "precious").unwrap();
    for name in [".metrics.jsonl.tmp", ".step-000000000005.safetensors.tmp"] {
        std::os::unix::fs::symlink(&victim, dir.join(name)).unwrap();
    }
    fs::hard_link(&victim, dir.join(".step-000000000007.safetensors.tmp")).unwrap();
    assert_eq!(go_on(&mut run(&dir, 7)).unwrap(), 7);
    assert_eq!(fs::read(&victim).unwrap(), b"precious");
    assert_eq!(read_metrics(metrics(&dir)).unwrap().len(), 7);

    fs::remove_file(metrics(&dir)).unwrap();
    assert!(Command::new("mkfifo").arg(metrics(&dir)).status().unwrap().success());
    let error = go_on(&mut run(&dir, 9)).unwrap_err().to_string();
    assert!(error.ends_with("cannot read the metrics: it is not a regular file"), "{error}");
}

#[test]
fn statistics_that_are_dropped_are_told_of_in_debug_builds() {
    let nowhere = Path::new("nowhere");
    let said = |what| {
        let output = child("a_process_with_a_batch_norm", "", what, nowhere);
        assert!(output.status.success());
        String::from_utf8(output.stderr).unwrap()
    };
    let warning = "warning: seedbed: the statistics of a batch were dropped";
    assert_eq!(said("drop").contains(warning), cfg!(debug_assertions));
    assert_eq!(said("drop").matches(warning).count(), usize::from(cfg!(debug_assertions)), "once");
    assert!(!said("keep").contains(warning));
}

#[test]
fn a_process_with_a_batch_norm() {
    let mut norm = BatchNorm::<f32>::new(2);
    let x = Tensor::ones(&[4, 2]);
    if asked("keep").is_some() {
        let (_, statistics) = norm.forward_train(&x);
        norm.update(&statistics.clone());
        norm.forward_train(&x).1.discard();
        let (_, none) = norm.forward_train(&Tensor::ones(&[1, 2]));
        norm.update(&none);
    }
    if asked("drop").is_some() {
        for _ in 0..3 {
            let _ = norm.forward_train(&x);
        }
    }
}
