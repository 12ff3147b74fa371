//! What is wrong is said with the file or the option, and nothing is left behind.

use std::fs;

use seedbed_autodiff::Rng;
use seedbed_nn::Config as _;
use seedbed_nn::checkpoint::CheckpointDir;
use seedbed_quantizers::tokenizer::{Tokenizer, TokenizerConfig};
use seedbed_quantizers::train::{FsqConfig, LearnerConfig};

use super::{Place, golden, npy, npy_bytes};

const FSQ: &str = "--format fsq --levels 8,5,5,5 --out t";

fn says(place: &Place, arguments: &str, text: &str) {
    let error = place.refuses(arguments);
    assert!(error.contains(text), "{arguments}: {error}");
    assert!(error.starts_with("tokenize: ") || error.starts_with("error: "), "{error}");
}

#[test]
fn inputs() {
    let place = Place::new();
    let write = |name: &str, bytes: &[u8]| fs::write(place.path(name), bytes).unwrap();
    write("good.npy", &npy(&[2, 4], &[0.0; 8]));
    write("wide.npy", &npy(&[2, 5], &[0.0; 10]));
    write("flat.npy", &npy(&[4], &[0.0; 4]));
    write("none.npy", &npy(&[0, 4], &[]));
    write("long.npy", &npy(&[2, 4], &[0.0; 9]));
    write("short.npy", &npy(&[2, 4], &[0.0; 7]));
    write("whole.npy", &npy_bytes("<i4", &[1, 4], &[0; 16]));
    write("huge.npy", &npy(&[1 << 40, 1 << 30, 4], &[]));
    write("zip.npy", b"PK\x03\x04 and so on");
    write("x.txt", b"");
    write("x.tar", &[3; 1024]);
    write("x.safetensors", b"\xff\xff\xff\xff\xff\xff\xff\x7f{}");
    fs::create_dir(place.path("empty")).unwrap();
    let with = |input: &str, text: &str| says(&place, &format!("encode {input} {FSQ}"), text);
    with("nowhere.npy", "nowhere.npy: cannot read it");
    with("wide.npy", "wide.npy: an item of shape [5]; should be […, 4]: the quantizer's vectors");
    with("flat.npy", "flat.npy: an array of shape [4]; should be of two axes at least");
    with("none.npy", "none.npy: has no items");
    with("long.npy", "takes ");
    with("short.npy", "takes ");
    with("whole.npy", "whole.npy: has numbers of type I32; should be floats");
    with("huge.npy", "more than can be counted");
    with("zip.npy", "zip.npy: is no NPY file");
    with("x.txt", "x.txt: what is it? an input ends in .npy, .safetensors or .tar");
    with("x.tar", "x.tar: is no archive (tar)");
    with("x.safetensors", "x.safetensors: is no safetensors file: its header would have");
    with("empty", "empty: pictures need a tokenizer");
    // One bad input among good ones.
    with("good.npy wide.npy", "wide.npy: an item of shape [5]");
    assert!(!place.path("t").exists(), "nothing was begun");
}

#[test]
fn vectors_that_are_not_finite_are_found_where_they_are() {
    let place = Place::new();
    let mut x = vec![0.0; 300_000 * 4];
    x[280_001 * 4 + 2] = f32::NAN;
    fs::write(place.path("x.npy"), npy(&[100_000, 3, 4], &x)).unwrap();
    let run = format!("encode x.npy {FSQ} --shard 30000");
    says(&place, &run, "x.npy: number 2 of vector 280001 is NaN");
    // What was made before is kept, and once the input is mended it is another.
    assert_eq!(place.tokens("t").0.len(), 3);
    assert!(!place.path("t/report.json").exists());
}

