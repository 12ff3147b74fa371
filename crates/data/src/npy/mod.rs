//! NPY, NumPy's format of one array (NEP 1, versions 1 to 3): read whole or piece by piece, and written.
//!
//! ```text
//! 93 4e 55 4d 50 59  version  length of the dictionary, little-endian
//! {'descr': '<f4', 'fortran_order': False, 'shape': (3, 2), }     padded to a multiple of 64
//! the numbers
//! ```
//!
//! Floats of 16, 32 and 64 bits and whole numbers of 8 to 64 are read, in either order of bytes and of axes, with single or double quotes.
//! Memory is taken for bytes that are there, never for what a header says.

mod error;
mod header;
mod kind;

use std::borrow::Cow;
use std::io::Read;
use std::path::Path;

pub use error::NpyError;
pub use header::Header;
pub use kind::{Kind, Whole};

use crate::error::{DataError, Problem};
use crate::memory::reserve;
use crate::source::{self, Limits};

/// An array, its numbers in the order of C and little-endian.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Array<'a> {
    kind: Kind,
    shape: Vec<usize>,
    bytes: Cow<'a, [u8]>,
}

/// Reads a file.
///
/// # Errors
/// [`DataError::Io`] if it cannot be read, [`DataError::Malformed`] if it is no whole NPY file and nothing else, or is longer than the limits allow.
///
/// ```
/// use seedbed_data::{Limits, npy};
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("x.npy");
/// std::fs::write(&path, npy::encode(&[2], &[1.5_f32, -2.0]))?;
/// assert_eq!(npy::read(&path, Limits::default())?.to_f64(), [1.5, -2.0]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn read(path: impl AsRef<Path>, limits: Limits) -> Result<Array<'static>, DataError> {
    let path = path.as_ref();
    let malformed = |offset, error| match error {
        NpyError::Io(error) => DataError::io(path, error),
        error => DataError::malformed(path, offset, Problem::Npy { message: error.to_string() }),
    };
    let (mut file, length) = source::open(path)?;
    let header = Header::read(&mut file).map_err(|error| malformed(0, error))?;
    let begin = header.begin;
    header.check_length(length.saturating_sub(begin)).map_err(|error| malformed(begin, error))?;
    let size = header.bytes().unwrap_or(u64::MAX);
    if size > limits.bytes {
        let shape = header.shape.iter().map(|&side| side as u64).collect();
        let problem = Problem::TooLarge { shape, limit: limits.bytes };
        return Err(DataError::malformed(path, begin, problem));
    }
    let mut bytes = Vec::new();
    reserve(&mut bytes, size as usize, size as usize)
        .and_then(|()| file.take(size).read_to_end(&mut bytes))
        .map_err(|error| DataError::io(path, error))?;
    Array::new(header, Cow::Owned(bytes)).map_err(|error| malformed(begin, error))
}

impl<'a> Array<'a> {
    /// The array of a whole file. Numbers that lie as they should are not copied.
    ///
    /// # Errors
    /// If it is no whole NPY file and nothing else.
    pub fn parse(file: &'a [u8]) -> Result<Self, NpyError> {
        let mut rest = file;
        let header = Header::read(&mut rest)?;
        Self::new(header, Cow::Borrowed(rest))
    }

    fn new(header: Header, mut bytes: Cow<'a, [u8]>) -> Result<Self, NpyError> {
        header.check_length(bytes.len() as u64)?;
        let Header { kind, big_endian, by_columns, shape, begin: _ } = header;
        if by_columns {
            bytes = by_rows(&shape, kind.size(), &bytes).into();
        }
        if big_endian {
            bytes.to_mut().chunks_exact_mut(kind.size()).for_each(<[u8]>::reverse);
        }
        Ok(Self { kind, shape, bytes })
    }

    /// The type of the numbers.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The sides.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// All numbers, little-endian, the last axis fastest.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// All numbers as `f32`; see [`Kind::to_f32`].
    pub fn to_f32(&self) -> Vec<f32> {
        self.kind.to_f32(&self.bytes)
    }

    /// All numbers as `f64`; see [`Kind::to_f64`].
    pub fn to_f64(&self) -> Vec<f64> {
        self.kind.to_f64(&self.bytes)
    }

