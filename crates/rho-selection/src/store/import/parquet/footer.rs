//! The description at the end of a Parquet file: its columns, and where their numbers lie.

use super::super::numbers::Kind as Number;
use super::thrift::{Kind, Thrift, Wrong};

/// A column, as far as it can be told from its description.
pub(super) struct Column {
    pub(super) name: String,
    /// Where it stands among the columns that have numbers of their own; `None` for lists and structures.
    pub(super) leaf: Option<usize>,
    /// What it holds: numbers, or what else.
    pub(super) holds: Result<Number, &'static str>,
    /// Whether a value may be null.
    pub(super) optional: bool,
}

/// Rows that are stored together.
pub(super) struct Group {
    pub(super) rows: u64,
    /// The parts of the columns that were asked for.
    pub(super) chunks: [Chunk; 2],
}

/// A column's part of a group.
#[derive(Clone, Copy, Default)]
pub(super) struct Chunk {
    pub(super) start: u64,
    pub(super) bytes: u64,
    pub(super) codec: i64,
}

/// The columns, and how many rows the file says it has.
pub(super) fn columns(footer: &[u8]) -> Result<(Vec<Column>, u64), Wrong> {
    let (mut elements, mut rows) = (Vec::new(), 0);
    Thrift::new(footer).fields(Kind::Struct, |thrift, field, kind| match field {
        2 => thrift.items(kind, |thrift, kind| {
            elements.push(Element::read(thrift, kind)?);
            Ok(())
        }),
        3 => count(thrift, kind).map(|n| rows = n),
        _ => thrift.skip(kind),
    })?;
    let mut elements = elements.into_iter();
    let root = elements.next().ok_or("it has no schema")?;
    let mut columns = Vec::new();
    let mut leaves = 0;
    for _ in 0..root.children {
        let element = elements.next().ok_or("its schema is damaged")?;
        let flat = element.children == 0 && element.repetition != Some(REPEATED);
        columns.push(Column {
            leaf: flat.then_some(leaves),
            holds: if flat { element.number() } else { Err("lists or structures") },
            optional: element.repetition == Some(OPTIONAL),
            name: element.name,
        });
        // All below it: each element makes room for its children.
        let mut below = element.children;
        leaves += usize::from(below == 0);
        while below > 0 {
            let inner = elements.next().ok_or("its schema is damaged")?;
            leaves += usize::from(inner.children == 0);
            below = below.saturating_add(inner.children) - 1;
        }
    }
    Ok((columns, rows))
}

/// The groups of rows, with where these two leaves lie in each.
pub(super) fn groups(footer: &[u8], leaves: [usize; 2]) -> Result<Vec<Group>, Wrong> {
    let mut groups = Vec::new();
    Thrift::new(footer).fields(Kind::Struct, |thrift, field, kind| match field {
        4 => thrift.items(kind, |thrift, kind| {
            groups.push(group(thrift, kind, leaves)?);
            Ok(())
        }),
        _ => thrift.skip(kind),
    })?;
    Ok(groups)
}

fn group(thrift: &mut Thrift<'_>, kind: Kind, leaves: [usize; 2]) -> Result<Group, Wrong> {
    let (mut rows, mut chunks) = (0, [None; 2]);
    thrift.fields(kind, |thrift, field, kind| match field {
        1 => {
            let mut leaf = 0;
            thrift.items(kind, |thrift, kind| {
                let found = chunk(thrift, kind)?;
                (0..2).filter(|&i| leaves[i] == leaf).for_each(|i| chunks[i] = Some(found));
                leaf += 1;
                Ok(())
            })
        }
        3 => count(thrift, kind).map(|n| rows = n),
        _ => thrift.skip(kind),
    })?;
    let [Some(first), Some(second)] = chunks else {
        return Err("a group of rows lacks a column".into());
    };
    Ok(Group { rows, chunks: [first, second] })
}

