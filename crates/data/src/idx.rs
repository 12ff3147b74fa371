//! IDX, the format of MNIST and its relatives: arrays of numbers, plain or gzipped.
//!
//! ```text
//! 0x00 0x00  type  rank     type 0x08: u8, 0x09: i8, 0x0b: i16, 0x0c: i32, 0x0d: f32, 0x0e: f64; rank 1 to 4
//! size of each dimension    u32, big-endian
//! elements                  row-major, big-endian
//! ```
//!
//! MNIST's files are of unsigned bytes, which [`read`] reads; [`read_as`] reads the others.

use std::path::Path;

use ndarray::{Array4, ArrayD, ArrayView, Dimension, IxDyn};

use crate::error::{DataError, Problem};
use crate::source::{Limits, Source, checked_len};

const UNSIGNED_BYTE: u8 = 0x08;

/// A type of elements: `u8`, `i8`, `i16`, `i32`, `f32` or `f64`.
pub trait Element: sealed::Sealed {}

mod sealed {
    pub trait Sealed: Copy + 'static {
        /// The type's code in a file.
        const CODE: u8;
        /// How many bytes an element has.
        const BYTES: usize;
        /// The element that these bytes are.
        fn of(bytes: &[u8]) -> Self;
        /// Adds its bytes.
        fn put(self, bytes: &mut Vec<u8>);
    }
}

macro_rules! elements {
    ($($T:ty = $code:literal;)*) => { $(
        impl Element for $T {}

        impl sealed::Sealed for $T {
            const CODE: u8 = $code;
            const BYTES: usize = size_of::<$T>();
            fn of(bytes: &[u8]) -> Self {
                Self::from_be_bytes(bytes.try_into().expect("as many bytes as it has"))
            }
            fn put(self, bytes: &mut Vec<u8>) {
                bytes.extend(self.to_be_bytes());
            }
        }
    )* };
}

elements! {
    u8 = 0x08;
    i8 = 0x09;
    i16 = 0x0b;
    i32 = 0x0c;
    f32 = 0x0d;
    f64 = 0x0e;
}

/// Where the labels start in a file of rank 1.
pub(crate) const LABELS_HEADER: u64 = 8;

/// Reads an IDX file, gzipped or not, of any rank from 1 to 4.
///
/// # Errors
/// [`DataError::Io`] if the file cannot be read, [`DataError::Malformed`] if it is not a whole IDX
/// file of unsigned bytes and nothing else, or announces more than [`Limits::default`].
pub fn read(path: impl AsRef<Path>) -> Result<ArrayD<u8>, DataError> {
    decode(&mut Source::open(path.as_ref())?, Limits::default())
}

/// As [`read`], from bytes; `name` is what errors call them.
///
/// ```
/// use seedbed_data::{Limits, idx};
///
/// let bytes = [0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 3, 1, 2, 3, 4, 5, 6];
/// let array = idx::parse(&bytes, "six", Limits::default())?;
/// assert_eq!(array.shape(), [2, 3]);
/// assert_eq!(array[[1, 0]], 4);
/// # Ok::<(), seedbed_data::DataError>(())
/// ```
///
/// # Errors
/// As [`read`].
pub fn parse(
    bytes: &[u8],
    name: impl AsRef<Path>,
    limits: Limits,
) -> Result<ArrayD<u8>, DataError> {
    decode(&mut Source::of(bytes, name.as_ref())?, limits)
}

/// Reads an IDX file of elements of type `T`, gzipped or not, of any rank from 1 to 4. Nothing is converted.
///
/// # Errors
/// As [`read`], with elements of type `T` in the place of unsigned bytes.
pub fn read_as<T: Element>(path: impl AsRef<Path>) -> Result<ArrayD<T>, DataError> {
    decode_as(&mut Source::open(path.as_ref())?, Limits::default())
}

/// As [`read_as`], from bytes; `name` is what errors call them.
///
/// ```
/// use seedbed_data::{Limits, idx};
///
/// let bytes = [0, 0, 0x0b, 1, 0, 0, 0, 2, 0xff, 0xfe, 1, 0];
/// let array = idx::parse_as::<i16>(&bytes, "two", Limits::default())?;
/// assert_eq!(array.into_raw_vec_and_offset().0, [-2, 256]);
/// let other = idx::parse_as::<f32>(&bytes, "two", Limits::default());
/// assert_eq!(
///     other.unwrap_err().to_string(),
///     "two: byte 2: IDX element type 0x0b (16-bit integer); it should be 0x0d (32-bit float)"
/// );
/// # Ok::<(), seedbed_data::DataError>(())
/// ```
///
/// # Errors
/// As [`read_as`].
pub fn parse_as<T: Element>(
    bytes: &[u8],
    name: impl AsRef<Path>,
    limits: Limits,
) -> Result<ArrayD<T>, DataError> {
    decode_as(&mut Source::of(bytes, name.as_ref())?, limits)
}

