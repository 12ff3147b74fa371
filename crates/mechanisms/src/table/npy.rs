//! NumPy's format NPY (NEP 1): magic, version, the length of the header, the header as a Python dictionary, the numbers.

use super::Table;

/// A matrix of floats or whole numbers, little-endian, in the order of C. Its columns are named 0, 1, 2, …
pub(super) fn parse(file: &[u8]) -> Result<Table, String> {
    let short = || "is a truncated NPY file".to_owned();
    if !file.starts_with(b"\x93NUMPY") {
        return Err("is no NPY file (it begins differently)".into());
    }
    let number = |range: std::ops::Range<usize>| -> Result<usize, String> {
        let bytes = file.get(range).ok_or_else(short)?;
        Ok(bytes.iter().rev().fold(0, |n, &byte| n << 8 | usize::from(byte)))
    };
    let (begin, length) = match file.get(6) {
        Some(1) => (10, number(8..10)?),
        Some(2 | 3) => (12, number(8..12)?),
        _ => return Err("is an NPY file of an unknown version".into()),
    };
    let header = String::from_utf8_lossy(file.get(begin..begin + length).ok_or_else(short)?);
    let data = &file[begin + length..];
    let entry = |key: &str| {
        let (_, after) = header.split_once(&format!("'{key}':"))?;
        Some(after.trim_start())
    };
    if entry("fortran_order").is_some_and(|value| value.starts_with("True")) {
        return Err("is in the order of Fortran; save numpy.ascontiguousarray(table)".into());
    }
    let kind = entry("descr").and_then(|value| value.strip_prefix('\'')?.split('\'').next());
    let kind = kind.ok_or("is an NPY file of records, but should be a matrix")?;
    let shape = entry("shape").and_then(|value| value.strip_prefix('(')?.split(')').next());
    let shape = shape.ok_or("is an NPY file without a shape")?;
    let dims: Option<Vec<usize>> = shape
        .split(',')
        .map(str::trim)
        .filter(|dim| !dim.is_empty())
        .map(|dim| dim.parse().ok())
        .collect();
    let Some(&[rows, columns]) = dims.as_deref() else {
        return Err(format!("has the shape ({shape}), but should be (rows, columns)"));
    };
    let values = match kind {
        "<f8" => read(data, rows, columns, f64::from_le_bytes),
        "<f4" => read(data, rows, columns, |b| f64::from(f32::from_le_bytes(b))),
        "<i4" => read(data, rows, columns, |b| f64::from(i32::from_le_bytes(b))),
        "<i8" => read(data, rows, columns, |b| i64::from_le_bytes(b) as f64),
        _ => {
            return Err(format!(
                "has numbers of type {kind}, but should have <f8, <f4, <i8 or <i4"
            ));
        }
    };
    let names = (0..columns).map(|column| column.to_string()).collect();
    Ok(Table { names, values: values.ok_or_else(short)? })
}

/// So many numbers of N bytes; none if there are fewer.
fn read<const N: usize>(
    data: &[u8],
    rows: usize,
    columns: usize,
    number: impl Fn([u8; N]) -> f64,
) -> Option<Vec<f64>> {
    let bytes = rows.checked_mul(columns)?.checked_mul(N)?;
    let data = data.get(..bytes)?;
    Some(data.as_chunks::<N>().0.iter().map(|&bytes| number(bytes)).collect())
}
