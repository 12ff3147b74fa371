//! The trainer: resuming, validation, early stopping, metrics, errors.

use std::fs;
use std::io::Write;
use std::path::Path;

use crate::common::{Bumps, bumps, loss, points, validation};
use seedbed_autodiff::{Module, Rng, Tensor, custom_gradient};
use seedbed_nn::checkpoint::{Checkpoint, CheckpointDir};
use seedbed_nn::ema::EmaConfig;
use seedbed_nn::optim::{Optim, Sgd, SgdConfig};
use seedbed_nn::schedule::{PlateauConfig, Schedule};
use seedbed_nn::train::{
    Batches, Loss, Metrics, Monitor, NonFinite, Report, Stopped, TrainConfig, TrainError, Trainer,
    read_metrics,
};
use seedbed_nn::{Config, Goal};

type Sgd32 = Optim<Bumps, SgdConfig, 1>;

fn trainer(config: TrainConfig) -> Trainer<f32, Bumps, Sgd32> {
    let model = bumps(&mut Rng::new(5));
    let sgd = SgdConfig { lr: 0.05, momentum: 0.9, nesterov: true, weight_decay: 1e-4 };
    let optimizer = Sgd::new(&model, sgd.check().unwrap());
    Trainer::new(model, optimizer, Rng::new(6), config.check().unwrap())
}

/// Everything that has a state, at once.
fn full(dir: &Path) -> TrainConfig {
    TrainConfig {
        steps: 47,
        dir: Some(dir.into()),
        schedule: Schedule::cosine(47).warm_up(5),
        clip_norm: Some(0.5),
        clip_value: Some(0.4),
        ema: Some(EmaConfig { decay: 0.9, warm_up: true }),
        log_every: 3,
        validate_every: 4,
        checkpoint_every: 10,
        keep: 2,
        monitor: Some(Monitor {
            metric: "loss".into(),
            goal: Goal::Min,
            min_delta: 0.0,
            patience: Some(30),
        }),
        plateau: Some(PlateauConfig { gamma: 0.5, patience: 2, ..Default::default() }),
        ..Default::default()
    }
}

fn fit(
    trainer: &mut Trainer<f32, Bumps, Sgd32>,
    batches: &mut impl Batches<Batch = Vec<usize>>,
) -> Report {
    trainer.fit(batches, loss, validation).unwrap()
}

/// All bytes of a run that do not say where it is.
fn contents(dir: &Path) -> (String, String, String) {
    let state = |file: &Path| {
        let checkpoint = Checkpoint::read(file).unwrap();
        let values: Vec<(String, serde_json::Value)> = checkpoint
            .values()
            .filter(|name| *name != "config")
            .map(|name| (name.to_owned(), checkpoint.value(name).unwrap()))
            .collect();
        let model = bumps(&mut Rng::new(0));
        let modules = ["model", "ema"].map(|name| checkpoint.module(name, &model).unwrap());
        let mut sgd = Sgd::new(&model, SgdConfig::default().check().unwrap());
        checkpoint.load_optimizer(&mut sgd).unwrap();
        format!("{values:?} {modules:?} {sgd:?}")
    };
    let latest = CheckpointDir::open(dir, 1).unwrap().latest().unwrap().unwrap();
    let metrics = fs::read_to_string(dir.join("metrics.jsonl")).unwrap();
    (metrics, state(latest.checkpoint.file()), state(&dir.join("best.safetensors")))
}

#[test]
fn an_interrupted_run_is_the_uninterrupted_one_bit_for_bit() {
    let dir = tempfile::tempdir().unwrap();
    let (whole, parts) = (dir.path().join("whole"), dir.path().join("parts"));
    let mut uninterrupted = trainer(full(&whole));
    let report = fit(&mut uninterrupted, &mut points());
    assert_eq!((report.stopped, report.step), (Stopped::Finished, 47));

    // Stopped in the middle of epochs, each time in a process of its own as far as the trainer can tell.
    for stop_at in [1, 13, 22, 31, 100] {
        let mut part = trainer(full(&parts));
        let mut batches = points();
        part.resume(&mut batches).unwrap();
        let handle = part.stop_handle();
        let mut step = part.step();
        let stopping_loss = |m: &Bumps, rows: &Vec<usize>, rng: &mut Rng| {
            step += 1;
            if step == stop_at {
                handle.stop();
            }
            loss(m, rows, rng)
        };
        let report = part.fit(&mut batches, stopping_loss, validation).unwrap();
        assert_eq!(report.step, stop_at.min(47));
    }
    assert_eq!(contents(&parts), contents(&whole));
}

