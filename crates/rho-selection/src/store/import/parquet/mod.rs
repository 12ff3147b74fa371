//! Two columns of a Parquet file.
//!
//! The usual library believes the sizes that a file gives: files of 650 bytes made it panic, loop and take 1.9 GB. What a
//! store needs of the format, flat columns of numbers, is read here, with every size held against the bytes that there are.

mod codec;
mod footer;
mod pages;
mod thrift;
mod values;

#[cfg(test)]
mod mutations;

use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use super::numbers::Kind;
use super::{losses_of, named_once, open, refuse};
use crate::{IrreducibleLosses, StoreError};
use footer::{Column, Group};
use pages::{Expected, Refused};

/// Rows that a file of no bytes could have, and rows for each byte beyond: numbers that compress better are no losses.
const ROWS: (u64, u64) = (1 << 20, 64);

/// Losses and ids from two columns of a Parquet file: plain or compressed by Snappy, gzip, Brotli, LZ4 or Zstandard. Ids are whole numbers of any
/// width, signed or not; losses are floats of 16, 32 or 64 bits. Other columns are not read.
///
/// The file need not be trusted: what is read of it takes memory and time in proportion to its size.
///
/// # Errors
/// If the file cannot be read, a column is missing, comes twice or has another type, a value is null, an id is negative or given twice, or a loss
/// is not finite.
pub fn parquet(
    path: impl AsRef<Path>,
    id: &str,
    loss: &str,
) -> Result<IrreducibleLosses, StoreError> {
    let path = path.as_ref();
    read(&mut open(path)?, path, id, loss)
}

fn read(
    file: &mut (impl Read + Seek),
    path: &Path,
    id: &str,
    loss: &str,
) -> Result<IrreducibleLosses, StoreError> {
    let (size, footer) =
        description(file).map_err(StoreError::io(path, "read it"))?.map_err(wrong(path))?;
    let (columns, rows) = footer::columns(&footer).map_err(wrong(path))?;
    if rows > ROWS.0.saturating_add(size.saturating_mul(ROWS.1)) {
        return Err(wrong(path)(format!("it has {size} bytes and says it has {rows} rows")));
    }
    let id = find(path, &columns, id, "a whole number, at least 0")?;
    let loss = find(path, &columns, loss, "a float")?;
    let groups = footer::groups(&footer, [id.leaf, loss.leaf]).map_err(wrong(path))?;
    check(&groups, rows, size).map_err(wrong(path))?;
    let ids = numbers(path, file, &groups, 0, &id)?;
    let losses = numbers(path, file, &groups, 1, &loss)?;
    let ids = id.kind.ids(&ids).or_else(|bad| id.bad(path, &ids, bad.at))?;
    let Some(losses) = loss.kind.losses(&losses) else { return loss.bad(path, &losses, 0) };
    losses_of(path, Some(ids), losses)
}

/// For `map_err`: the file is no Parquet file, or a damaged one.
fn wrong(path: &Path) -> impl FnOnce(String) -> StoreError {
    let path = path.to_owned();
    move |what| StoreError::Import { path, what: format!("cannot be read as Parquet: {what}") }
}

/// Refuses groups of other rows than the file has, and columns that are not in the file, each part once.
fn check(groups: &[Group], rows: u64, size: u64) -> Result<(), String> {
    let sum = |of: &dyn Fn(&Group) -> u64| {
        groups.iter().try_fold(0_u64, |sum, group| sum.checked_add(of(group)))
    };
    if sum(&|group| group.rows) != Some(rows) {
        return Err(format!("it says it has {rows} rows, and its groups of rows differ from that"));
    }
    let ends = groups
        .iter()
        .flat_map(|group| group.chunks.map(|chunk| chunk.start.checked_add(chunk.bytes)));
    let inside = ends.into_iter().all(|end| end.is_some_and(|end| end <= size));
    let once = |i: usize| sum(&|group| group.chunks[i].bytes).is_some_and(|sum| sum <= size);
    match inside && once(0) && once(1) {
        true => Ok(()),
        false => Err("a column lies beyond the end of the file".into()),
    }
}