#[test]
fn options() {
    let place = Place::new();
    fs::write(place.path("x.npy"), npy(&[2, 4], &[0.0; 8])).unwrap();
    let file = golden("package-vq.safetensors");
    let vq = format!("--quantizer {}", file.display());
    let with =
        |options: &str, text: &str| says(&place, &format!("encode x.npy --out t {options}"), text);
    with("", "--quantizer: which file?");
    with("--format vq", "--quantizer: which file?");
    with("--format fsq", "--levels: which? a state dict of FSQ does not have them");
    with("--format fsq --levels 8,1", "levels[1] is 1");
    with(
        "--format fsq --levels 8,5,5,5 --dialect basque",
        "--dialect: no dialect is named \"basque\"",
    );
    with("--format fsq --levels 8,5,5,5 --heads 2", "--heads: means nothing with --format fsq");
    with(
        &format!("--format residual-vq {vq} --spherical"),
        "--spherical: means nothing with --format residual-vq",
    );
    with("--format fsq --levels 8,5,5,5 --shard 0", "--shard: is 0");
    with("--format fsq --levels 8,5,5,5 --size 0", "from 1 to 16384");
    with(&vq, "not a checkpoint: the metadata should have the entry `seedbed`");
    with(&format!("--format vq --prefix q. {vq}"), "there is no tensor `q._codebook.embed`");
    with("--quantizer x.npy --format vq", "x.npy: not a safetensors file");
    with("--quantizer none.safetensors", "none.safetensors: cannot read it");
    assert!(!place.path("t").exists(), "nothing was begun");
}

#[test]
fn tensors_and_fields_that_are_not_there() {
    let place = Place::new();
    let file = golden("package-vq.safetensors");
    let input = format!("encode {} {FSQ}", file.display());
    says(&place, &input, "--tensor: which tensor of");
    says(
        &place,
        &format!("{input} --tensor latents"),
        "there is no tensor \"latents\"; there are: ",
    );
    let mut archive = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_size(2);
    archive.append_data(&mut header, "1.seg.npy", &b"xx"[..]).unwrap();
    let mut bytes = archive.into_inner().unwrap();
    fs::write(place.path("x.tar"), &bytes).unwrap();
    says(
        &place,
        &format!("encode x.tar {FSQ}"),
        "x.tar: there is no field \"npy\"; there are: seg.npy",
    );
    says(
        &place,
        &format!("encode x.tar {FSQ} --field cls"),
        "--field: \"cls\" is neither a PNG nor an NPY",
    );
    says(&place, &format!("encode x.tar {FSQ} --field seg.npy"), "x.tar/1.seg.npy: is no NPY file");
    bytes.truncate(513);
    fs::write(place.path("cut.tar"), &bytes).unwrap();
    says(&place, &format!("encode cut.tar {FSQ} --field seg.npy"), "cut.tar: is truncated");
}

#[test]
fn directories_of_others_are_left_alone() {
    let place = Place::new();
    fs::write(place.path("x.npy"), npy(&[2, 4], &[0.0; 8])).unwrap();
    fs::create_dir(place.path("t")).unwrap();
    fs::write(place.path("t/thesis.tex"), "years of work").unwrap();
    let run = format!("encode x.npy {FSQ}");
    says(&place, &run, "t: has files (thesis.tex, …) and no manifest.json");
    fs::remove_file(place.path("t/thesis.tex")).unwrap();
    let lock = CheckpointDir::open(place.path("t"), 1).unwrap().lock().unwrap();
    says(&place, &run, "t: another process writes here");
    drop(lock);
    place.succeeds(&run);
    fs::write(place.path("t/manifest.json"), "{").unwrap();
    says(&place, &run, "manifest.json: is damaged");
}

#[test]
fn a_quantizer_that_is_damaged_is_refused() {
    let place = Place::new();
    fs::write(place.path("x.npy"), npy(&[2, 4], &[0.0; 8])).unwrap();
    let config = LearnerConfig::Fsq(FsqConfig { dim: Some(16), ..Default::default() });
    let path = place.path("q.safetensors");
    config.build::<f32>(&mut Rng::new(0)).unwrap().save(&path).unwrap();
    let run = "encode x.npy --out t --quantizer q.safetensors";
    says(&place, run, "x.npy: an item of shape [4]; should be […, 16]");
    let mut bytes = fs::read(&path).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(&path, bytes).unwrap();
    says(&place, run, "q.safetensors: corrupt: the check sum is");
}