/// The bytes of an (uncompressed) IDX file with this array.
///
/// ```
/// use seedbed_data::{Limits, idx};
///
/// let array = ndarray::Array::from_shape_vec((2, 2), vec![1_u8, 2, 3, 4]).unwrap();
/// let bytes = idx::encode(array.view());
/// assert_eq!(idx::parse(&bytes, "again", Limits::default())?, array.into_dyn());
/// # Ok::<(), seedbed_data::DataError>(())
/// ```
///
/// # Panics
/// If the rank is not 1 to 4, or a dimension does not fit 32 bits.
pub fn encode<T: Element, D: Dimension>(array: ArrayView<'_, T, D>) -> Vec<u8> {
    let rank = array.ndim();
    assert!((1..=4).contains(&rank), "idx::encode: rank {rank}; it should be 1 to 4");
    let mut bytes = vec![0, 0, T::CODE, rank as u8];
    for &size in array.shape() {
        let size = u32::try_from(size).expect("idx::encode: a dimension should fit 32 bits");
        bytes.extend(size.to_be_bytes());
    }
    array.iter().for_each(|x| x.put(&mut bytes));
    bytes
}

fn decode(source: &mut Source<'_>, limits: Limits) -> Result<ArrayD<u8>, DataError> {
    let expected = "an IDX file starts with 00 00 08 and its number of dimensions";
    let (shape, elements) = elements::<u8>(source, limits, expected)?;
    Ok(ArrayD::from_shape_vec(IxDyn(&shape), elements).expect("checked_len bounds the size"))
}

fn decode_as<T: Element>(source: &mut Source<'_>, limits: Limits) -> Result<ArrayD<T>, DataError> {
    let expected = "an IDX file starts with 00 00, its type and its number of dimensions";
    let (shape, bytes) = elements::<T>(source, limits, expected)?;
    let elements = bytes.chunks_exact(T::BYTES).map(T::of).collect();
    Ok(ArrayD::from_shape_vec(IxDyn(&shape), elements).expect("checked_len bounds the size"))
}

/// The shape, and the bytes of all elements.
fn elements<T: Element>(
    source: &mut Source<'_>,
    limits: Limits,
    expected: &'static str,
) -> Result<(Vec<usize>, Vec<u8>), DataError> {
    let magic = source.array::<4>()?;
    let [0, 0, element, rank] = magic else {
        return Err(source.malformed(0, Problem::Magic { found: magic.to_vec(), expected }));
    };
    if element != T::CODE {
        let (code, name) = (element, element_name(element));
        let problem = match T::CODE {
            UNSIGNED_BYTE => Problem::Element { code, name },
            expected => Problem::OtherElement {
                code,
                name,
                expected,
                expected_name: element_name(expected),
            },
        };
        return Err(source.malformed(2, problem));
    }
    if !(1..=4).contains(&rank) {
        return Err(source.malformed(3, Problem::Rank { found: rank.into(), expected: "1 to 4" }));
    }
    let mut shape = Vec::with_capacity(usize::from(rank) + 1);
    for _ in 0..rank {
        shape.push(u64::from(u32::from_be_bytes(source.array()?)));
    }
    let limit = limits.bytes.min(isize::MAX as u64);
    shape.push(T::BYTES as u64);
    let bytes = checked_len(&shape, limit);
    shape.pop();
    let Some(bytes) = bytes else {
        return Err(source.malformed(4, Problem::TooLarge { shape, limit }));
    };
    let elements = source.bytes(bytes)?;
    source.end()?;
    Ok((shape.iter().map(|&d| d as usize).collect(), elements))
}

fn element_name(code: u8) -> &'static str {
    match code {
        0x08 => "unsigned byte",
        0x09 => "signed byte",
        0x0b => "16-bit integer",
        0x0c => "32-bit integer",
        0x0d => "32-bit float",
        0x0e => "64-bit float",
        _ => "which does not exist",
    }
}

/// Grey images from an IDX file of rank 3, with a channel axis: (N, H, W, 1).
pub(crate) fn into_images(array: ArrayD<u8>, name: &Path) -> Result<Array4<u8>, DataError> {
    let &[n, h, w] = array.shape() else {
        let found = array.ndim();
        let problem = Problem::Rank { found, expected: "3 (images, rows, columns)" };
        return Err(DataError::malformed(name, 3, problem));
    };
    let pixels = array.into_raw_vec_and_offset().0;
    Ok(Array4::from_shape_vec((n, h, w, 1), pixels).expect("the same number of pixels"))
}

/// Labels from an IDX file of rank 1, each below `classes`.
pub(crate) fn into_labels(
    array: ArrayD<u8>,
    classes: usize,
    name: &Path,
) -> Result<Vec<usize>, DataError> {
    if array.ndim() != 1 {
        let problem = Problem::Rank { found: array.ndim(), expected: "1 (labels)" };
        return Err(DataError::malformed(name, 3, problem));
    }
    let labels: Vec<usize> = array.iter().map(|&label| label.into()).collect();
    match labels.iter().position(|&label| label >= classes) {
        None => Ok(labels),
        Some(i) => {
            let problem = Problem::Label { found: labels[i] as u64, classes };
            Err(DataError::malformed(name, LABELS_HEADER + i as u64, problem))
        }
    }
}