/// A column of flat numbers.
struct Found<'a> {
    name: &'a str,
    leaf: usize,
    kind: Kind,
    optional: bool,
    /// What its values must be.
    right: &'static str,
}

impl Found<'_> {
    /// Refuses the value of a row.
    fn bad<T>(&self, path: &Path, numbers: &[u8], row: usize) -> Result<T, StoreError> {
        let size = self.kind.size();
        let value = numbers.get(row * size..).and_then(|rest| rest.get(..size));
        let value = value.map_or_else(|| "missing".into(), |bytes| self.kind.text(bytes));
        refuse(path, format!("row {row}: {} is {value}, must be {}", self.name, self.right))
    }
}

fn find<'a>(
    path: &Path,
    columns: &'a [Column],
    wanted: &str,
    right: &'static str,
) -> Result<Found<'a>, StoreError> {
    let names: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
    let at = named_once(path, "column", &names, wanted)?;
    let column = &columns[at];
    match (&column.holds, column.leaf) {
        (&Ok(kind), Some(leaf)) => {
            Ok(Found { name: &column.name, leaf, kind, optional: column.optional, right })
        }
        (holds, _) => {
            let what = holds.as_ref().err().unwrap_or(&"lists or structures");
            refuse(path, format!("the column {wanted:?} holds {what}, must hold numbers"))
        }
    }
}

/// The size of the file, and the description at its end; or what is wrong with it.
fn description(file: &mut (impl Read + Seek)) -> std::io::Result<Result<(u64, Vec<u8>), String>> {
    const MAGIC: &[u8; 4] = b"PAR1";
    let size = file.seek(SeekFrom::End(0))?;
    let (mut first, mut last) = ([0; 4], [0; 8]);
    if size < 12 {
        return Ok(Err("it is too short".into()));
    }
    file.seek(SeekFrom::Start(0))?;
    file.read_exact(&mut first)?;
    file.seek(SeekFrom::End(-8))?;
    file.read_exact(&mut last)?;
    let [length @ .., _, _, _, _] = last;
    if last.ends_with(b"PARE") {
        return Ok(Err("it is encrypted".into()));
    }
    if first != *MAGIC || !last.ends_with(MAGIC) {
        return Ok(Err("it does not begin and end with PAR1".into()));
    }
    let length = u64::from(u32::from_le_bytes(length));
    if length > size - 12 {
        return Ok(Err("its description is longer than the file".into()));
    }
    file.seek(SeekFrom::Start(size - 8 - length))?;
    let mut footer = vec![0; length as usize];
    file.read_exact(&mut footer)?;
    Ok(Ok((size, footer)))
}

/// The numbers of a column, of all groups.
fn numbers(
    path: &Path,
    file: &mut (impl Read + Seek),
    groups: &[Group],
    column: usize,
    found: &Found<'_>,
) -> Result<Vec<u8>, StoreError> {
    let mut all = Vec::new();
    for group in groups {
        let chunk = group.chunks[column];
        let mut data = vec![0; chunk.bytes as usize];
        file.seek(SeekFrom::Start(chunk.start))
            .and_then(|_| file.read_exact(&mut data))
            .map_err(StoreError::io(path, "read it"))?;
        let expected = Expected {
            rows: group.rows as usize,
            size: found.kind.size(),
            optional: found.optional,
            codec: chunk.codec,
        };
        let first = all.len() / expected.size;
        match pages::read(&data, &expected) {
            Ok(numbers) => all.extend(numbers),
            Err(Refused::Damaged(what)) => return Err(wrong(path)(what)),
            Err(Refused::Null(row)) => {
                let (row, right) = (first + row, found.right);
                return refuse(path, format!("row {row}: {} is null, must be {right}", found.name));
            }
        }
    }
    Ok(all)
}
