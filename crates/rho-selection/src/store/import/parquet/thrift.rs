//! Thrift's compact protocol, in which Parquet describes itself. Nothing is believed: a size is held against the bytes that are left,
//! and what is not looked at is skipped in a time that these bytes bound.

/// Structures within structures beyond this depth are refused; Parquet's own go to 5.
const DEPTH: u8 = 32;

/// What is wrong with a file.
pub(super) type Wrong = String;

/// What a field or an item is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    True,
    False,
    Byte,
    Int,
    Double,
    Binary,
    List,
    Map,
    Struct,
}

/// The bytes that are left to read.
pub(super) struct Thrift<'a> {
    left: &'a [u8],
    depth: u8,
}

impl<'a> Thrift<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { left: bytes, depth: 0 }
    }

    /// What follows that which was read.
    pub(super) fn rest(&self) -> &'a [u8] {
        self.left
    }

    /// A structure: `each` is given the number and the kind of every field, and must read or [skip](Self::skip) it.
    pub(super) fn fields(
        &mut self,
        kind: Kind,
        mut each: impl FnMut(&mut Self, i64, Kind) -> Result<(), Wrong>,
    ) -> Result<(), Wrong> {
        expect(kind, Kind::Struct)?;
        self.deeper(|this| {
            let mut number = 0_i64;
            loop {
                let head = this.byte()?;
                if head == 0 {
                    return Ok(());
                }
                let kind = kind_of(head & 15)?;
                number = match head >> 4 {
                    0 => zigzag(this.varint()?),
                    step => number.wrapping_add(i64::from(step)),
                };
                each(this, number, kind)?;
            }
        })
    }

    /// A list: `each` is given the kind of every item, and must read or [skip](Self::skip) it.
    pub(super) fn items(
        &mut self,
        kind: Kind,
        mut each: impl FnMut(&mut Self, Kind) -> Result<(), Wrong>,
    ) -> Result<(), Wrong> {
        expect(kind, Kind::List)?;
        self.deeper(|this| {
            let head = this.byte()?;
            let count = match head >> 4 {
                15 => this.varint()?,
                few => few.into(),
            };
            if count == 0 {
                return Ok(());
            }
            let kind = kind_of(head & 15)?;
            this.room_for(count)?;
            (0..count).try_for_each(|_| each(this, kind))
        })
    }

    /// A whole number.
    pub(super) fn int(&mut self, kind: Kind) -> Result<i64, Wrong> {
        match kind {
            Kind::Byte => Ok(i64::from(self.byte()? as i8)),
            Kind::Int => Ok(zigzag(self.varint()?)),
            _ => Err(damaged()),
        }
    }

    /// A truth value of a structure: the kind holds it.
    pub(super) fn flag(kind: Kind) -> Result<bool, Wrong> {
        match kind {
            Kind::True => Ok(true),
            Kind::False => Ok(false),
            _ => Err(damaged()),
        }
    }

    /// A string.
    pub(super) fn bytes(&mut self, kind: Kind) -> Result<&'a [u8], Wrong> {
        expect(kind, Kind::Binary)?;
        let length = self.varint()?;
        self.take(length)
    }

    /// Passes over a field of a structure.
    pub(super) fn skip(&mut self, kind: Kind) -> Result<(), Wrong> {
        match kind {
            Kind::True | Kind::False => Ok(()),
            _ => self.skip_item(kind),
        }
    }

    /// Passes over an item of a list or a map; there a truth value is a byte.
    fn skip_item(&mut self, kind: Kind) -> Result<(), Wrong> {
        match kind {
            Kind::True | Kind::False | Kind::Byte => self.byte().map(drop),
            Kind::Int => self.varint().map(drop),
            Kind::Double => self.take(8).map(drop),
            Kind::Binary => self.bytes(kind).map(drop),
            Kind::List => self.items(kind, Self::skip_item),
            Kind::Struct => self.fields(kind, |this, _, kind| this.skip(kind)),
            Kind::Map => self.deeper(|this| {
                let count = this.varint()?;
                if count == 0 {
                    return Ok(());
                }
                let kinds = this.byte()?;
                let (key, value) = (kind_of(kinds >> 4)?, kind_of(kinds & 15)?);
                this.room_for(count)?;
                (0..count).try_for_each(|_| {
                    this.skip_item(key)?;
                    this.skip_item(value)
                })
            }),
        }
    }

    fn deeper(&mut self, read: impl FnOnce(&mut Self) -> Result<(), Wrong>) -> Result<(), Wrong> {
        if self.depth == DEPTH {
            return Err(damaged());
        }
        self.depth += 1;
        read(self)?;
        self.depth -= 1;
        Ok(())
    }

    /// Every item takes a byte at least.
    fn room_for(&self, items: u64) -> Result<(), Wrong> {
        if items > self.left.len() as u64 { Err(damaged()) } else { Ok(()) }
    }

    fn take(&mut self, length: u64) -> Result<&'a [u8], Wrong> {
        let length = usize::try_from(length).map_err(|_| damaged())?;
        let (taken, left) = self.left.split_at_checked(length).ok_or_else(damaged)?;
        self.left = left;
        Ok(taken)
    }

    fn byte(&mut self) -> Result<u8, Wrong> {
        self.take(1).map(|byte| byte[0])
    }

    fn varint(&mut self) -> Result<u64, Wrong> {
        varint(&mut self.left).ok_or_else(damaged)
    }
}

/// A number in groups of seven bits, the lowest first.
pub(super) fn varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for shift in (0..70).step_by(7) {
        let (&byte, left) = bytes.split_first()?;
        *bytes = left;
        // Of the tenth byte one bit is left.
        if shift == 63 && byte > 1 {
            return None;
        }
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

/// 0, −1, 1, −2, … from 0, 1, 2, 3, …
pub(super) fn zigzag(number: u64) -> i64 {
    (number >> 1) as i64 ^ -((number & 1) as i64)
}

fn kind_of(code: u8) -> Result<Kind, Wrong> {
    Ok(match code {
        1 => Kind::True,
        2 => Kind::False,
        3 => Kind::Byte,
        4..=6 => Kind::Int,
        7 => Kind::Double,
        8 => Kind::Binary,
        9 | 10 => Kind::List,
        11 => Kind::Map,
        12 => Kind::Struct,
        _ => return Err(damaged()),
    })
}

fn expect(kind: Kind, right: Kind) -> Result<(), Wrong> {
    if kind == right { Ok(()) } else { Err(damaged()) }
}

fn damaged() -> Wrong {
    "its description is damaged".into()
}
