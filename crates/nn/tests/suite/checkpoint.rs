//! Checkpoints: what goes in comes out, and what is wrong is said.

use std::fs;
use std::path::PathBuf;

use seedbed_autodiff::{Float, Rng, Tensor, module};
use seedbed_nn::Config;
use seedbed_nn::checkpoint::{Checkpoint, CheckpointDir, CheckpointError, Writer};
use seedbed_nn::optim::{AdamW, AdamWConfig, Sgd, SgdConfig};

#[derive(Clone, Debug, PartialEq)]
struct Net<F: Float = f32> {
    layers: Vec<Tensor<F>>,
    mean: Tensor<F>,
}
module!(Net<F> { layers } buffers { mean });

fn net<F: Float>(seed: u64) -> Net<F> {
    let rng = &mut Rng::new(seed);
    let mut normal = |shape: &[usize]| Tensor::normal(shape, 0.0, 1.0, rng);
    Net { layers: vec![normal(&[3, 4]), normal(&[4]), normal(&[])], mean: normal(&[0, 2]) }
}

fn written(writer: &Writer) -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("run.safetensors");
    writer.write(&file).unwrap();
    (dir, file)
}

fn round_trip<F: Float>() {
    let mut model = net::<F>(1);
    let mut optimizer = AdamW::new(&model, AdamWConfig::default().check().unwrap());
    for seed in 0..3 {
        optimizer.step(&mut model, &net(seed));
    }
    let mut rng = Rng::new(9);
    rng.uniform();
    let awkward = [0.1, f64::MIN_POSITIVE / 3.0, 1e300, -0.0, 1.0 / 3.0];
    let mut writer = Writer::new();
    writer.module("model", &model).optimizer(&optimizer).rng("rng", &rng);
    writer.value("numbers", &awkward).unwrap();
    let (_dir, file) = written(&writer);

    let checkpoint = Checkpoint::read(&file).unwrap();
    let mut again = checkpoint.module("model", &net::<F>(2)).unwrap();
    assert_eq!(again, model);
    let mut optimizer2 = AdamW::new(&net(3), AdamWConfig::default().check().unwrap());
    checkpoint.load_optimizer(&mut optimizer2).unwrap();
    assert_eq!(checkpoint.rng("rng").unwrap(), rng);
    let numbers: Vec<f64> = checkpoint.value("numbers").unwrap();
    assert_eq!(numbers.iter().map(|x| x.to_bits()).collect::<Vec<_>>(), awkward.map(f64::to_bits));

    optimizer.step(&mut model, &net(5));
    optimizer2.step(&mut again, &net(5));
    assert_eq!(again, model, "the resumed optimizer goes on as the first does");
    assert_eq!(optimizer2.steps(), 4);
}

#[test]
fn both_element_types_come_back_bit_for_bit() {
    round_trip::<f32>();
    round_trip::<f64>();
    let odd = Tensor::<f32>::new(vec![f32::NAN, f32::INFINITY, -0.0, f32::from_bits(1)], &[4]);
    let (_dir, file) = written(Writer::new().module("x", &odd));
    let again = Checkpoint::read(&file).unwrap().module("x", &odd).unwrap();
    let bits = |x: &Tensor| x.data().iter().map(|x| x.to_bits()).collect::<Vec<_>>();
    assert_eq!(bits(&again), bits(&odd));
}

#[test]
fn the_same_state_is_the_same_file() {
    let mut writer = Writer::new();
    writer.module("model", &net::<f32>(1)).rng("rng", &Rng::new(1)).rng("another", &Rng::new(2));
    let (_a, a) = written(&writer);
    let (_b, b) = written(&writer);
    assert_eq!(fs::read(a).unwrap(), fs::read(b).unwrap());
}

#[test]
fn each_difference_to_the_model_has_its_error() {
    let (_dir, file) = written(Writer::new().module("model", &net::<f32>(1)));
    let checkpoint = Checkpoint::read(&file).unwrap();
    let message = |e: CheckpointError| e.to_string().replace(&file.display().to_string(), "FILE");
    let load = |change: &dyn Fn(&mut Net)| {
        let mut like = net::<f32>(2);
        change(&mut like);
        message(checkpoint.module("model", &like).unwrap_err())
    };
    assert_eq!(
        load(&|m| m.layers.push(Tensor::zeros(&[7]))),
        "FILE: `model.layers.3` is missing; the model has it with shape [7]"
    );
    assert_eq!(
        load(&|m| drop(m.layers.pop())),
        "FILE: `model.layers.2` (shape []) is not in the model; the file is of another one"
    );
    assert_eq!(
        load(&|m| m.layers[0] = Tensor::zeros(&[4, 3])),
        "FILE: `model.layers.0` has shape [3, 4], but should be [4, 3]"
    );
    assert_eq!(
        message(checkpoint.module("model", &net::<f64>(1)).unwrap_err()),
        "FILE: `model.layers.0` is f32, but should be f64; load it into a model of f32"
    );
    assert_eq!(
        message(checkpoint.value::<u64>("step").unwrap_err()),
        "FILE: the value `step` is missing; there are: "
    );
}