#[test]
fn a_run_that_died_goes_on_from_its_last_checkpoint() {
    let dir = tempfile::tempdir().unwrap();
    let (whole, parts) = (dir.path().join("whole"), dir.path().join("parts"));
    fit(&mut trainer(full(&whole)), &mut points());

    // The loss becomes NaN in step 37: an error, and nothing is saved after the checkpoint of step 30.
    let mut step = 0;
    let bad = |m: &Bumps, rows: &Vec<usize>, rng: &mut Rng| {
        step += 1;
        let mut l = loss(m, rows, rng);
        if step == 38 {
            l.loss = l.loss * f64::NAN;
        }
        l
    };
    let error = trainer(full(&parts)).fit(&mut points(), bad, validation).unwrap_err();
    assert!(matches!(error, TrainError::NonFinite { step: 37, .. }), "{error}");
    // A line that was being written when the machine stopped.
    let mut metrics = fs::File::options().append(true).open(parts.join("metrics.jsonl")).unwrap();
    metrics.write_all(br#"{"step":38,"spl"#).unwrap();

    let (mut resumed, mut batches) = (trainer(full(&parts)), points());
    assert_eq!(resumed.resume(&mut batches).unwrap(), Some(30));
    fit(&mut resumed, &mut batches);
    assert_eq!(contents(&parts), contents(&whole));
}

#[test]
fn metrics_are_written_in_order_with_all_fields() {
    let dir = tempfile::tempdir().unwrap();
    let config = TrainConfig {
        steps: 6,
        dir: Some(dir.path().into()),
        schedule: Schedule::linear(6),
        clip_norm: Some(1e6),
        log_every: 2,
        validate_every: 4,
        ..Default::default()
    };
    fit(&mut trainer(config), &mut points());
    let file = dir.path().join("metrics.jsonl");
    let text = fs::read_to_string(&file).unwrap();
    let first = text.lines().next().unwrap();
    assert!(first.starts_with(r#"{"step":2,"split":"train","loss":"#), "{first}");
    let lines = read_metrics(&file).unwrap();
    let heads: Vec<_> =
        lines.iter().map(|l| (l["step"].as_u64().unwrap(), l["split"].as_str().unwrap())).collect();
    let want = [(2, "train"), (4, "train"), (4, "validation"), (6, "train"), (6, "validation")];
    assert_eq!(heads, want);
    // The second step's learning rate: 0.05 · (1 − 1/6).
    assert!((lines[0]["lr"].as_f64().unwrap() - 0.05 * 5.0 / 6.0).abs() < 1e-12);
    assert!(lines[0]["grad_norm"].as_f64().unwrap() > 0.0);
    assert!(lines[0]["kept"].as_f64().unwrap() > 0.5, "the loss's own metric");
}

#[test]
fn training_learns_and_stops_when_it_no_longer_does() {
    let dir = tempfile::tempdir().unwrap();
    let config = TrainConfig {
        steps: 100_000,
        dir: Some(dir.path().into()),
        validate_every: 20,
        monitor: Some(Monitor {
            metric: "loss".into(),
            goal: Goal::Min,
            min_delta: 0.0,
            patience: Some(20),
        }),
        ..Default::default()
    };
    let mut trainer = trainer(config);
    let before = validation(&trainer.model).get("loss").unwrap();
    let report = fit(&mut trainer, &mut points());
    let best = report.best.clone().unwrap();
    assert_eq!(report.stopped, Stopped::Early);
    assert_eq!(report.step, best.step + 20 * 20, "twenty validations after the best");
    assert!(best.value < before / 4.0, "{before} to {}", best.value);
    assert_eq!(validation(&trainer.best_model().unwrap()).get("loss").unwrap(), best.value);
    // It knows that it is over.
    assert_eq!(fit(&mut trainer, &mut points()), report);
}

#[test]
fn shards_give_the_gradient_of_the_batch() {
    let exact = |m: &Bumps, rows: &Vec<usize>, _: &mut Rng| loss(m, rows, &mut Rng::new(0)).loss;
    let config = TrainConfig { steps: 5, ..Default::default() };
    let mut whole = trainer(config.clone());
    whole.fit(&mut points(), exact, validation).unwrap();
    let mut split = trainer(config);
    // Every batch has an even number of rows, so that the mean of means is the mean.
    let halves = |rows: Vec<usize>| rows.chunks(rows.len() / 2).map(<[_]>::to_vec).collect();
    split.fit_parallel(&mut points(), halves, exact, validation).unwrap();
    for (a, b) in whole.model.named().iter().zip(split.model.named()) {
        for (x, y) in a.2.data().iter().zip(b.2.data()) {
            assert!((x - y).abs() < 1e-5, "{}: {x} {y}", a.0);
        }
    }
}

#[test]
fn buffers_and_metrics_are_averaged_over_shards() {
    let dir = tempfile::tempdir().unwrap();
    let config =
        TrainConfig { steps: 1, log_every: 1, dir: Some(dir.path().into()), ..Default::default() };
    let mut trainer = trainer(config);
    let shard_loss = |m: &Bumps, n: &f64, _: &mut Rng| Loss {
        loss: (&m.height * &m.height).sum(..),
        metrics: Metrics::new().with("n", *n),
        model: Some(Bumps { seen: Tensor::scalar(*n), ..m.clone() }),
    };
    let shards = |_| vec![1.0, 2.0, 6.0];
    trainer.fit_parallel(&mut points(), shards, shard_loss, validation).unwrap();
    assert_eq!(trainer.model.seen.item(), 3.0);
    let lines = read_metrics(dir.path().join("metrics.jsonl")).unwrap();
    assert_eq!(lines[0]["n"].as_f64(), Some(3.0));
}

fn nan_at(steps: std::ops::Range<u64>) -> impl FnMut(&Bumps, &Vec<usize>, &mut Rng) -> Tensor {
    let mut step = 0;
    move |m, rows, rng| {
        let factor = if steps.contains(&step) { f64::NAN } else { 1.0 };
        step += 1;
        loss(m, rows, rng).loss * factor
    }
}

#[test]
fn a_loss_that_is_not_a_number_is_an_error_that_names_the_step() {
    let mut stopping = trainer(TrainConfig { steps: 10, ..Default::default() });
    let error = stopping.fit(&mut points(), nan_at(4..5), validation).unwrap_err();
    assert!(
        error.to_string().starts_with("step 4: the loss is NaN; lower the learning"),
        "{error}"
    );
    assert!(stopping.model.named().iter().all(|(_, _, x)| x.data().iter().all(|x| x.is_finite())));
}

/// The loss is finite, the gradient is not, and nothing clips it; or a value is clipped to a finite one.
#[test]
fn a_gradient_that_is_not_finite_changes_nothing() {
    for (factor, clip_value) in [(f64::NAN, None), (f64::INFINITY, Some(1.0))] {
        let mut stopping = trainer(TrainConfig { steps: 10, clip_value, ..Default::default() });
        let before = stopping.model.params();
        let poisoned = |m: &Bumps, rows: &Vec<usize>, rng: &mut Rng| {
            let mut l = loss(m, rows, rng);
            let all = m.params().into_iter().map(|p| p.sum(..)).reduce(|a, b| a + b).unwrap();
            l.loss = l.loss
                + custom_gradient(
                    "poison",
                    [&all],
                    |[x]| x.clone() * 0.0,
                    move |_, _, g| [Some(g * factor)],
                );
            l
        };
        let error = stopping.fit(&mut points(), poisoned, validation).unwrap_err();
        assert!(error.to_string().starts_with("step 0: the gradient's norm is "), "{error}");
        assert_eq!(stopping.model.params(), before);
    }
}

#[test]
fn a_metric_that_is_infinite_is_never_the_best_and_can_be_resumed() {
    let dir = tempfile::tempdir().unwrap();
    let monitor =
        Monitor { metric: "psnr".into(), goal: Goal::Max, min_delta: 0.0, patience: None };
    let config = TrainConfig {
        steps: 3,
        dir: Some(dir.path().into()),
        validate_every: 1,
        checkpoint_every: 1,
        monitor: Some(monitor),
        ..Default::default()
    };
    let mut values = [30.0, f64::INFINITY, 29.0].into_iter();
    let mut first = trainer(config.clone());
    let report = first
        .fit(&mut points(), loss, |_| Metrics::new().with("psnr", values.next().unwrap()))
        .unwrap();
    let best = report.best.unwrap();
    assert_eq!((best.step, best.value), (1, 30.0));
    let mut again = trainer(TrainConfig { steps: 3, ..config });
    assert_eq!(again.resume(&mut points()).unwrap(), Some(3));
}

#[test]
#[should_panic(expected = "the name \"step\" is taken")]
fn a_metric_cannot_be_called_as_what_every_line_has() {
    let _ = Metrics::from([("step", 1.0)]);
}

#[test]
fn steps_that_are_not_a_number_can_be_left_out() {
    let config = TrainConfig { steps: 10, non_finite: NonFinite::Skip(3), ..Default::default() };
    let mut skipping = trainer(config.clone());
    skipping.fit(&mut points(), nan_at(4..6), validation).unwrap();
    assert_eq!((skipping.step(), skipping.optimizer.steps()), (10, 8));
    let error = trainer(config).fit(&mut points(), nan_at(4..9), validation).unwrap_err();
    assert!(matches!(error, TrainError::NonFinite { step: 6, .. }), "{error}");
}

#[test]
fn errors_say_what_would_be_right() {
    let dir = tempfile::tempdir().unwrap();
    let config = TrainConfig { steps: 2, dir: Some(dir.path().into()), ..Default::default() };
    fit(&mut trainer(config.clone()), &mut points());
    let error = trainer(config.clone()).fit(&mut points(), loss, validation).unwrap_err();
    assert!(error.to_string().contains("there is a run already; resume it"), "{error}");

    let config = TrainConfig {
        dir: None,
        validate_every: 1,
        monitor: Some(Monitor {
            metric: "acuracy".into(),
            goal: Goal::Max,
            min_delta: 0.0,
            patience: None,
        }),
        ..config
    };
    let error = trainer(config.clone()).fit(&mut points(), loss, validation).unwrap_err();
    assert_eq!(
        error.to_string(),
        "monitor.metric is \"acuracy\", but should be one of: loss, height"
    );
    assert!(matches!(trainer(config.clone()).resume(&mut points()), Err(TrainError::NoDir)));

    let message = |c: TrainConfig| c.check().unwrap_err().to_string();
    assert_eq!(
        message(TrainConfig { validate_every: 0, ..config.clone() }),
        "TrainConfig.validate_every is 0, but should be at least 1 where there is a monitor"
    );
    assert_eq!(
        message(TrainConfig { clip_norm: Some(-1.0), ..config }),
        "TrainConfig.clip_norm is -1, but should be a finite number > 0"
    );
    let unknown = serde_json::from_str::<TrainConfig>(r#"{ "step": 5 }"#).unwrap_err();
    assert!(unknown.to_string().starts_with("unknown field `step`"), "{unknown}");
}

#[test]
fn a_checkpoint_of_another_model_loads_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let config = TrainConfig { steps: 3, dir: Some(dir.path().into()), ..Default::default() };
    fit(&mut trainer(config.clone()), &mut points());
    let mut other = trainer(config);
    other.model.height = Tensor::zeros(&[99]);
    let before = format!("{:?} {:?}", other.model, other.optimizer);
    let mut batches = points();
    let state = batches.state().unwrap();
    let error = other.resume(&mut batches).unwrap_err();
    assert!(error.to_string().contains("`model.height` has shape"), "{error}");
    assert_eq!(format!("{:?} {:?}", other.model, other.optimizer), before);
    assert_eq!(batches.state().unwrap(), state);
}
