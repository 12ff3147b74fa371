//! Reading bytes that nobody has vouched for: plain or gzipped, counted, and never more than allowed.

use std::fs::File;
use std::io::{BufRead, BufReader, Error, ErrorKind, Read};
use std::path::{Path, PathBuf};

use crate::error::{DataError, Problem};
use crate::gzip::Members;
use crate::memory::reserve;

/// How much a reader may unpack before it gives up.
///
/// Sizes in a file's header are compared with this before anything is allocated, and memory grows
/// with the bytes that are really there: neither a lying header nor a small compressed file that
/// unpacks without end can take more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The largest number of unpacked bytes of one file; by default 1 GiB, which is enough for
    /// every data set that this crate knows.
    pub bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { bytes: 1 << 30 }
    }
}

const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];

/// A file, or bytes in its place, that is unpacked on the way if it is gzipped.
pub(crate) struct Source<'a> {
    name: PathBuf,
    reader: Box<dyn Read + 'a>,
    gzipped: bool,
    offset: u64,
    /// How long the file is, as it lies there.
    length: u64,
}

/// Opens a regular file. A pipe would be waited for until somebody writes into it.
pub(crate) fn open(path: &Path) -> Result<(File, u64), DataError> {
    let io = |e| DataError::io(path, e);
    let about = std::fs::metadata(path).map_err(io)?;
    if !about.is_file() {
        return Err(io(Error::new(ErrorKind::InvalidInput, "it is not a regular file")));
    }
    Ok((File::open(path).map_err(io)?, about.len()))
}

impl Source<'static> {
    pub(crate) fn open(path: &Path) -> Result<Self, DataError> {
        let (file, length) = open(path)?;
        Self::new(path, BufReader::with_capacity(1 << 16, file), length)
    }
}

impl<'a> Source<'a> {
    /// `name` is what errors call the bytes.
    pub(crate) fn of(bytes: &'a [u8], name: &Path) -> Result<Self, DataError> {
        Self::new(name, bytes, bytes.len() as u64)
    }

    fn new(name: &Path, mut reader: impl BufRead + 'a, length: u64) -> Result<Self, DataError> {
        // The contents decide, not the name: browsers and mirrors unpack `.gz` files at will.
        let start = reader.fill_buf().map_err(|e| DataError::io(name, e))?;
        let gzipped = start.starts_with(&GZIP_MAGIC);
        let reader: Box<dyn Read + 'a> =
            if gzipped { Box::new(Members::new(reader)) } else { Box::new(reader) };
        Ok(Self { name: name.to_path_buf(), reader, gzipped, offset: 0, length })
    }

    /// Unpacked bytes read so far.
    pub(crate) fn offset(&self) -> u64 {
        self.offset
    }

    /// At least how many bytes can be expected to follow: all of a plain file, of a gzipped one as many as it has packed.
    pub(crate) fn expected(&self) -> u64 {
        self.length.saturating_sub(self.offset)
    }

    pub(crate) fn malformed(&self, offset: u64, problem: Problem) -> DataError {
        DataError::malformed(&self.name, offset, problem)
    }

    /// The next `N` bytes.
    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N], DataError> {
        let bytes = self.bytes(N as u64)?;
        Ok(bytes.try_into().expect("bytes(N) returns N bytes"))
    }

    /// The next `length` bytes, which the caller has compared with its limit.
    pub(crate) fn bytes(&mut self, length: u64) -> Result<Vec<u8>, DataError> {
        let from = self.offset;
        let bytes = self.at_most(length)?;
        match bytes.len() as u64 {
            found if found == length => Ok(bytes),
            found => {
                let problem = Problem::Truncated { from, needed: length, found };
                Err(self.malformed(self.offset, problem))
            }
        }
    }

    /// The next bytes up to `length`; fewer only at the end.
    pub(crate) fn at_most(&mut self, length: u64) -> Result<Vec<u8>, DataError> {
        // Memory is taken as bytes arrive, so `length` itself need not be trusted.
        let most = usize::try_from(length).unwrap_or(usize::MAX);
        let first = usize::try_from(self.expected()).unwrap_or(usize::MAX).clamp(1, most.max(1));
        let mut bytes = Vec::new();
        loop {
            let more = if bytes.is_empty() { first } else { 1 }.min(most - bytes.len());
            reserve(&mut bytes, more, most).map_err(|e| DataError::io(&self.name, e))?;
            let room = (bytes.capacity().min(most) - bytes.len()) as u64;
            let result = self.reader.by_ref().take(room).read_to_end(&mut bytes);
            match result {
                Ok(read) if (read as u64) < room || bytes.len() == most => break,
                Ok(_) => {}
                Err(error) => {
                    self.offset += bytes.len() as u64;
                    return Err(self.read_error(error));
                }
            }
        }
        self.offset += bytes.len() as u64;
        Ok(bytes)
    }

    /// Checks that nothing follows.
    pub(crate) fn end(&mut self) -> Result<(), DataError> {
        let offset = self.offset;
        match self.at_most(1)?.is_empty() {
            true => Ok(()),
            false => Err(self.malformed(offset, Problem::Trailing)),
        }
    }

    /// An error for a reader that found no memory, or another of the system's.
    pub(crate) fn io(&self, error: Error) -> DataError {
        DataError::io(&self.name, error)
    }

    fn read_error(&self, error: std::io::Error) -> DataError {
        let from_decoder = matches!(
            error.kind(),
            ErrorKind::InvalidInput | ErrorKind::InvalidData | ErrorKind::UnexpectedEof
        );
        if self.gzipped && from_decoder {
            let message = match error.kind() {
                ErrorKind::UnexpectedEof => "it ends in the middle".to_string(),
                _ => error.to_string(),
            };
            self.malformed(self.offset, Problem::Broken { format: "gzip file", message })
        } else {
            DataError::io(&self.name, error)
        }
    }
}

/// The number of elements of `shape` if that is at most `limit`.
///
/// Dimensions of size zero do not hide an overflow of the others.
pub(crate) fn checked_len(shape: &[u64], limit: u64) -> Option<u64> {
    let nonzero = shape.iter().filter(|&&d| d != 0);
    let product = nonzero.copied().try_fold(1_u64, u64::checked_mul).filter(|&n| n <= limit)?;
    Some(if shape.contains(&0) { 0 } else { product })
}
