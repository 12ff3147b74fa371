//! Names in checkpoints, values that JSON cannot hold, and things in a directory that are no checkpoints.

use std::fs;
use std::path::PathBuf;

use seedbed_autodiff::{Rng, Tensor, module};
use seedbed_nn::Config;
use seedbed_nn::checkpoint::{Checkpoint, CheckpointDir, CheckpointError, Writer};
use seedbed_nn::optim::{Adam, AdamConfig, Sgd, SgdConfig};

fn x(n: f64) -> Tensor {
    Tensor::full(&[2], n)
}

struct Place {
    _dir: tempfile::TempDir,
    file: PathBuf,
}

fn place() -> Place {
    let dir = tempfile::tempdir().unwrap();
    Place { file: dir.path().join("x.safetensors"), _dir: dir }
}

/// Why nothing was written; and nothing was.
fn refusal(writer: &Writer) -> String {
    let place = place();
    let error = writer.write(&place.file).unwrap_err();
    assert!(matches!(error, CheckpointError::NotWritten { .. }), "{error}");
    assert_eq!(fs::read_dir(place.file.parent().unwrap()).unwrap().count(), 0);
    error.to_string().split_once("not written: ").unwrap().1.to_owned()
}

#[derive(Clone, Debug, PartialEq)]
struct Net {
    w: Tensor,
    ema: Tensor,
}
module!(Net: f32 { w, ema });

#[test]
fn a_module_whose_name_begins_with_anothers_is_a_module_of_its_own() {
    let place = place();
    let (model, average) = (vec![x(1.0), x(2.0)], vec![x(3.0), x(4.0)]);
    let mut writer = Writer::new();
    writer.module("model", &model).module("model.ema", &average).module("model2", &x(5.0));
    writer.module("model.ema.slow", &x(6.0)).write(&place.file).unwrap();
    let checkpoint = Checkpoint::read(&place.file).unwrap();
    assert_eq!(checkpoint.module("model", &average).unwrap(), model);
    assert_eq!(checkpoint.module("model.ema", &model).unwrap(), average);
    assert_eq!(checkpoint.module("model2", &x(0.0)).unwrap(), x(5.0));
    assert_eq!(checkpoint.module("model.ema.slow", &x(0.0)).unwrap(), x(6.0));
    // A part of a module can be read by itself.
    assert_eq!(checkpoint.module("model.1", &x(0.0)).unwrap(), x(2.0));
    assert_eq!(checkpoint.module("model.ema.0", &x(0.0)).unwrap(), x(3.0));
    let error = checkpoint.module("model", &vec![x(0.0); 3]).unwrap_err();
    assert!(error.to_string().contains("`model.2` is missing"), "{error}");
    let error = checkpoint.module("model", &vec![x(0.0)]).unwrap_err();
    assert!(error.to_string().contains("`model.1` (shape [2]) is not in the model"), "{error}");
}

#[test]
fn what_would_be_mixed_is_refused() {
    let net = Net { w: x(1.0), ema: x(2.0) };
    let twice = refusal(Writer::new().module("model", &net).module("model", &x(3.0)));
    assert_eq!(twice, "the module `model` is there twice; give each a name of its own");
    let twice = refusal(Writer::new().module("model", &net).module("model.ema", &x(3.0)));
    assert_eq!(twice, "the tensor `model.ema` is there twice, of `model` and of `model.ema`");
    let nested = (net.clone(), net.clone());
    let under = refusal(Writer::new().module("a", &nested).module("a.1", &vec![x(3.0)]));
    assert_eq!(
        under,
        "the tensor `a.1.ema` of the module `a` has a name as of the module `a.1`; rename one of the modules"
    );
    // In the other order, too.
    let under_too = refusal(Writer::new().module("a.1", &vec![x(3.0)]).module("a", &nested));
    assert_eq!(under_too, under);

    let metadata = refusal(Writer::new().module("__metadata__", &x(1.0)));
    assert_eq!(metadata, "the name `__metadata__` is the file format's own");
    let mut writer = Writer::new();
    writer.value("step", &1).unwrap().value("step", &2).unwrap();
    let value = refusal(&writer);
    assert_eq!(value, "the value `step` is there twice; give each a name of its own");
    let rng = refusal(Writer::new().rng("rng", &Rng::new(0)).rng("rng", &Rng::new(1)));
    assert_eq!(rng, "the value `rng` is there twice; give each a name of its own");
}

