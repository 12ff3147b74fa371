//! The pages of a column: one after the other, each after a description of itself.

use std::borrow::Cow;

use super::codec::unpack;
use super::thrift::{Kind, Thrift, Wrong};
use super::values::{BIT_PACKED, RLE, decode, number_at, runs};

type Bytes<'a> = Cow<'a, [u8]>;

/// What is known of a column before its pages are read.
#[derive(Clone, Copy)]
pub(super) struct Expected {
    /// Rows of the group.
    pub(super) rows: usize,
    /// Bytes of a number.
    pub(super) size: usize,
    /// Whether pages say which values are null.
    pub(super) optional: bool,
    pub(super) codec: i64,
}

/// Why a column cannot be had.
pub(super) enum Refused {
    Damaged(Wrong),
    /// The row, from 0 within the group.
    Null(usize),
}

impl<W: Into<Wrong>> From<W> for Refused {
    fn from(wrong: W) -> Self {
        Self::Damaged(wrong.into())
    }
}

/// The numbers of a column's part of a group, little-endian, one a row.
pub(super) fn read(mut data: &[u8], expected: &Expected) -> Result<Vec<u8>, Refused> {
    let &Expected { rows, size, optional, codec } = expected;
    let (mut out, mut dictionary) = (Vec::new(), None);
    while out.len() < rows * size {
        if data.is_empty() {
            return Err("a column has fewer numbers than there are rows".into());
        }
        let mut thrift = Thrift::new(data);
        let page = Page::read(&mut thrift)?;
        let (packed, rest) =
            thrift.rest().split_at_checked(page.packed).ok_or("a page is cut off")?;
        data = rest;
        if page.crc.is_some_and(|crc| crc != crc32fast::hash(packed)) {
            return Err("a page is damaged (its checksum differs)".into());
        }
        let left = rows - out.len() / size;
        if page.values > if page.kind == DICTIONARY { rows } else { left } {
            return Err("a column has more numbers than there are rows".into());
        }
        // Levels and numbers take no more, however badly they are written.
        if page.unpacked > (1 << 16) + 32 * page.values {
            return Err(format!(
                "a page says it unpacks to {} bytes, which are too many for its count of numbers, {}",
                page.unpacked, page.values
            )
            .into());
        }
        match page.kind {
            DICTIONARY => {
                let unpacked = unpack(codec, packed, page.unpacked)?.into_owned();
                if dictionary.replace(unpacked).is_some() {
                    return Err("a column has two dictionaries".into());
                }
            }
            DATA | DATA_V2 => {
                let (levels, numbers) = page.parts(packed, optional, codec)?;
                let row = rows - left;
                if let Some(levels) = levels {
                    let known = all_known(&levels, page.level_encoding, page.values)?;
                    known.map_or(Ok(()), |null| Err(Refused::Null(row + null)))?;
                }
                let shape = (page.values, size);
                decode(page.encoding, &numbers, dictionary.as_deref(), shape, &mut out)?;
            }
            // Indexes; and whatever else there may be one day.
            _ => {}
        }
    }
    Ok(out)
}

const DATA: i64 = 0;
const DICTIONARY: i64 = 2;
const DATA_V2: i64 = 3;

/// What a page says of itself.
#[derive(Default)]
struct Page {
    kind: i64,
    unpacked: usize,
    packed: usize,
    crc: Option<u32>,
    values: usize,
    encoding: i64,
    level_encoding: i64,
    /// Of the second version: bytes of both kinds of levels, which are never compressed, and whether the rest is.
    levels: [usize; 2],
    compressed: bool,
}