#[test]
fn another_optimizer_is_refused_and_nothing_is_half_loaded() {
    let model = net::<f32>(1);
    let sgd = Sgd::new(&model, SgdConfig::default().check().unwrap());
    let (_dir, file) = written(Writer::new().optimizer(&sgd));
    let checkpoint = Checkpoint::read(&file).unwrap();
    let mut adamw = AdamW::new(&model, AdamWConfig::default().check().unwrap());
    let error = checkpoint.load_optimizer(&mut adamw).unwrap_err().to_string();
    assert!(error.ends_with("the optimizer is sgd, but should be adamw"), "{error}");

    // The second moment is missing: the first must stay, too.
    let mut stepped = adamw.clone();
    stepped.step(&mut model.clone(), &net(2));
    let mut writer = Writer::new();
    writer.module("optimizer.m", &net::<f32>(3));
    writer.value("optimizer", &serde_json::json!({ "name": "adamw", "steps": 5 })).unwrap();
    let (_dir, file) = written(&writer);
    let before = format!("{stepped:?}");
    assert!(Checkpoint::read(&file).unwrap().load_optimizer(&mut stepped).is_err());
    assert_eq!(format!("{stepped:?}"), before);
}

#[test]
fn every_shortening_and_every_flipped_bit_is_found() {
    let model = Tensor::<f32>::new(vec![1.0, 2.0, 3.0], &[3]);
    let (_dir, file) = written(Writer::new().module("model", &model).rng("rng", &Rng::new(1)));
    let whole = fs::read(&file).unwrap();
    for length in 0..whole.len() {
        fs::write(&file, &whole[..length]).unwrap();
        match Checkpoint::read(&file).unwrap_err() {
            CheckpointError::Truncated { expected, found, .. } => {
                assert!(found == length as u64 && expected > found, "{expected} {found}");
            }
            error => panic!("{length} bytes: {error}"),
        }
    }
    for bit in 0..whole.len() * 8 {
        let mut bytes = whole.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        fs::write(&file, &bytes).unwrap();
        // A flipped space in the padding of the header changes nothing that is read.
        if let Ok(checkpoint) = Checkpoint::read(&file) {
            assert_eq!(checkpoint.module("model", &model).unwrap(), model, "bit {bit}");
            assert_eq!(checkpoint.rng("rng").unwrap(), Rng::new(1), "bit {bit}");
        }
    }
    fs::write(&file, [&whole[..], b"more"].concat()).unwrap();
    let error = Checkpoint::read(&file).unwrap_err();
    assert!(matches!(error, CheckpointError::Corrupt { .. }), "{error}");
}

#[test]
fn foreign_and_newer_files_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("x.safetensors");
    let write = |metadata: Option<&str>| {
        let header = match metadata {
            Some(m) => serde_json::json!({ "__metadata__": { "seedbed": m } }).to_string(),
            None => "{}".to_owned(),
        };
        let bytes = [&(header.len() as u64).to_le_bytes()[..], header.as_bytes()].concat();
        fs::write(&file, bytes).unwrap();
        Checkpoint::read(&file).unwrap_err()
    };
    assert!(matches!(write(None), CheckpointError::NotACheckpoint { .. }));
    assert!(matches!(write(Some("{")), CheckpointError::Corrupt { .. }));
    assert!(matches!(write(Some("{}")), CheckpointError::Corrupt { .. }));
    let newer = write(Some(r#"{"version":2}"#));
    assert!(matches!(newer, CheckpointError::Version { found: 2, expected: 1, .. }), "{newer}");
    assert!(matches!(
        Checkpoint::read(dir.path().join("none")).unwrap_err(),
        CheckpointError::Io { .. }
    ));
}

#[test]
fn a_directory_keeps_the_last_few_and_finds_the_latest_good_one() {
    let temporary = tempfile::tempdir().unwrap();
    let dir = CheckpointDir::open(temporary.path().join("a/b"), 3).unwrap();
    assert!(dir.latest().unwrap().is_none());
    let save = |step: u64| {
        let mut writer = Writer::new();
        writer.value("step", &step).unwrap();
        dir.save(step, &writer).unwrap()
    };
    let steps = || dir.files().unwrap().into_iter().map(|(s, _)| s).collect::<Vec<_>>();
    let files = [1, 2, 5, 10].map(save);
    assert_eq!(steps(), [2, 5, 10]);

    fs::write(&files[3], b"damaged").unwrap();
    let latest = dir.latest().unwrap().unwrap();
    assert_eq!((latest.step, latest.skipped.len()), (5, 1));
    assert_eq!(latest.checkpoint.value::<u64>("step").unwrap(), 5);

    // The run goes on from 5: what it writes must not be thought older than the damaged one.
    for step in [6, 7, 8] {
        save(step);
    }
    assert_eq!(steps(), [6, 7, 8, 10]);
    assert_eq!(dir.latest().unwrap().unwrap().step, 8);

    for (_, file) in dir.files().unwrap() {
        fs::write(file, b"damaged").unwrap();
    }
    let error = dir.latest().unwrap_err();
    assert!(matches!(error, CheckpointError::NoneGood { number: 4, .. }), "{error}");
}

#[test]
fn a_second_writer_to_one_path_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let other = fs::File::create(dir.path().join(".run.safetensors.tmp")).unwrap();
    other.lock().unwrap();
    let error = Writer::new().write(dir.path().join("run.safetensors")).unwrap_err();
    assert!(matches!(error, CheckpointError::Busy { .. }), "{error}");
}
