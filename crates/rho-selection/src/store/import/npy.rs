use std::fs;
use std::path::Path;

use super::numbers::{Kind, no_ids};
use super::{losses_of, refuse};
use crate::{IrreducibleLosses, StoreError};

/// Losses from a NumPy file of n floats (`numpy.save`), with ids from a second one of n whole numbers.
///
/// # Errors
/// If a file cannot be read, is no NPY file of one dimension and a known type, the lengths differ, an id is negative or given twice,
/// or a loss is not finite.
pub fn npy(losses: impl AsRef<Path>, ids: Option<&Path>) -> Result<IrreducibleLosses, StoreError> {
    let path = losses.as_ref();
    let (kind, bytes) = read(path)?;
    let Some(losses) = kind.losses(&bytes) else {
        return refuse(path, format!("holds {kind:?}, losses must be F32 or F64"));
    };
    let ids = match ids {
        None => None,
        Some(ids) => {
            let (kind, bytes) = read(ids)?;
            match kind.ids(&bytes) {
                Ok(numbers) => Some(numbers),
                Err(negative) => return refuse(ids, no_ids(negative)),
            }
        }
    };
    losses_of(path, ids, losses)
}

/// The type and the bytes of an array of one dimension.
fn read(path: &Path) -> Result<(Kind, Vec<u8>), StoreError> {
    let file = fs::read(path).map_err(StoreError::io(path, "read it"))?;
    match parse(&file) {
        Ok((kind, data)) => Ok((kind, data.to_vec())),
        Err(what) => refuse(path, what),
    }
}

/// NEP 1: magic, version, the length of the header, the header as a Python dictionary, the numbers.
fn parse(file: &[u8]) -> Result<(Kind, &[u8]), String> {
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
    let entry = |key: &str| {
        let value = header.split_once(&format!("'{key}':"))?.1.trim_start();
        Some(value)
    };
    let descr = entry("descr").and_then(|value| value.strip_prefix('\'')?.split('\'').next());
    let kind = match descr {
        Some("<f4") => Kind::F32,
        Some("<f8") => Kind::F64,
        Some("<i4") => Kind::I32,
        Some("<i8") => Kind::I64,
        Some("<u4") => Kind::U32,
        Some("<u8") => Kind::U64,
        other => {
            let found = other.unwrap_or("a record type");
            return Err(format!(
                "has numbers of type {found}, must be <f4, <f8, <i4, <i8, <u4 or <u8"
            ));
        }
    };
    let shape = entry("shape").and_then(|value| value.strip_prefix('(')?.split(')').next());
    let shape = shape.ok_or("is an NPY file without a shape")?;
    let dims: Vec<&str> = shape.split(',').map(str::trim).filter(|d| !d.is_empty()).collect();
    let count = match dims[..] {
        [n] => n.parse::<usize>().ok(),
        _ => None,
    };
    let Some(count) = count else {
        return Err(format!("has the shape ({shape}), must have one dimension"));
    };
    match count.checked_mul(kind.size()).and_then(|bytes| data.get(..bytes)) {
        Some(data) => Ok((kind, data)),
        None => Err(truncated()),
    }
}
