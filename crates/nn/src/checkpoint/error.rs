use std::path::PathBuf;
use std::{fmt, io};

/// Why a checkpoint could not be written or read. Every message names the file, and says what would be right.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CheckpointError {
    /// The operating system refused.
    #[error("{}: cannot {action}: {source}", file.display())]
    Io {
        /// The file or directory.
        file: PathBuf,
        /// What was tried.
        action: &'static str,
        /// Why it failed.
        source: io::Error,
    },
    /// Another process is writing the same checkpoint.
    #[error("{}: another process is writing here; give each run a directory of its own", file.display())]
    Busy {
        /// The temporary file.
        file: PathBuf,
    },
    /// Another training runs in the directory.
    #[error("{}: another training runs here; wait until it ends, or choose another directory", dir.display())]
    Locked {
        /// The directory.
        dir: PathBuf,
    },
    /// The file is a copy of another step's.
    #[error("{}: step {found} by its name, but written at step {expected}; keep copies in another directory", file.display())]
    OtherStep {
        /// The file.
        file: PathBuf,
        /// The step in its name.
        found: u64,
        /// The step that it was written at.
        expected: u64,
    },
    /// What was gathered cannot be told apart in a file, or is too much for one.
    #[error("{}: not written: {problem}", file.display())]
    NotWritten {
        /// The file.
        file: PathBuf,
        /// What is in the way.
        problem: String,
    },
    /// The file ends too early.
    #[error("{}: truncated: {found} bytes, but should be {expected}", file.display())]
    Truncated {
        /// The file.
        file: PathBuf,
        /// Bytes that the file should have, as far as it can be read.
        expected: u64,
        /// Bytes that it has.
        found: u64,
    },
    /// The bytes are not those that were written.
    #[error("{}: corrupt: {problem}", file.display())]
    Corrupt {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// A safetensors file of somebody else.
    #[error("{}: not a checkpoint: the metadata should have the entry `seedbed`", file.display())]
    NotACheckpoint {
        /// The file.
        file: PathBuf,
    },
    /// Written by a version of this crate with another layout.
    #[error("{}: version {found}, but should be {expected}; read it with the version of seedbed-nn that wrote it", file.display())]
    Version {
        /// The file.
        file: PathBuf,
        /// The file's version.
        found: u64,
        /// The version that can be read.
        expected: u64,
    },
    /// The model has a tensor that the file has not.
    #[error("{}: `{tensor}` is missing; the model has it with shape {expected:?}", file.display())]
    MissingTensor {
        /// The file.
        file: PathBuf,
        /// The tensor's name.
        tensor: String,
        /// Its shape in the model.
        expected: Vec<usize>,
    },
    /// The file has a tensor that the model has not.
    #[error("{}: `{tensor}` (shape {found:?}) is not in the model; the file is of another one", file.display())]
    ExtraTensor {
        /// The file.
        file: PathBuf,
        /// The tensor's name.
        tensor: String,
        /// Its shape in the file.
        found: Vec<usize>,
    },
    /// A tensor has another shape than the model's.
    #[error("{}: `{tensor}` has shape {found:?}, but should be {expected:?}", file.display())]
    Shape {
        /// The file.
        file: PathBuf,
        /// The tensor's name.
        tensor: String,
        /// Its shape in the file.
        found: Vec<usize>,
        /// Its shape in the model.
        expected: Vec<usize>,
    },
    /// A tensor has another element type than the model's.
    #[error("{}: `{tensor}` is {found}, but should be {expected}; load it into a model of {found}", file.display())]
    Dtype {
        /// The file.
        file: PathBuf,
        /// The tensor's name.
        tensor: String,
        /// Its type in the file.
        found: String,
        /// Its type in the model.
        expected: String,
    },
    /// The file was written with another optimiser.
    #[error("{}: the optimizer is {found}, but should be {expected}", file.display())]
    Optimizer {
        /// The file.
        file: PathBuf,
        /// The name in the file.
        found: String,
        /// The name of the optimiser to load into.
        expected: String,
    },
    /// The model is not one of the configuration that it was to be written with.
    #[error("{}: not written: {problem}", file.display())]
    OtherModel {
        /// The file.
        file: PathBuf,
        /// Where model and configuration differ.
        problem: String,
    },
    /// A plain value is not in the file.
    #[error("{}: the value `{name}` is missing; there are: {}", file.display(), List(present))]
    MissingValue {
        /// The file.
        file: PathBuf,
        /// The value's name.
        name: String,
        /// The names of the values in the file.
        present: Vec<String>,
    },
    /// A plain value cannot be written, or is not of the type that is wanted.
    #[error("the value `{name}`: {source}")]
    Value {
        /// The value's name.
        name: String,
        /// What `serde` says.
        source: serde_json::Error,
    },
    /// There are checkpoints, but not one that can be read.
    #[error("{}: none of {number} checkpoints can be read; the newest: {newest}", dir.display())]
    NoneGood {
        /// The directory.
        dir: PathBuf,
        /// How many there are.
        number: usize,
        /// The error of the newest.
        newest: Box<CheckpointError>,
    },
}

impl CheckpointError {
    /// `map_err` for the operating system's errors.
    pub(crate) fn io(
        file: impl Into<PathBuf>,
        action: &'static str,
    ) -> impl FnOnce(io::Error) -> Self {
        let file = file.into();
        move |source| Self::Io { file, action, source }
    }
}

struct List<'a>(&'a [String]);

impl fmt::Display for List<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join(", "))
    }
}
