//! The program `tokenize`, run as a user runs it.

mod bad_input;
mod inputs;
mod resume;
mod verify;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use seedbed_autodiff::{Rng, Tensor};

/// A directory for a test, and the program in it.
struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn command(&self, arguments: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tokenize"));
        command.current_dir(self.0.path()).args(arguments.split_whitespace());
        command
    }

    fn run(&self, arguments: &str) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// What it printed; it must succeed.
    fn succeeds(&self, arguments: &str) -> String {
        let output = self.run(arguments);
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments}: {error}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// What it says is wrong; it must end with 2.
    fn refuses(&self, arguments: &str) -> String {
        let output = self.run(arguments);
        let text = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments}: {text}");
        text
    }

    /// The files of a directory with their bytes, without the lock.
    fn files(&self, dir: &str) -> Vec<(String, Vec<u8>)> {
        let entries = std::fs::read_dir(self.path(dir)).unwrap().map(|e| e.unwrap().path());
        let name = |path: &Path| path.file_name().unwrap().to_str().unwrap().to_owned();
        let mut files: Vec<_> = entries
            .filter(|path| name(path) != ".lock")
            .map(|path| (name(&path), std::fs::read(&path).unwrap()))
            .collect();
        files.sort();
        files
    }

    /// The tokens of a directory of NPY files of `u16`, and their shapes.
    fn tokens(&self, dir: &str) -> (Vec<String>, Vec<u64>) {
        let files = self.files(dir).into_iter().filter(|(name, _)| name.ends_with(".npy"));
        let (mut shapes, mut tokens) = (Vec::new(), Vec::new());
        for (_, bytes) in files {
            let (shape, part) = u16_array(&bytes);
            shapes.push(shape);
            tokens.extend(part);
        }
        (shapes, tokens)
    }
}

/// The shape as it is written, and the numbers of an NPY file of `u16`.
fn u16_array(bytes: &[u8]) -> (String, Vec<u64>) {
    let begin = 10 + usize::from(u16::from_le_bytes([bytes[8], bytes[9]]));
    let header = std::str::from_utf8(&bytes[10..begin]).unwrap();
    assert!(header.contains("'descr': '<u2'"), "{header}");
    let shape = header.split("'shape': (").nth(1).unwrap().split(')').next().unwrap();
    let numbers = bytes[begin..].as_chunks().0.iter().map(|&b| u64::from(u16::from_le_bytes(b)));
    (shape.to_owned(), numbers.collect())
}

/// An NPY file of numbers that are bytes already.
fn npy_bytes(kind: &str, shape: &[usize], bytes: &[u8]) -> Vec<u8> {
    let sides: String = shape.iter().map(|side| format!("{side},")).collect();
    let header = format!("{{'descr': '{kind}', 'fortran_order': False, 'shape': ({sides}), }}\n");
    let mut file = b"\x93NUMPY\x01\x00".to_vec();
    file.extend((header.len() as u16).to_le_bytes());
    file.extend(header.as_bytes());
    file.extend(bytes);
    file
}

fn npy(shape: &[usize], numbers: &[f32]) -> Vec<u8> {
    let bytes: Vec<u8> = numbers.iter().flat_map(|x| x.to_le_bytes()).collect();
    npy_bytes("<f4", shape, &bytes)
}

/// Normal numbers.
fn normal(count: usize, seed: u64) -> Vec<f32> {
    Tensor::normal(&[count], 0.0, 1.0, &mut Rng::new(seed)).to_vec()
}

fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name)
}

/// A PNG file.
fn png(height: usize, width: usize, color: png::ColorType, bytes: &[u8]) -> Vec<u8> {
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, width as u32, height as u32);
    encoder.set_color(color);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.write_header().unwrap().write_image_data(bytes).unwrap();
    file
}

/// Pictures of three channels, as bytes.
fn pictures(count: usize, side: usize) -> Vec<Vec<u8>> {
    let pixels = side * side * 3;
    (0..count)
        .map(|k| (0..pixels).map(|i| ((i * 7 + k * 31) * (k + 3) % 256) as u8).collect())
        .collect()
}