#[test]
fn names_of_every_kind_come_back() {
    let place = place();
    let names = ["a", "a.b", ".", "", "__metadata__.x", "seedbed", "größe \"q\" \\ \n", "0"];
    let mut writer = Writer::new();
    for (i, name) in names.iter().enumerate() {
        writer.module(name, &x(i as f64)).value(name, &i).unwrap();
    }
    writer.write(&place.file).unwrap();
    let checkpoint = Checkpoint::read(&place.file).unwrap();
    for (i, name) in names.iter().enumerate() {
        assert_eq!(checkpoint.module(name, &x(0.0)).unwrap(), x(i as f64), "{name:?}");
        assert_eq!(checkpoint.value::<usize>(name).unwrap(), i);
    }
}

#[test]
fn two_optimizers_have_two_names() {
    let config = || SgdConfig { momentum: 0.9, ..Default::default() }.check().unwrap();
    let (mut a, mut b) = (Sgd::new(&x(0.0), config()), Sgd::new(&x(0.0), config()));
    a.step(&mut x(0.0), &x(1.0));
    for _ in 0..2 {
        b.step(&mut x(0.0), &x(2.0));
    }
    let twice = refusal(Writer::new().optimizer(&a).optimizer(&b));
    assert_eq!(
        twice,
        "the module `optimizer.velocity` is there twice; give each a name of its own"
    );
    let adam = Adam::new(&x(0.0), AdamConfig::default().check().unwrap());
    let twice = refusal(Writer::new().optimizer(&a).optimizer(&adam));
    assert_eq!(twice, "the value `optimizer` is there twice; give each a name of its own");

    let place = place();
    let mut writer = Writer::new();
    writer.named_optimizer("optimizer", &a).named_optimizer("optimizer.b", &b);
    writer.named_optimizer("third", &adam).write(&place.file).unwrap();
    let checkpoint = Checkpoint::read(&place.file).unwrap();
    let (mut a2, mut b2) = (Sgd::new(&x(7.0), config()), Sgd::new(&x(7.0), config()));
    checkpoint.load_optimizer(&mut a2).unwrap();
    checkpoint.load_named_optimizer("optimizer.b", &mut b2).unwrap();
    assert_eq!((format!("{a2:?}"), format!("{b2:?}")), (format!("{a:?}"), format!("{b:?}")));
    let error = checkpoint.load_named_optimizer("third", &mut a2).unwrap_err();
    assert!(error.to_string().contains("the optimizer is adam, but should be sgd"), "{error}");
}

#[test]
fn what_json_has_no_number_for_is_not_written() {
    let mut writer = Writer::new();
    for bad in [f64::INFINITY, f64::NEG_INFINITY, f64::NAN] {
        let error = writer.value("best", &Some(bad)).map(|_| ()).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!(
                "the value `best`: the number {bad} is not finite, and JSON has none such; write it as text, or as None"
            )
        );
    }
    let place = place();
    let extremes = [f64::MAX, f64::MIN_POSITIVE, -0.0, 5e-324];
    writer.value("best", &None::<f64>).unwrap().value("extremes", &extremes).unwrap();
    writer.write(&place.file).unwrap();
    let checkpoint = Checkpoint::read(&place.file).unwrap();
    assert_eq!(checkpoint.value::<Option<f64>>("best").unwrap(), None);
    assert_eq!(checkpoint.value::<[f64; 4]>("extremes").unwrap(), extremes);
}

#[test]
fn what_no_reader_takes_is_not_written() {
    let mut writer = Writer::new();
    writer.value("order", &"x".repeat(100_000_001)).unwrap();
    assert_eq!(
        refusal(&writer),
        "names and values take more than 100 MB, which no reader of the format takes"
    );
}

