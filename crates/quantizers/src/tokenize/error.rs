//! What can go wrong between files of vectors and files of tokens.

use std::io;
use std::path::{Path, PathBuf};

use seedbed_data::DataError;
use seedbed_nn::checkpoint::CheckpointError;

use crate::QuantizerError;
use crate::interop::InteropError;

/// Why a program's run gave no tokens, or nothing to compare. Every message names the file or the option, and says what would be right.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TokenizeError {
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
    /// A file does not hold what its name or its beginning says.
    #[error("{}: {problem}", file.display())]
    Malformed {
        /// The file; of an archive, the archive's path and then the entry's.
        file: PathBuf,
        /// What is wrong, and what would be right.
        problem: String,
    },
    /// An input that is neither vectors nor pictures.
    #[error(
        "{}: what is it? an input ends in .npy, .safetensors or .tar, or is a folder of PNG files", file.display()
    )]
    Unknown {
        /// The file.
        file: PathBuf,
    },
    /// Tensors, fields or files of a name that is not there.
    #[error("{}: there is no {what} {name:?}; there are: {}", file.display(), known.join(", "))]
    Missing {
        /// Where it was looked for.
        file: PathBuf,
        /// What was looked for.
        what: &'static str,
        /// Its name.
        name: String,
        /// Names that there are.
        known: Vec<String>,
    },
    /// An input has another shape than the quantizer takes.
    #[error("{}: {what} of shape {found:?}; should be {expected}", file.display())]
    Shape {
        /// The file.
        file: PathBuf,
        /// What has this shape.
        what: &'static str,
        /// The shape.
        found: Vec<usize>,
        /// What would be right.
        expected: String,
    },
    /// Items of one file of tokens whose tokens are not of one shape.
    #[error(
        "{shard}: the tokens of {name} have the shape {found:?}, those before {expected:?}: \
         one array cannot hold both; give pictures one size (--size), or write --to tar"
    )]
    Ragged {
        /// The file of tokens.
        shard: String,
        /// The item.
        name: String,
        /// The shape of its tokens.
        found: Vec<usize>,
        /// The shape of the tokens before.
        expected: Vec<usize>,
    },
    /// What was given are no arguments of the program.
    #[error("{message}")]
    Usage {
        /// What is wrong, and how the program is used.
        message: String,
    },
    /// An option is missing, or makes no sense here.
    #[error("{option}: {problem}")]
    Option {
        /// The option.
        option: &'static str,
        /// What is wrong, and what would be right.
        problem: String,
    },
    /// The output directory belongs to a run with other inputs or settings.
    #[error(
        "{}: begun with other inputs or settings, so going on would mix tokens of two kinds; \
         take another directory, or the old settings:\n{}", dir.display(), differences.join("\n")
    )]
    OtherSettings {
        /// The directory.
        dir: PathBuf,
        /// Each setting that differs, with both values.
        differences: Vec<String>,
    },
    /// The output directory has files of somebody else.
    #[error("{}: has files ({example}, …) and no manifest.json: take an empty or a new directory", dir.display())]
    NotEmpty {
        /// The directory.
        dir: PathBuf,
        /// One of the files.
        example: String,
    },
    /// Another process writes tokens to the same directory.
    #[error("{}: another process writes here; wait until it ends, or take another directory", dir.display())]
    Busy {
        /// The directory.
        dir: PathBuf,
    },
    /// A directory of tokens that is not complete.
    #[error("{}: not finished: there is no {missing}; go on with `tokenize encode` first", dir.display())]
    Unfinished {
        /// The directory.
        dir: PathBuf,
        /// The file that is missing.
        missing: String,
    },
    /// A vector cannot be quantized.
    #[error("{}: {error}", file.display())]
    Quantizer {
        /// The file of the vectors, or of the quantizer.
        file: PathBuf,
        /// Why.
        error: QuantizerError,
    },
    /// A picture cannot be read.
    #[error(transparent)]
    Picture(#[from] DataError),
    /// A state dict from elsewhere cannot be read.
    #[error(transparent)]
    Interop(#[from] InteropError),
    /// A file of ours cannot be read or written.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
}

impl TokenizeError {
    /// `map_err` for the operating system's errors.
    pub(super) fn io(file: &Path, action: &'static str) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { file: file.into(), action, source }
    }

    pub(super) fn malformed(file: impl AsRef<Path>, problem: impl Into<String>) -> Self {
        Self::Malformed { file: file.as_ref().into(), problem: problem.into() }
    }

    pub(super) fn option(option: &'static str, problem: impl Into<String>) -> Self {
        Self::Option { option, problem: problem.into() }
    }
}