fn chunk(thrift: &mut Thrift<'_>, kind: Kind) -> Result<Chunk, Wrong> {
    let mut chunk = Chunk::default();
    let (mut data, mut dictionary) = (0, None);
    thrift.fields(kind, |thrift, field, kind| match field {
        1 => Err("it keeps its numbers in another file".into()),
        3 => thrift.fields(kind, |thrift, field, kind| match field {
            4 => thrift.int(kind).map(|codec| chunk.codec = codec),
            7 => count(thrift, kind).map(|bytes| chunk.bytes = bytes),
            9 => count(thrift, kind).map(|offset| data = offset),
            11 => count(thrift, kind).map(|offset| dictionary = Some(offset)),
            _ => thrift.skip(kind),
        }),
        8 | 9 => Err("it is encrypted".into()),
        _ => thrift.skip(kind),
    })?;
    // Some writers say that the dictionary lies at 0 where there is none: at 0 is the file's name.
    chunk.start = dictionary.filter(|&at| at > 0 && at < data).unwrap_or(data);
    Ok(chunk)
}

const OPTIONAL: i64 = 1;
const REPEATED: i64 = 2;

/// An element of the schema, which lists them parents first.
#[derive(Default)]
struct Element {
    name: String,
    physical: Option<i64>,
    length: i64,
    repetition: Option<i64>,
    children: u64,
    converted: Option<i64>,
    /// The number of the logical type; and for a whole number whether it is signed.
    logical: Option<(i64, bool)>,
}

impl Element {
    fn read(thrift: &mut Thrift<'_>, kind: Kind) -> Result<Self, Wrong> {
        let mut element = Self::default();
        thrift.fields(kind, |thrift, field, kind| match field {
            1 => thrift.int(kind).map(|n| element.physical = Some(n)),
            2 => thrift.int(kind).map(|n| element.length = n),
            3 => thrift.int(kind).map(|n| element.repetition = Some(n)),
            4 => thrift
                .bytes(kind)
                .map(|name| element.name = String::from_utf8_lossy(name).into_owned()),
            5 => count(thrift, kind).map(|n| element.children = n),
            6 => thrift.int(kind).map(|n| element.converted = Some(n)),
            10 => thrift.fields(kind, |thrift, logical, kind| {
                let mut signed = true;
                thrift.fields(kind, |thrift, field, kind| match (logical, field) {
                    (10, 2) => Thrift::flag(kind).map(|flag| signed = flag),
                    _ => thrift.skip(kind),
                })?;
                element.logical = Some((logical, signed));
                Ok(())
            }),
            _ => thrift.skip(kind),
        })?;
        Ok(element)
    }

    /// The numbers of the column.
    fn number(&self) -> Result<Number, &'static str> {
        const DECIMAL: i64 = 5;
        const WHOLE: i64 = 10;
        const FLOAT16: i64 = 15;
        let logical = self.logical.map(|(logical, _)| logical);
        // Of the older marks 11 to 14 are unsigned and 15 to 18 signed whole numbers; all others are dates, decimals and the like.
        let plain =
            matches!(logical, None | Some(WHOLE)) && matches!(self.converted, None | Some(11..=18));
        let unsigned = match self.logical {
            Some((WHOLE, signed)) => !signed,
            _ => matches!(self.converted, Some(11..=14)),
        };
        match self.physical {
            Some(1) if plain && unsigned => Ok(Number::U32),
            Some(1) if plain => Ok(Number::I32),
            Some(2) if plain && unsigned => Ok(Number::U64),
            Some(2) if plain => Ok(Number::I64),
            Some(1 | 2) if logical == Some(DECIMAL) || self.converted == Some(5) => Err("decimals"),
            Some(1 | 2) => Err("dates or times"),
            Some(4) => Ok(Number::F32),
            Some(5) => Ok(Number::F64),
            Some(7) if logical == Some(FLOAT16) && self.length == 2 => Ok(Number::F16),
            Some(0) => Err("truth values"),
            Some(6) => Err("strings or bytes"),
            _ => Err("values of another type"),
        }
    }
}

/// A number that cannot be negative.
fn count(thrift: &mut Thrift<'_>, kind: Kind) -> Result<u64, Wrong> {
    let number = thrift.int(kind)?;
    u64::try_from(number).map_err(|_| format!("its description has a count of {number}"))
}
