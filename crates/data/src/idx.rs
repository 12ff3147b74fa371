//! IDX, the format of MNIST and its relatives: arrays of unsigned bytes, plain or gzipped.
//!
//! ```text
//! 0x00 0x00  type  rank     type 0x08: unsigned byte; rank 1 to 4
//! size of each dimension    u32, big-endian
//! elements                  row-major
//! ```

use std::path::Path;

use ndarray::{Array4, ArrayD, ArrayView, Dimension, IxDyn};

use crate::error::{DataError, Problem};
use crate::source::{Limits, Source, checked_len};

const UNSIGNED_BYTE: u8 = 0x08;

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
pub fn encode<D: Dimension>(array: ArrayView<'_, u8, D>) -> Vec<u8> {
    let rank = array.ndim();
    assert!((1..=4).contains(&rank), "idx::encode: rank {rank}; it should be 1 to 4");
    let mut bytes = vec![0, 0, UNSIGNED_BYTE, rank as u8];
    for &size in array.shape() {
        let size = u32::try_from(size).expect("idx::encode: a dimension should fit 32 bits");
        bytes.extend(size.to_be_bytes());
    }
    bytes.extend(array.iter());
    bytes
}

fn decode(source: &mut Source<'_>, limits: Limits) -> Result<ArrayD<u8>, DataError> {
    let magic = source.array::<4>()?;
    let [0, 0, element, rank] = magic else {
        let expected = "an IDX file starts with 00 00 08 and its number of dimensions";
        return Err(source.malformed(0, Problem::Magic { found: magic.to_vec(), expected }));
    };
    if element != UNSIGNED_BYTE {
        let problem = Problem::Element { code: element, name: element_name(element) };
        return Err(source.malformed(2, problem));
    }
    if !(1..=4).contains(&rank) {
        return Err(source.malformed(3, Problem::Rank { found: rank.into(), expected: "1 to 4" }));
    }
    let mut shape = Vec::with_capacity(rank.into());
    for _ in 0..rank {
        shape.push(u64::from(u32::from_be_bytes(source.array()?)));
    }
    let limit = limits.bytes.min(isize::MAX as u64);
    let Some(len) = checked_len(&shape, limit) else {
        return Err(source.malformed(4, Problem::TooLarge { shape, limit }));
    };
    let elements = source.bytes(len)?;
    source.end()?;
    let shape: Vec<usize> = shape.iter().map(|&d| d as usize).collect();
    Ok(ArrayD::from_shape_vec(IxDyn(&shape), elements).expect("checked_len bounds the size"))
}

fn element_name(code: u8) -> &'static str {
    match code {
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
