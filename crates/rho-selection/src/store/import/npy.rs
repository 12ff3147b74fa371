use std::path::Path;

use super::numbers::{Kind, no_ids, no_losses};
use super::{losses_of, one_column, read, refuse};
use crate::{IrreducibleLosses, StoreError};

/// Losses from a NumPy file of n floats (`numpy.save`), with ids from a second one of n whole numbers: floats of 16, 32 or 64 bits, whole numbers of
/// 8 to 64, in either order of bytes, in one dimension or as a column `(n, 1)`.
///
/// # Errors
/// If a file cannot be read, is no NPY file of one dimension and a known type, the lengths differ, an id is negative or given twice,
/// or a loss is not finite.
pub fn npy(losses: impl AsRef<Path>, ids: Option<&Path>) -> Result<IrreducibleLosses, StoreError> {
    let path = losses.as_ref();
    let (kind, bytes) = array(path)?;
    let Some(losses) = kind.losses(&bytes) else { return refuse(path, no_losses(kind)) };
    let ids = match ids {
        None => None,
        Some(ids) => {
            let (kind, bytes) = array(ids)?;
            let numbers = kind.ids(&bytes).or_else(|bad| refuse(ids, no_ids(kind, &bad)))?;
            Some(numbers)
        }
    };
    losses_of(path, ids, losses)
}

/// The type and the bytes of an array of one dimension, little-endian.
fn array(path: &Path) -> Result<(Kind, Vec<u8>), StoreError> {
    parse(&read(path)?).or_else(|what| refuse(path, what))
}

/// NEP 1: magic, version, the length of the header, the header as a Python dictionary, the numbers.
fn parse(file: &[u8]) -> Result<(Kind, Vec<u8>), String> {
    let truncated = || "is a truncated NPY file".to_owned();
    if !file.starts_with(b"\x93NUMPY") {
        return Err("is no NPY file (it begins differently)".into());
    }
    let length = |range: std::ops::Range<usize>| -> Result<usize, String> {
        let bytes = file.get(range).ok_or_else(truncated)?;
        Ok(bytes.iter().rev().fold(0, |n, &byte| n << 8 | usize::from(byte)))
    };
    let (begin, header) = match file.get(6) {
        Some(1) => (10, length(8..10)?),
        Some(2 | 3) => (12, length(8..12)?),
        _ => return Err("is an NPY file of an unknown version".into()),
    };
    let data = file.get(begin + header..).ok_or_else(truncated)?;
    let header = String::from_utf8_lossy(&file[begin..begin + header]);
    let (kind, swapped) = type_of(entry(&header, "descr").ok_or("is an NPY file without a type")?)?;
    let shape =
        entry(&header, "shape").and_then(|value| value.strip_prefix('(')?.split(')').next());
    let shape = shape.ok_or("is an NPY file without a shape")?;
    // Python 2 wrote 5L for a long 5.
    let dims = shape.split(',').map(|dim| dim.trim().trim_end_matches('L'));
    let dims: Option<Vec<usize>> =
        dims.filter(|dim| !dim.is_empty()).map(|dim| dim.parse().ok()).collect();
    let Some(count) = dims.and_then(|dims| one_column(&dims)) else {
        return Err(format!("has the shape ({shape}), must have one dimension"));
    };
    let bytes = count.checked_mul(kind.size()).and_then(|bytes| data.get(..bytes));
    let mut bytes = bytes.ok_or_else(truncated)?.to_vec();
    if swapped {
        bytes.chunks_exact_mut(kind.size()).for_each(<[u8]>::reverse);
    }
    Ok((kind, bytes))
}

/// What follows a key of the dictionary, which stands in single or double quotes.
fn entry<'a>(header: &'a str, key: &str) -> Option<&'a str> {
    ['\'', '"'].iter().find_map(|quote| {
        let (_, after) = header.split_once(&format!("{quote}{key}{quote}"))?;
        Some(after.trim_start().strip_prefix(':')?.trim_start())
    })
}

/// The type of the numbers, and whether the highest byte comes first: `<f4` and the like.
fn type_of(value: &str) -> Result<(Kind, bool), String> {
    let quoted = |quote: char| value.strip_prefix(quote)?.split(quote).next();
    let name = quoted('\'').or_else(|| quoted('"'));
    let (order, kind) = name.and_then(|name| name.split_at_checked(1)).unwrap_or(("", ""));
    let kind = match kind {
        "f2" => Some(Kind::F16),
        "f4" => Some(Kind::F32),
        "f8" => Some(Kind::F64),
        "i1" => Some(Kind::I8),
        "i2" => Some(Kind::I16),
        "i4" => Some(Kind::I32),
        "i8" => Some(Kind::I64),
        "u1" => Some(Kind::U8),
        "u2" => Some(Kind::U16),
        "u4" => Some(Kind::U32),
        "u8" => Some(Kind::U64),
        _ => None,
    };
    let native = cfg!(target_endian = "big");
    let swapped = match order {
        "<" => Some(false),
        ">" => Some(true),
        "=" => Some(native),
        // Single bytes have no order.
        "|" => kind.filter(|kind| kind.size() == 1).map(|_| false),
        _ => None,
    };
    kind.zip(swapped).ok_or_else(|| {
        let found = name.unwrap_or("a record type");
        format!("has numbers of type {found}, must be floats (f2, f4, f8) or whole numbers (i1 to i8, u1 to u8)")
    })
}
