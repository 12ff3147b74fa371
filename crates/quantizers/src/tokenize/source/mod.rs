//! Where vectors and pictures come from.

mod array;
mod folder;
mod image;
mod tar;

pub(super) use tar::split_name;

use std::fs::{File, Metadata};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use serde::{Deserialize, Serialize};

use super::TokenizeError;

/// Items of one shape that follow one another.
#[derive(Debug)]
pub(super) struct Run {
    pub(super) count: usize,
    /// The shape of an item: vectors are its last axis, and pictures are height, width, channels.
    pub(super) shape: Vec<usize>,
    pub(super) data: Vec<f32>,
}

/// Items in order: rows of an array, pictures, samples of an archive.
pub(super) trait Source: Send {
    /// What it is, to be told from others.
    fn about(&self) -> &About;

    /// The name of an item in an archive of tokens.
    fn name(&self, item: usize) -> String;

    /// The file that an item is in.
    fn file(&self, item: usize) -> PathBuf;

    /// How many items are read at a time.
    fn at_once(&self) -> usize;

    /// The items from `from` up to `to`.
    fn read(&mut self, from: usize, to: usize) -> Result<Vec<Run>, TokenizeError>;
}

/// What a source is: as long as this stays the same, so do its items.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct About {
    /// The name of the file or the folder.
    pub(super) name: String,
    pub(super) items: usize,
    pub(super) bytes: u64,
    /// A check sum of names, lengths and times of change.
    pub(super) fingerprint: u32,
    /// Whether items are samples (pictures, arrays of an archive), not rows of one array.
    pub(super) samples: bool,
}

/// What the quantizer takes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Wanted {
    /// Vectors of this many numbers.
    Vectors { dim: usize },
    /// Pictures of this many channels, whose sides are multiples of the stride.
    Pictures { channels: usize, stride: usize },
}

impl Wanted {
    /// Whether an item of this shape can be quantized; or what would be right.
    fn takes(self, shape: &[usize]) -> Result<(), String> {
        match self {
            Self::Vectors { dim } if shape.last() == Some(&dim) && !shape.contains(&0) => Ok(()),
            Self::Vectors { dim } => Err(format!("[…, {dim}]: the quantizer's vectors")),
            Self::Pictures { channels, stride } => match shape {
                &[height, width, found]
                    if found == channels
                        && height > 0
                        && width > 0
                        && height.is_multiple_of(stride)
                        && width.is_multiple_of(stride) =>
                {
                    Ok(())
                }
                _ => Err(format!(
                    "[height, width, {channels}] with sides that are multiples of {stride}, the tokenizer's pictures \
                     (--size gives PNG files another size)"
                )),
            },
        }
    }

    /// Refuses an item that cannot be quantized.
    fn check(self, file: &Path, shape: &[usize]) -> Result<(), TokenizeError> {
        self.takes(shape).map_err(|expected| TokenizeError::Shape {
            file: file.into(),
            what: "an item",
            found: shape.to_vec(),
            expected,
        })
    }
}

/// How files are read.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Reading {
    /// The tensor of a safetensors file.
    pub(super) tensor: Option<String>,
    /// The field of a sample of an archive.
    pub(super) field: Option<String>,
    /// [height, width] that PNG files are resized to.
    pub(super) size: Option<[usize; 2]>,
}

/// The source in a file or a folder.
pub(super) fn open(
    path: &Path,
    wanted: Wanted,
    reading: &Reading,
) -> Result<Box<dyn Source>, TokenizeError> {
    let about = std::fs::metadata(path).map_err(TokenizeError::io(path, "read it"))?;
    if about.is_dir() {
        return Ok(Box::new(folder::Folder::open(path, wanted, reading)?));
    }
    let extension = path.extension().unwrap_or_default().to_ascii_lowercase();
    match extension.to_str() {
        Some("npy") => Ok(Box::new(array::Array::npy(path, wanted)?)),
        Some("safetensors") => Ok(Box::new(array::Array::safetensors(path, wanted, reading)?)),
        Some("tar") => Ok(Box::new(tar::Archive::open(path, wanted, reading)?)),
        _ => Err(TokenizeError::Unknown { file: path.into() }),
    }
}

/// A regular file. Opening a pipe would wait for somebody to write into it.
pub(super) fn open_regular(path: &Path) -> Result<(File, Metadata), TokenizeError> {
    let metadata = std::fs::metadata(path).map_err(TokenizeError::io(path, "read it"))?;
    if !metadata.is_file() {
        return Err(TokenizeError::malformed(path, "is not a regular file"));
    }
    let file = File::open(path).map_err(TokenizeError::io(path, "open it"))?;
    Ok((file, metadata))
}

/// The check sum of what files are called, how long they are, and when they were changed.
#[derive(Default)]
struct Fingerprint {
    sum: crc32fast::Hasher,
    bytes: u64,
}

impl Fingerprint {
    fn add(&mut self, name: &str, of: &Metadata) {
        let changed = of.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
        self.sum.update(name.as_bytes());
        self.sum.update(&of.len().to_le_bytes());
        self.sum.update(&changed.unwrap_or_default().as_nanos().to_le_bytes());
        self.bytes += of.len();
    }

    fn about(self, path: &Path, items: usize, samples: bool) -> About {
        let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
        About { name, items, bytes: self.bytes, fingerprint: self.sum.finalize(), samples }
    }
}

/// Neighbours of one shape as one run.
fn runs(items: impl IntoIterator<Item = (Vec<usize>, Vec<f32>)>) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    for (shape, data) in items {
        match runs.last_mut().filter(|run| run.shape == shape) {
            Some(run) => {
                run.count += 1;
                run.data.extend(data);
            }
            None => runs.push(Run { count: 1, shape, data }),
        }
    }
    runs
}
