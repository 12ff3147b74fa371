use seedbed_data::tasks::Copy;

use super::*;
use crate::{LstmBaseline, Ntm, NtmConfig};

fn small() -> (Ntm, Copy) {
    let task = Copy { lengths: 1..=2, width: 2 };
    let [inputs, outputs] = task.channels();
    let config = NtmConfig { inputs, outputs, slots: 6, width: 4, ..Default::default() };
    (Ntm::new(&config.check().unwrap(), &mut Rng::new(3)), task)
}

fn config(sequences: u64) -> TrainingConfig {
    TrainingConfig {
        sequences,
        batch_size: 3,
        validate_every: 12,
        validation: 16,
        ..Default::default()
    }
}

fn weights(model: &Ntm) -> Vec<f32> {
    seedbed_autodiff::Module::params(model).iter().flat_map(Tensor::to_vec).collect()
}

#[test]
fn sequences_are_counted_whatever_the_batch() {
    let (ntm, task) = small();
    let trained = train(ntm, &task, &config(32).check().unwrap(), Rng::new(1)).unwrap();
    let sequences: Vec<u64> = trained.curve.iter().map(|p| p.sequences).collect();
    // Eleven steps of three; the last validation is at the end.
    assert_eq!(sequences, [12, 24, 33]);
}

#[test]
fn a_resumed_training_is_an_uninterrupted_one() {
    let (ntm, task) = small();
    let folder = std::env::temp_dir().join(format!("seedbed-ntm-resume-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    let run = |sequences, dir: Option<&std::path::Path>| {
        let config = TrainingConfig { dir: dir.map(Into::into), ..config(sequences) };
        train(ntm.clone(), &task, &config.check().unwrap(), Rng::new(1)).unwrap()
    };
    let whole = run(48, None);
    run(24, Some(&folder));
    let resumed = run(48, Some(&folder));
    std::fs::remove_dir_all(&folder).unwrap();
    assert_eq!(weights(&resumed.model), weights(&whole.model));
    assert_eq!(resumed.curve, whole.curve);
}

#[test]
fn what_a_crash_left_is_gone_on_from_and_another_run_is_not() {
    let (ntm, task) = small();
    let folder = std::env::temp_dir().join(format!("seedbed-ntm-crash-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    let run = |sequences, batch_size| {
        let config = TrainingConfig { dir: Some(folder.clone()), batch_size, ..config(sequences) };
        train(ntm.clone(), &task, &config.check().unwrap(), Rng::new(1))
    };
    let whole = train(ntm.clone(), &task, &config(48).check().unwrap(), Rng::new(1)).unwrap();
    run(24, 3).unwrap();
    // A line of which half was written.
    let file = folder.join("metrics.jsonl");
    let mut text = std::fs::read_to_string(&file).unwrap();
    text.push_str(r#"{"step":9,"spl"#);
    std::fs::write(&file, &text).unwrap();
    assert_eq!(run(36, 3).unwrap().curve, whole.curve[..3]);
    // A validation that was not finite stays one of the curve.
    let text = std::fs::read_to_string(&file).unwrap();
    let bits = format!(r#""bits":{}"#, whole.curve[1].cost.bits);
    assert!(text.contains(&bits), "{text}");
    std::fs::write(&file, text.replace(&bits, r#""bits":"inf""#)).unwrap();
    let resumed = run(48, 3).unwrap();
    assert_eq!(resumed.curve[1].cost.bits, f64::INFINITY);
    assert_eq!((resumed.curve.len(), resumed.curve[3]), (4, whole.curve[3]));
    // No file at all.
    std::fs::remove_file(&file).unwrap();
    assert_eq!(run(48, 3).unwrap().curve, []);
    let error = run(96, 4).unwrap_err().to_string();
    let says = "the state's batch_size is 3; it should be 4, as in this stream";
    assert!(error.ends_with(says), "{error}");
    std::fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn what_does_not_fit_is_refused_or_reported() {
    let (ntm, task) = small();
    let run = |task: Copy| train(ntm.clone(), &task, &config(3).check().unwrap(), Rng::new(0));
    let error = run(Copy { width: 4, ..task.clone() }).unwrap_err().to_string();
    let says = "the task has 5 inputs and 4 outputs, but the model 3 and 2: they should be as many";
    assert!(error.ends_with(says), "{error}");
    assert_eq!(run(task.clone()).unwrap().too_small, None);
    let longer = run(Copy { lengths: 1..=7, ..task }).unwrap();
    assert_eq!(longer.too_small, Some(NtmError::MemoryTooSmall { slots: 6, vectors: 7 }));
}

#[test]
fn noise_is_the_same_after_a_stop_and_not_in_validations() {
    let (ntm, task) = small();
    let folder = std::env::temp_dir().join(format!("seedbed-ntm-noise-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    let run = |sequences, head_noise, dir: Option<&std::path::Path>| {
        let config = TrainingConfig { head_noise, dir: dir.map(Into::into), ..config(sequences) };
        train(ntm.clone(), &task, &config.check().unwrap(), Rng::new(1)).unwrap()
    };
    let whole = run(48, 0.5, None);
    run(24, 0.5, Some(&folder));
    let resumed = run(48, 0.5, Some(&folder));
    std::fs::remove_dir_all(&folder).unwrap();
    assert_eq!(weights(&resumed.model), weights(&whole.model));
    assert_eq!(resumed.curve, whole.curve);

    assert_ne!(weights(&whole.model), weights(&run(48, 0.0, None).model));
    let last = evaluate(&whole.model, &validation(&task, &config(48)));
    assert_eq!(whole.curve.last().unwrap().cost, last);
}

#[test]
fn a_training_stops_when_the_task_is_solved() {
    let (ntm, task) = small();
    let solved = Solved { bits: 1e9, in_a_row: 2 };
    let config = TrainingConfig { solved, stop_when_solved: true, ..config(120) };
    let trained = train(ntm, &task, &config.check().unwrap(), Rng::new(1)).unwrap();
    assert_eq!((trained.curve.len(), trained.solved_at), (2, Some(12)));
}

#[test]
fn baselines_are_trained_alike() {
    let (_, task) = small();
    let lstm = LstmBaseline::new(3, 2, 8, 2, &mut Rng::new(0));
    let before = evaluate(&lstm, &validation(&task, &config(1)));
    let longer = TrainingConfig { validate_every: 600, ..config(600) };
    let trained = train(lstm, &task, &longer.check().unwrap(), Rng::new(1)).unwrap();
    assert!(trained.curve[0].cost.bits < before.bits, "{before:?} {:?}", trained.curve);
}

#[test]
fn what_makes_no_sense_is_refused() {
    let wrong = |config: TrainingConfig| config.check().unwrap_err().to_string();
    assert!(wrong(config(0)).contains("TrainingConfig.sequences is 0"));
    assert!(wrong(TrainingConfig { clip_norm: Some(-1.0), ..config(1) }).contains("clip_norm"));
    assert!(wrong(TrainingConfig { head_noise: -0.5, ..config(1) }).contains("head_noise is -0.5"));
    let (ntm, _) = small();
    let task = Copy { lengths: 0..=2, width: 2 };
    let error = train(ntm, &task, &config(3).check().unwrap(), Rng::new(0)).unwrap_err();
    assert!(error.to_string().contains("lengths is 0..=2"), "{error}");
}