impl Page {
    fn read(thrift: &mut Thrift<'_>) -> Result<Self, Wrong> {
        let mut page = Self { compressed: true, level_encoding: RLE, ..Self::default() };
        thrift.fields(Kind::Struct, |thrift, field, kind| match field {
            1 => thrift.int(kind).map(|n| page.kind = n),
            2 => length(thrift, kind).map(|n| page.unpacked = n),
            3 => length(thrift, kind).map(|n| page.packed = n),
            4 => thrift.int(kind).map(|n| page.crc = Some(n as u32)),
            5 => thrift.fields(kind, |thrift, field, kind| match field {
                1 => length(thrift, kind).map(|n| page.values = n),
                2 => thrift.int(kind).map(|n| page.encoding = n),
                3 => thrift.int(kind).map(|n| page.level_encoding = n),
                _ => thrift.skip(kind),
            }),
            7 => thrift.fields(kind, |thrift, field, kind| match field {
                1 => length(thrift, kind).map(|n| page.values = n),
                _ => thrift.skip(kind),
            }),
            8 => thrift.fields(kind, |thrift, field, kind| match field {
                1 => length(thrift, kind).map(|n| page.values = n),
                4 => thrift.int(kind).map(|n| page.encoding = n),
                5 => length(thrift, kind).map(|n| page.levels[1] = n),
                6 => length(thrift, kind).map(|n| page.levels[0] = n),
                7 => Thrift::flag(kind).map(|flag| page.compressed = flag),
                _ => thrift.skip(kind),
            }),
            _ => thrift.skip(kind),
        })?;
        Ok(page)
    }

    /// The levels that say which values are null, where there are such, and the numbers.
    fn parts<'a>(
        &self,
        packed: &'a [u8],
        optional: bool,
        codec: i64,
    ) -> Result<(Option<Bytes<'a>>, Bytes<'a>), Wrong> {
        if self.kind == DATA_V2 {
            let both = self.levels[0].saturating_add(self.levels[1]);
            let cut = "the levels of a page are cut off";
            let (levels, packed) = packed.split_at_checked(both).ok_or(cut)?;
            let size = self.unpacked.checked_sub(both).ok_or(cut)?;
            let codec = if self.compressed { codec } else { 0 };
            // Where there are no numbers some writers compress nothing to nothing.
            let numbers = if size == 0 { Cow::default() } else { unpack(codec, packed, size)? };
            return Ok((optional.then_some(Cow::Borrowed(&levels[self.levels[0]..])), numbers));
        }
        let all = unpack(codec, packed, self.unpacked)?;
        if !optional {
            return Ok((None, all));
        }
        let cut = "the levels of a page are cut off";
        let (begin, length) = match self.level_encoding {
            BIT_PACKED => (0, self.values.div_ceil(8)),
            RLE => {
                let length = all.first_chunk::<4>().ok_or(cut)?;
                (4, u32::from_le_bytes(*length) as usize)
            }
            other => return Err(format!("the levels of a page are in encoding {other}")),
        };
        let end = begin + length;
        let levels = all.get(begin..end).ok_or(cut)?.to_vec();
        Ok((Some(Cow::Owned(levels)), Cow::Owned(all[end..].to_vec())))
    }
}

/// The first null among levels of one bit.
fn all_known(levels: &[u8], encoding: i64, count: usize) -> Result<Option<usize>, Wrong> {
    if encoding == BIT_PACKED {
        // The old encoding has the highest bit first.
        let level = |i: usize| number_at(levels, i / 8 * 8 + 7 - i % 8, 1);
        return Ok((0..count).find(|&i| level(i) == 0));
    }
    let (mut at, mut null) = (0, None);
    runs(levels, 1, count, |level, times| {
        if level == 0 && times > 0 {
            null = null.or(Some(at));
        }
        at += times;
        Ok(())
    })?;
    Ok(null)
}

/// A size, which is a whole number of 32 bits.
fn length(thrift: &mut Thrift<'_>, kind: Kind) -> Result<usize, Wrong> {
    let number = thrift.int(kind)?;
    let size = i32::try_from(number).ok().and_then(|number| usize::try_from(number).ok());
    size.ok_or_else(|| format!("a page has a size of {number}"))
}
