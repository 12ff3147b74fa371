//! Raw little-endian numbers as losses and ids.

/// The kinds of numbers that files hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    F32,
    F64,
    I32,
    I64,
    U32,
    U64,
}

impl Kind {
    /// Bytes of one number.
    pub(super) fn size(self) -> usize {
        match self {
            Self::F32 | Self::I32 | Self::U32 => 4,
            Self::F64 | Self::I64 | Self::U64 => 8,
        }
    }

    /// The numbers as losses; `None` if they are whole numbers.
    pub(super) fn losses(self, bytes: &[u8]) -> Option<Vec<f32>> {
        let each =
            |convert: fn(&[u8]) -> f32| bytes.chunks_exact(self.size()).map(convert).collect();
        match self {
            Self::F32 => Some(each(|b| f32::from_le_bytes(array(b)))),
            Self::F64 => Some(each(|b| f64::from_le_bytes(array(b)) as f32)),
            _ => None,
        }
    }

    /// The numbers as ids: `Err` has the first negative one, or `None` if they are no whole numbers.
    pub(super) fn ids(self, bytes: &[u8]) -> Result<Vec<u64>, Option<i64>> {
        let each = |convert: fn(&[u8]) -> i64| {
            let number = |bytes: &[u8]| {
                let number = convert(bytes);
                u64::try_from(number).map_err(|_| Some(number))
            };
            bytes.chunks_exact(self.size()).map(number).collect()
        };
        match self {
            Self::U64 => Ok(bytes.chunks_exact(8).map(|b| u64::from_le_bytes(array(b))).collect()),
            Self::I64 => each(|b| i64::from_le_bytes(array(b))),
            Self::U32 => each(|b| u32::from_le_bytes(array(b)).into()),
            Self::I32 => each(|b| i32::from_le_bytes(array(b)).into()),
            Self::F32 | Self::F64 => Err(None),
        }
    }
}

fn array<const N: usize>(bytes: &[u8]) -> [u8; N] {
    bytes.try_into().expect("as many bytes as the number has")
}

/// What is wrong with ids.
pub(super) fn no_ids(negative: Option<i64>) -> String {
    match negative {
        Some(number) => format!("the id {number} is negative"),
        None => "ids must be whole numbers of 32 or 64 bits".into(),
    }
}
