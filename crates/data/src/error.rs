//! What can be wrong with a data set, said with the file, the place and what would be right.

use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

/// Why a data set could not be read, built or changed.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum DataError {
    /// The operating system could not open or read a file.
    #[error("{}: {source}", file.display())]
    Io {
        /// The file or folder.
        file: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },

    /// A file does not hold what its format demands.
    ///
    /// ```
    /// use seedbed_data::{Limits, idx};
    ///
    /// let error = idx::parse(&[0, 0, 8, 1, 0, 0, 0, 3, 7, 7], "labels.idx", Limits::default());
    /// assert_eq!(
    ///     error.unwrap_err().to_string(),
    ///     "labels.idx: byte 10: the file ends here: 3 bytes should follow from byte 8, 2 do"
    /// );
    /// ```
    #[error("{}: byte {offset}: {problem}", file.display())]
    Malformed {
        /// The file; inside an archive, the archive's path and then the entry's.
        file: PathBuf,
        /// Bytes from the start of the file to the problem; of a gzipped file, of what it
        /// unpacks to.
        offset: u64,
        /// What is wrong, and what would be right.
        problem: Problem,
    },

    /// A data set is not where it was looked for.
    #[error(
        "{what} not found: there is no {} (plain or .gz) in\n{}\nTo get it: {how}",
        names.join(" or "),
        folders.iter().map(|p| format!("    {}", p.display())).collect::<Vec<_>>().join("\n")
    )]
    Missing {
        /// The data set's name.
        what: &'static str,
        /// The file's usual names.
        names: Vec<String>,
        /// Every folder in which it was looked for.
        folders: Vec<PathBuf>,
        /// Where the files come from, and where to put them.
        how: &'static str,
    },

    /// No folder of data sets was named.
    #[error(
        "no folder of data sets was named: set the environment variable {} or give a folder \
         (programs: --data DIR)",
        crate::DataDir::VARIABLE
    )]
    NoDataDir,

    /// A parameter, or something the program put together, is outside of what makes sense.
    #[error("{name} is {found}; it should be {expected}")]
    Invalid {
        /// The parameter.
        name: &'static str,
        /// Its value.
        found: String,
        /// What would be right.
        expected: String,
    },
}

impl DataError {
    pub(crate) fn io(file: &Path, source: io::Error) -> Self {
        Self::Io { file: file.to_path_buf(), source }
    }

    pub(crate) fn malformed(file: impl AsRef<Path>, offset: u64, problem: Problem) -> Self {
        Self::Malformed { file: file.as_ref().to_path_buf(), offset, problem }
    }

    pub(crate) fn invalid(
        name: &'static str,
        found: impl ToString,
        expected: impl Into<String>,
    ) -> Self {
        Self::Invalid { name, found: found.to_string(), expected: expected.into() }
    }
}

/// What is wrong with a file's contents; the `Display` text also says what would be right.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum Problem {
    /// The first bytes are not the format's.
    #[error("the file starts with {found:02x?}; {expected}")]
    Magic {
        /// The bytes that stand there.
        found: Vec<u8>,
        /// The bytes that should.
        expected: &'static str,
    },
    /// An IDX element type other than unsigned bytes.
    #[error("IDX element type 0x{code:02x} ({name}); only 0x08 (unsigned byte) is read")]
    Element {
        /// The type's code in the file.
        code: u8,
        /// Its name.
        name: &'static str,
    },
    /// An IDX element type other than the one that was asked for.
    #[error(
        "IDX element type 0x{code:02x} ({name}); it should be 0x{expected:02x} ({expected_name})"
    )]
    OtherElement {
        /// The type's code in the file.
        code: u8,
        /// Its name.
        name: &'static str,
        /// The code that would be right.
        expected: u8,
        /// Its name.
        expected_name: &'static str,
    },
    /// An array with another number of dimensions than expected.
    #[error("an array with {found} dimensions; it should have {expected}")]
    Rank {
        /// Dimensions in the file.
        found: usize,
        /// Dimensions that would be right.
        expected: &'static str,
    },
    /// The file is shorter than it announces.
    #[error("the file ends here: {needed} bytes should follow from byte {from}, {found} do")]
    Truncated {
        /// Where the missing part starts.
        from: u64,
        /// Its length.
        needed: u64,
        /// What is there of it.
        found: u64,
    },
    /// The file goes on after its announced end.
    #[error("the data should end here, but more bytes follow")]
    Trailing,
    /// The announced size overflows, or is more than the caller's [`Limits`](crate::Limits).
    #[error("shape {shape:?} is announced, which is more than the limit of {limit} bytes")]
    TooLarge {
        /// The announced shape.
        shape: Vec<u64>,
        /// The largest number of bytes that is read.
        limit: u64,
    },
    /// A header announces more than the compressed bytes could ever unpack to.
    #[error("shape {shape:?} is announced, which {packed} compressed bytes cannot hold")]
    Implausible {
        /// The announced shape.
        shape: Vec<u64>,
        /// The length of the compressed data.
        packed: u64,
    },
    /// A class number that does not exist.
    #[error("label {found}; there are {classes} classes, so it should be below {classes}")]
    Label {
        /// The label in the file.
        found: u64,
        /// The number of classes.
        classes: usize,
    },
    /// Two files, or two parts of one, that belong together have different lengths.
    #[error("{found} {what}; there should be {expected}")]
    Count {
        /// What was counted.
        what: &'static str,
        /// How many there are.
        found: usize,
        /// How many there should be.
        expected: usize,
    },
    /// Files in the right format, but of another data set.
    #[error("these are not the labels of {expected}: they start with {found:?}")]
    OtherData {
        /// The data set that was asked for.
        expected: &'static str,
        /// The first labels in the file.
        found: Vec<usize>,
    },
    /// An image of another size than the first one of its set.
    #[error("an image of {}×{} pixels; the others have {}×{}", found[0], found[1], expected[0], expected[1])]
    ImageSize {
        /// Height and width of this image.
        found: [usize; 2],
        /// Height and width of the others.
        expected: [usize; 2],
    },
    /// The gzip, zip, PNG or CSV reader's own complaint.
    #[error("broken {format}: {message}")]
    Broken {
        /// The container format.
        format: &'static str,
        /// What its reader says.
        message: String,
    },
    /// What is wrong with an NPY file.
    #[error("the file {message}")]
    Npy {
        /// What is wrong, and what would be right.
        message: String,
    },
    /// The name of an archive's entry that does not fit the data set's layout.
    #[error("the name {found:?}; it should look like {expected}")]
    Name {
        /// The name.
        found: String,
        /// The pattern.
        expected: &'static str,
    },
    /// Images without a pixel.
    #[error("shape {shape:?} is announced; no dimension should be 0")]
    NoPixels {
        /// The announced shape.
        shape: Vec<u64>,
    },
    /// A table whose rows are not numbered 0, 1, 2 …
    #[error("class {found}; the lines should be in order, so it should be {expected}")]
    Order {
        /// The number in the table.
        found: usize,
        /// The number that would be right.
        expected: usize,
    },
    /// Nothing to read where something should be.
    #[error("no {what} in it")]
    Empty {
        /// What is looked for.
        what: &'static str,
    },
}
