use std::io::{ErrorKind, Read};

use super::{Kind, NpyError};

/// No header of an array is longer; what is says it is none.
const LONGEST: usize = 1 << 16;

/// What stands before the numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// The type of the numbers.
    pub kind: Kind,
    /// Whether the highest byte of a number comes first.
    pub big_endian: bool,
    /// Whether numbers lie column by column, in Fortran's order, and that makes a difference.
    pub by_columns: bool,
    /// The sides of the array.
    pub shape: Vec<usize>,
    /// Where the numbers begin, in bytes from the start of the file.
    pub begin: u64,
}

impl Header {
    /// Reads the header: magic, version, length, a dictionary of Python's. The numbers come next.
    ///
    /// # Errors
    /// If these are none, or the numbers are of a type that is not read.
    ///
    /// ```
    /// use seedbed_data::npy::{Header, Kind};
    /// let mut file = &b"\x93NUMPY\x01\x00\x3a\x00{'descr': '>f8', 'fortran_order': False, 'shape': (5, 2)} \n"[..];
    /// let header = Header::read(&mut file)?;
    /// assert_eq!((header.kind, header.big_endian, &header.shape[..]), (Kind::F64, true, &[5, 2][..]));
    /// assert_eq!(header.bytes(), Some(80));
    /// # Ok::<(), seedbed_data::npy::NpyError>(())
    /// ```
    pub fn read(file: &mut impl Read) -> Result<Self, NpyError> {
        let mut fill = |bytes: &mut [u8]| match file.read_exact(bytes) {
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => Err(NpyError::NoHeader),
            other => other.map_err(NpyError::Io),
        };
        let mut magic = [0; 6];
        fill(&mut magic[..1])?;
        if magic[0] != b'\x93' {
            return Err(NpyError::Magic);
        }
        fill(&mut magic[1..])?;
        if magic != *b"\x93NUMPY" {
            return Err(NpyError::Magic);
        }
        let mut version = [0; 2];
        fill(&mut version)?;
        let mut length = [0; 4];
        let width = match version[0] {
            1 => 2,
            2 | 3 => 4,
            version => return Err(NpyError::Version(version)),
        };
        fill(&mut length[..width])?;
        let length = u32::from_le_bytes(length) as usize;
        if length > LONGEST {
            return Err(NpyError::LongHeader { length, most: LONGEST });
        }
        let mut text = vec![0; length];
        fill(&mut text)?;
        let begin = (8 + width + length) as u64;
        Self::of_text(&String::from_utf8_lossy(&text), begin)
    }

    fn of_text(text: &str, begin: u64) -> Result<Self, NpyError> {
        let entry = |key| entry(text, key).ok_or(NpyError::Entry(key));
        let (kind, big_endian) = type_of(entry("descr").map_err(|_| NpyError::Entry("type"))?)?;
        let shape = entry("shape")?.strip_prefix('(').and_then(|v| v.split(')').next());
        let shape = shape.ok_or(NpyError::Entry("shape"))?;
        // Python 2 wrote 5L for a long 5.
        let sides = shape.split(',').map(|side| side.trim().trim_end_matches('L'));
        let sides: Option<Vec<usize>> =
            sides.filter(|side| !side.is_empty()).map(|side| side.parse().ok()).collect();
        let shape = sides.ok_or_else(|| NpyError::Shape(shape.to_owned()))?;
        let columns = entry("fortran_order").is_ok_and(|value| value.starts_with("True"));
        // Where all sides but one are 1, both orders are the same.
        let by_columns = columns && shape.iter().filter(|&&side| side != 1).count() > 1;
        Ok(Self { kind, big_endian, by_columns, shape, begin })
    }

    /// Bytes that the numbers take; `None` if they cannot be counted.
    pub fn bytes(&self) -> Option<u64> {
        let nonzero = self.shape.iter().filter(|&&side| side != 0);
        let size =
            nonzero.map(|&side| side as u64).try_fold(self.kind.size() as u64, u64::checked_mul)?;
        Some(if self.shape.contains(&0) { 0 } else { size })
    }

    /// Checks that exactly so many bytes follow the header.
    ///
    /// # Errors
    /// If the shape takes another number of bytes.
    pub fn check_length(&self, found: u64) -> Result<(), NpyError> {
        match self.bytes() {
            Some(expected) if expected == found => Ok(()),
            expected => Err(NpyError::Length { shape: self.shape.clone(), expected, found }),
        }
    }
}

/// What follows a key of the dictionary, which stands in single or double quotes.
fn entry<'a>(text: &'a str, key: &str) -> Option<&'a str> {
    ['\'', '"'].iter().find_map(|quote| {
        let (_, after) = text.split_once(&format!("{quote}{key}{quote}"))?;
        Some(after.trim_start().strip_prefix(':')?.trim_start())
    })
}

/// The type of the numbers, and whether the highest byte comes first: `<f4` and the like.
fn type_of(value: &str) -> Result<(Kind, bool), NpyError> {
    let quoted = |quote: char| value.strip_prefix(quote)?.split(quote).next();
    let name = quoted('\'').or_else(|| quoted('"'));
    let (order, kind) = name.and_then(|name| name.split_at_checked(1)).unwrap_or(("", ""));
    let kind = Kind::of_name(kind);
    let big_endian = match order {
        "<" => Some(false),
        ">" => Some(true),
        "=" => Some(cfg!(target_endian = "big")),
        // Single bytes have no order.
        "|" => kind.filter(|kind| kind.size() == 1).map(|_| false),
        _ => None,
    };
    let unknown = || NpyError::Type(name.unwrap_or("a record type").to_owned());
    kind.zip(big_endian).ok_or_else(unknown)
}
