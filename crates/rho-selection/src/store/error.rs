use std::io;
use std::path::{Path, PathBuf};

use crate::SelectionError;

/// What can be wrong with a file of irreducible losses, or with one to import.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The operating system refused.
    #[error("{}: cannot {doing}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What was tried.
        doing: &'static str,
        /// What the system says.
        source: io::Error,
    },
    /// The path names a directory, a pipe or a device.
    #[error("{}: is no regular file", path.display())]
    NotAFile {
        /// The path.
        path: PathBuf,
    },
    /// The file is something else.
    #[error("{}: is no file of irreducible losses (it begins differently)", path.display())]
    NotAStore {
        /// The file.
        path: PathBuf,
    },
    /// The file is from the future.
    #[error("{}: has version {found} of the format, this program reads version {supported}", path.display())]
    Version {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: u32,
        /// The version that can be read.
        supported: u32,
    },
    /// The file has not the length that it says it has.
    #[error("{}: has {found} bytes, must have {expected}: it is truncated or was written over", path.display())]
    Truncated {
        /// The file.
        path: PathBuf,
        /// The length by its header.
        expected: u64,
        /// Its length.
        found: u64,
    },
    /// A checksum does not fit.
    #[error("{}: {what} is damaged (the checksum differs): write the file again", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Which part.
        what: String,
    },
    /// The losses belong to another data set.
    #[error(
        "{}: has losses of the data set {data_set:?} with fingerprint {found:#018x}, expected {expected:#018x}: \
         compute them again for this data set",
        path.display()
    )]
    WrongDataSet {
        /// The file.
        path: PathBuf,
        /// The fingerprint that was asked for.
        expected: u64,
        /// The fingerprint in the file.
        found: u64,
        /// The name in the file.
        data_set: String,
    },
    /// A file to import has something else than numbers by id.
    #[error("{}: {what}", path.display())]
    Import {
        /// The file.
        path: PathBuf,
        /// What was found, and what would be right.
        what: String,
    },
    /// The numbers themselves make no sense.
    #[error("{}: {source}", path.display())]
    Losses {
        /// The file.
        path: PathBuf,
        /// What is wrong with them.
        source: SelectionError,
    },
}

impl StoreError {
    /// For `map_err` of a call to the operating system.
    pub(super) fn io(path: &Path, doing: &'static str) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { path, doing, source }
    }
}