    /// All numbers where they are whole; see [`Kind::whole`].
    pub fn whole(&self) -> Option<Whole> {
        self.kind.whole(&self.bytes)
    }
}

/// Elements of some bytes each, the first axis fastest, in the order of the last axis fastest.
fn by_rows(shape: &[usize], size: usize, bytes: &[u8]) -> Vec<u8> {
    let mut strides = vec![size; shape.len()];
    for axis in 1..shape.len() {
        strides[axis] = strides[axis - 1] * shape[axis - 1];
    }
    let (mut at, mut from) = (vec![0; shape.len()], 0);
    let mut rows = Vec::with_capacity(bytes.len());
    while rows.len() < bytes.len() {
        rows.extend_from_slice(&bytes[from..from + size]);
        // The next place: the last axis counts, and carries.
        for axis in (0..shape.len()).rev() {
            at[axis] += 1;
            from += strides[axis];
            if at[axis] < shape[axis] {
                break;
            }
            from -= strides[axis] * at[axis];
            at[axis] = 0;
        }
    }
    rows
}

/// A shape as Python writes it: `()`, `(3,)`, `(3, 2)`.
pub fn tuple(shape: &[usize]) -> String {
    match shape {
        [one] => format!("({one},)"),
        sides => {
            let sides: Vec<String> = sides.iter().map(usize::to_string).collect();
            format!("({})", sides.join(", "))
        }
    }
}

/// What stands before the little-endian numbers of a file that is written, version 1.
///
/// ```
/// use seedbed_data::npy::{self, Kind};
/// let mut file = npy::prefix(Kind::U16, &[2]);
/// assert_eq!(file.len() % 64, 0);
/// file.extend([7, 0, 0, 1]);
/// assert_eq!(npy::Array::parse(&file)?.to_f64(), [7.0, 256.0]);
/// # Ok::<(), npy::NpyError>(())
/// ```
///
/// # Panics
/// If there are thousands of axes, which the header has no room for.
#[track_caller]
pub fn prefix(kind: Kind, shape: &[usize]) -> Vec<u8> {
    let (descr, shape) = (kind.descr(), tuple(shape));
    let text = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}");
    // The numbers begin at a multiple of 64, after a line's end.
    let length = (10 + text.len() + 1).next_multiple_of(64) - 10;
    let mut file = b"\x93NUMPY\x01\x00".to_vec();
    let length_written =
        u16::try_from(length).unwrap_or_else(|_| panic!("npy::prefix: too many axes"));
    file.extend(length_written.to_le_bytes());
    file.extend(text.as_bytes());
    file.resize(10 + length - 1, b' ');
    file.push(b'\n');
    file
}

/// A number of a type that NPY files have.
pub trait Element: Copy {
    /// Its type.
    const KIND: Kind;
    /// Its bytes, little-endian.
    fn bytes(self) -> impl IntoIterator<Item = u8> + AsRef<[u8]>;
}

macro_rules! element {
    ($($T:ty: $kind:ident),*) => {$(
        impl Element for $T {
            const KIND: Kind = Kind::$kind;
            fn bytes(self) -> impl IntoIterator<Item = u8> + AsRef<[u8]> {
                self.to_le_bytes()
            }
        }
    )*};
}
element!(f32: F32, f64: F64, i8: I8, i16: I16, i32: I32, i64: I64, u8: U8, u16: U16, u32: U32, u64: U64);

/// A file with an array of this shape, the last axis fastest.
///
/// ```
/// use seedbed_data::npy;
/// let file = npy::encode(&[2, 3], &[1_u8, 2, 3, 4, 5, 6]);
/// assert_eq!(npy::Array::parse(&file)?.shape(), [2, 3]);
/// # Ok::<(), npy::NpyError>(())
/// ```
///
/// # Panics
/// If there are not as many numbers as the shape says.
#[track_caller]
pub fn encode<T: Element>(shape: &[usize], numbers: &[T]) -> Vec<u8> {
    let expected = shape.iter().try_fold(1_usize, |n, &side| n.checked_mul(side));
    assert_eq!(
        Some(numbers.len()),
        expected,
        "npy::encode: numbers for the shape {}",
        tuple(shape)
    );
    let mut file = prefix(T::KIND, shape);
    file.reserve_exact(size_of_val(numbers));
    file.extend(numbers.iter().flat_map(|x| x.bytes()));
    file
}