#[test]
fn offsets_beyond_counting_are_no_panic() {
    let place = place();
    for end in [u64::MAX, u64::MAX - 7, 1 << 63] {
        let header = format!(r#"{{"x":{{"dtype":"F32","shape":[1],"data_offsets":[0,{end}]}}}}"#);
        let bytes = [&(header.len() as u64).to_le_bytes()[..], header.as_bytes()].concat();
        fs::write(&place.file, bytes).unwrap();
        assert!(Checkpoint::read(&place.file).is_err());
    }
}

#[cfg(unix)]
fn pipe(path: &std::path::Path) {
    assert!(std::process::Command::new("mkfifo").arg(path).status().unwrap().success());
}

#[cfg(unix)]
#[test]
fn what_is_no_file_is_no_checkpoint() {
    let temporary = tempfile::tempdir().unwrap();
    let dir = CheckpointDir::open(temporary.path(), 1).unwrap();
    let save = |step: u64| dir.save(step, Writer::new().module("x", &x(step as f64))).unwrap();
    save(5);
    let [fifo, folder, link] =
        [900, 999, 950].map(|n| temporary.path().join(format!("step-{n:012}.safetensors")));
    pipe(&fifo);
    fs::create_dir(&folder).unwrap();
    std::os::unix::fs::symlink("/dev/zero", &link).unwrap();
    for path in [&fifo, &folder, &link] {
        let error = Checkpoint::read(path).unwrap_err().to_string();
        assert!(error.ends_with("cannot read it: it is not a regular file"), "{error}");
    }
    let latest = dir.latest().unwrap().unwrap();
    assert_eq!((latest.step, latest.skipped.len()), (5, 3));
    // They are nobody's to remove, and do not count among those that are kept.
    save(1000);
    assert_eq!(dir.files().unwrap().len(), 1);
    assert!(folder.exists() && fs::symlink_metadata(&fifo).is_ok());
}

#[test]
fn a_copy_under_another_steps_name_is_not_taken_for_it() {
    let temporary = tempfile::tempdir().unwrap();
    let dir = CheckpointDir::open(temporary.path(), 5).unwrap();
    let file = dir.save(10, Writer::new().module("x", &x(1.0))).unwrap();
    let copy = temporary.path().join(format!("step-{:012}.safetensors", 999));
    fs::copy(&file, &copy).unwrap();
    let latest = dir.latest().unwrap().unwrap();
    assert_eq!(latest.step, 10);
    assert!(
        latest.skipped[0].to_string().ends_with(
            "step 999 by its name, but written at step 10; keep copies in another directory"
        ),
        "{:?}",
        latest.skipped
    );
    // Names that no step has.
    for name in ["step-5.safetensors", "step-+00000000099.safetensors", "step-.safetensors"] {
        fs::copy(&file, temporary.path().join(name)).unwrap();
    }
    assert_eq!(dir.files().unwrap().len(), 2);
    // A single file that was written by itself has no step to disagree with.
    fs::remove_file(&copy).unwrap();
    Writer::new().module("x", &x(2.0)).write(&copy).unwrap();
    assert_eq!(dir.latest().unwrap().unwrap().step, 999);
}

#[test]
fn a_locked_directory_is_locked_for_all_others() {
    let temporary = tempfile::tempdir().unwrap();
    let open = || CheckpointDir::open(temporary.path(), 1).unwrap();
    let stale = temporary.path().join(".step-000000000007.safetensors.tmp");
    fs::write(&stale, "left by a process that was killed").unwrap();
    let other = temporary.path().join(".mine.tmp");
    fs::write(&other, "somebody's own").unwrap();
    let lock = open().lock().unwrap();
    assert!(!stale.exists() && other.exists());
    let error = open().lock().unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "{}: another training runs here; wait until it ends, or choose another directory",
            temporary.path().display()
        )
    );
    drop(lock);
    drop(open().lock().unwrap());
}
