use std::path::PathBuf;

/// What can be wrong with a state dict.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InteropError {
    /// The file cannot be read.
    #[error("{}: {source}", file.display())]
    Io {
        /// The file.
        file: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is no safetensors file.
    #[error("{}: not a safetensors file: {why}", file.display())]
    Format {
        /// The file.
        file: PathBuf,
        /// What the reader says.
        why: String,
    },
    /// A tensor that every such machine has is not there.
    #[error("{}: there is no tensor `{name}`; a state dict of pytorch-ntm has one", file.display())]
    Missing {
        /// The file.
        file: PathBuf,
        /// The tensor.
        name: String,
    },
    /// A tensor is not what it should be.
    #[error("{}: `{name}` is {found}, but should be {expected}", file.display())]
    Tensor {
        /// The file.
        file: PathBuf,
        /// The tensor.
        name: String,
        /// What it is.
        found: String,
        /// What would be right.
        expected: String,
    },
}
