//! Raw numbers as losses and ids.

#[cfg(feature = "import")]
use std::fmt::Debug;

use seedbed_kernels::half::{bf16, f16};

/// The kinds of numbers that files hold.
#[cfg_attr(not(feature = "import"), allow(dead_code, reason = "Parquet files have fewer"))]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    F16,
    /// The upper half of an `F32`.
    BF16,
    F32,
    F64,
    I8,
    I16,
    I32,
    I64,
    U8,
    U16,
    U32,
    U64,
}

/// The first number that is no id.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct NoId {
    /// Its position.
    pub(super) at: usize,
    /// Its value, if it is a whole number; then it is negative.
    pub(super) value: Option<i64>,
}

impl Kind {
    /// Bytes of one number.
    pub(super) fn size(self) -> usize {
        match self {
            Self::I8 | Self::U8 => 1,
            Self::F16 | Self::BF16 | Self::I16 | Self::U16 => 2,
            Self::F32 | Self::I32 | Self::U32 => 4,
            Self::F64 | Self::I64 | Self::U64 => 8,
        }
    }

    /// Little-endian numbers as losses; `None` if they are whole numbers.
    pub(super) fn losses(self, bytes: &[u8]) -> Option<Vec<f32>> {
        let each = |convert: fn(u64) -> f32| Some(self.bits(bytes).map(convert).collect());
        match self {
            Self::F16 => each(|bits| f16(bits as u16)),
            Self::BF16 => each(|bits| bf16(bits as u16)),
            Self::F32 => each(|bits| f32::from_bits(bits as u32)),
            Self::F64 => each(|bits| f64::from_bits(bits) as f32),
            _ => None,
        }
    }

    /// Little-endian numbers as ids.
    pub(super) fn ids(self, bytes: &[u8]) -> Result<Vec<u64>, NoId> {
        let signed = |convert: fn(u64) -> i64| ids_of_signed(self.bits(bytes).map(convert));
        match self {
            Self::U8 | Self::U16 | Self::U32 | Self::U64 => Ok(self.bits(bytes).collect()),
            Self::I8 => signed(|bits| (bits as i8).into()),
            Self::I16 => signed(|bits| (bits as i16).into()),
            Self::I32 => signed(|bits| (bits as i32).into()),
            Self::I64 => signed(|bits| bits as i64),
            Self::F16 | Self::BF16 | Self::F32 | Self::F64 => Err(NoId { at: 0, value: None }),
        }
    }

    /// How one number is written.
    #[cfg(feature = "parquet")]
    pub(super) fn text(self, bytes: &[u8]) -> String {
        if self == Self::F64 {
            return self.bits(bytes).map(|bits| f64::from_bits(bits).to_string()).collect();
        }
        let whole = || match self.ids(bytes) {
            Ok(ids) => ids.first().map(u64::to_string),
            Err(NoId { value, .. }) => value.map(|value| value.to_string()),
        };
        let float = self.losses(bytes).and_then(|losses| losses.first().map(f32::to_string));
        float.or_else(whole).unwrap_or_default()
    }

    /// Each number's bits.
    fn bits(self, bytes: &[u8]) -> impl Iterator<Item = u64> {
        let bits = |bytes: &[u8]| bytes.iter().rev().fold(0, |n, &byte| n << 8 | u64::from(byte));
        bytes.chunks_exact(self.size()).map(bits)
    }
}

/// Numbers of a type with a sign as ids.
pub(super) fn ids_of_signed(numbers: impl Iterator<Item = i64>) -> Result<Vec<u64>, NoId> {
    let id = |(at, number)| u64::try_from(number).map_err(|_| NoId { at, value: Some(number) });
    numbers.enumerate().map(id).collect()
}

/// What is wrong with ids.
#[cfg(feature = "import")]
pub(super) fn no_ids(kind: impl Debug, bad: &NoId) -> String {
    match bad.value {
        Some(number) => format!("the id {number}, at position {}, is negative", bad.at),
        None => format!("holds {kind:?}, ids must be whole numbers"),
    }
}

/// What is wrong with losses.
#[cfg(feature = "import")]
pub(super) fn no_losses(kind: impl Debug) -> String {
    format!("holds {kind:?}, losses must be floats (F16, BF16, F32 or F64)")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_of_every_width_are_ids() {
        assert_eq!(Kind::U8.ids(&[0, 255]), Ok(vec![0, 255]));
        assert_eq!(Kind::U16.ids(&[1, 1, 255, 255]), Ok(vec![257, 65_535]));
        assert_eq!(Kind::U64.ids(&[255; 8]), Ok(vec![u64::MAX]));
        assert_eq!(Kind::I8.ids(&[1, 254]), Err(NoId { at: 1, value: Some(-2) }));
        assert_eq!(Kind::I16.ids(&[0, 128]), Err(NoId { at: 0, value: Some(-32_768) }));
        assert_eq!(Kind::I32.ids(&[255, 255, 255, 127]), Ok(vec![i32::MAX as u64]));
        assert_eq!(Kind::F16.ids(&[]), Err(NoId { at: 0, value: None }));
        assert_eq!(Kind::BF16.losses(&[0x80, 0x3f, 0, 0xc0]), Some(vec![1.0, -2.0]));
        assert_eq!(Kind::I64.losses(&[0; 8]), None);
    }
}
