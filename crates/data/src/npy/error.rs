use std::io;

use thiserror::Error;

/// What is wrong with an NPY file. The text begins with a verb, so that the file's name can stand before it.
///
/// ```
/// use seedbed_data::npy;
/// let error = npy::Array::parse(b"PK\x03\x04 and so on").unwrap_err();
/// assert_eq!(error.to_string(), "is no NPY file (it begins differently)");
/// ```
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum NpyError {
    /// It does not begin with the format's magic.
    #[error("is no NPY file (it begins differently)")]
    Magic,
    /// A version of the format that is not known.
    #[error("is an NPY file of version {0}; known are 1, 2 and 3")]
    Version(u8),
    /// The file ends within its header.
    #[error("is a truncated NPY file: it ends within its header")]
    NoHeader,
    /// The header would be longer than any array's is.
    #[error("has an NPY header of {length} bytes; should be at most {most}")]
    LongHeader {
        /// Its announced length.
        length: usize,
        /// The longest that is read.
        most: usize,
    },
    /// The header has no entry of this name.
    #[error("is an NPY file without a {0}")]
    Entry(&'static str),
    /// The sides are no numbers of elements.
    #[error("has the shape ({0}); should be whole numbers from 0 on")]
    Shape(String),
    /// Elements that are no numbers, or of a type that is not read.
    #[error(
        "has numbers of type {0}; should be floats (f2, f4, f8) or whole numbers (i1 to i8, u1 to u8)"
    )]
    Type(String),
    /// Another number of bytes follows the header than the shape takes.
    #[error(
        "is {} NPY file: its shape {} takes {}, {found} follow",
        if expected.is_some_and(|n| n < *found) { "a too long" } else { "a truncated" },
        super::tuple(shape),
        expected.map_or("more than can be counted".into(), |n| format!("{n} bytes"))
    )]
    Length {
        /// The sides of the array.
        shape: Vec<usize>,
        /// Bytes that its numbers take, if they can be counted.
        expected: Option<u64>,
        /// Bytes that follow the header.
        found: u64,
    },
    /// Its numbers lie column by column, where rows are read one after the other.
    #[error("has its numbers by columns (Fortran's order); save numpy.ascontiguousarray of it")]
    ByColumns,
    /// The operating system could not read it.
    #[error("cannot be read: {0}")]
    Io(#[from] io::Error),
}