#[test]
fn what_are_no_arguments() {
    use seedbed_quantizers::tokenize::{TokenizeError, run};
    let error = run(["encode"]).unwrap_err();
    assert!(matches!(error, TokenizeError::Usage { .. }) && error.to_string().contains("Usage"));
}

#[test]
fn extreme_options_and_manifests() {
    let place = Place::new();
    fs::write(place.path("x.npy"), npy(&[3, 4], &[0.1; 12])).unwrap();
    let shard = usize::MAX.to_string();
    place.succeeds(&format!("encode x.npy {FSQ} -q --shard {shard}"));
    // A manifest of somebody else, with more files than anybody has, or with none.
    let manifest = fs::read_to_string(place.path("t/manifest.json")).unwrap();
    let verify = "verify t t";
    place.succeeds(verify);
    for (found, there, text) in [
        ("\"items\": 3", "\"items\": 4611686018427387904", "not finished"),
        (&format!("\"shard\": {shard}"), "\"shard\": 0", "is damaged: files of 0 items"),
    ] {
        assert!(manifest.contains(found));
        let one = manifest.replace(&format!("\"shard\": {shard}"), "\"shard\": 1");
        let broken = if found.contains("items") { one } else { manifest.clone() };
        fs::write(place.path("t/manifest.json"), broken.replace(found, there)).unwrap();
        says(&place, verify, text);
    }
    // A codebook by as many heads as nobody has memory for.
    let vq = golden("package-shared.safetensors");
    let heads =
        format!("encode x.npy --quantizer {} --format vq --heads {shard} --out u", vq.display());
    let error = place.refuses(&heads);
    assert!(error.contains("at most 65536"), "{error}");
}

#[cfg(unix)]
#[test]
fn paths_that_are_no_text_and_pipes() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt as _;

    let place = Place::new();
    let [input, out] = [&b"x\xff.npy"[..], b"t\xff"].map(OsStr::from_bytes);
    fs::write(place.0.path().join(input), npy(&[3, 4], &[0.1; 12])).unwrap();
    let encode = || {
        let mut command = place.command("encode");
        command.arg(input).args(["--format", "fsq", "--levels", "8,5,5,5", "-q", "--out"]).arg(out);
        command.output().unwrap()
    };
    for _ in 0..2 {
        let output = encode();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    let mut verify = place.command("verify");
    assert!(verify.arg(out).arg(out).output().unwrap().status.success());
    let pipe = std::process::Command::new("mkfifo").arg(place.path("q.safetensors")).status();
    assert!(pipe.unwrap().success());
    fs::write(place.path("x.npy"), npy(&[3, 4], &[0.1; 12])).unwrap();
    for format in ["seedbed", "vq", "mimi"] {
        let arguments = format!("encode x.npy --quantizer q.safetensors --format {format} --out u");
        says(&place, &arguments, "regular file");
    }
}

#[test]
fn pictures_whose_sides_are_beyond_counting() {
    let place = Place::new();
    Tokenizer::<f32>::new(&TokenizerConfig::default().check().unwrap(), &mut Rng::new(9))
        .save(&place.path("tokenizer.safetensors"))
        .unwrap();
    let side = 1 << 32;
    fs::write(place.path("x.npy"), npy(&[0, side, side, 1], &[])).unwrap();
    says(
        &place,
        "encode x.npy --quantizer tokenizer.safetensors --out t",
        "more than can be counted",
    );
}

#[test]
fn a_reader_that_has_gone_is_no_error() {
    use std::process::Stdio;

    let place = Place::new();
    fs::write(place.path("x.npy"), npy(&[3, 4], &[0.1; 12])).unwrap();
    for arguments in [format!("encode x.npy {FSQ} -q"), "verify t t".to_owned()] {
        let mut child = place.command(&arguments).stdout(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        assert_eq!(child.wait().unwrap().code(), Some(0), "{arguments}");
    }
    assert!(place.path("t/report.json").exists());
}
