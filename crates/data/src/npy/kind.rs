use seedbed_kernels::half::f16;

/// The type of an array's numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Kind {
    F16,
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

/// NumPy's names, without the order of bytes.
const NAMES: [(&str, Kind); 11] = [
    ("f2", Kind::F16),
    ("f4", Kind::F32),
    ("f8", Kind::F64),
    ("i1", Kind::I8),
    ("i2", Kind::I16),
    ("i4", Kind::I32),
    ("i8", Kind::I64),
    ("u1", Kind::U8),
    ("u2", Kind::U16),
    ("u4", Kind::U32),
    ("u8", Kind::U64),
];

/// Whole numbers, with sign or without.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Whole {
    /// Of the types i1 to i8.
    Signed(Vec<i64>),
    /// Of the types u1 to u8.
    Unsigned(Vec<u64>),
}

/// All numbers of little-endian bytes, each read as `$T` and changed by `$change`.
macro_rules! each {
    ($bytes:expr, $T:ty, $change:expr) => {{
        let change = $change;
        $bytes.as_chunks().0.iter().map(|&b| change(<$T>::from_le_bytes(b))).collect()
    }};
}

impl Kind {
    /// Bytes of one number.
    pub fn size(self) -> usize {
        usize::from(self.name().as_bytes()[1] - b'0')
    }

    /// NumPy's name, such as `f4`.
    pub fn name(self) -> &'static str {
        NAMES.iter().find(|(_, kind)| *kind == self).expect("every kind has a name").0
    }

    /// The name with the order of bytes that is written: `<f4`, `|u1`.
    pub(super) fn descr(self) -> String {
        format!("{}{}", if self.size() == 1 { '|' } else { '<' }, self.name())
    }

    pub(super) fn of_name(name: &str) -> Option<Self> {
        NAMES.iter().find(|(known, _)| *known == name).map(|&(_, kind)| kind)
    }

    /// Whether the numbers are floats.
    pub fn is_float(self) -> bool {
        matches!(self, Self::F16 | Self::F32 | Self::F64)
    }

    /// Little-endian numbers as `f32`; those of more digits are rounded.
    pub fn to_f32(self, bytes: &[u8]) -> Vec<f32> {
        match self {
            Self::F16 => each!(bytes, u16, f16),
            Self::F32 => each!(bytes, f32, |x| x),
            Self::F64 => each!(bytes, f64, |x| x as f32),
            Self::I8 => each!(bytes, i8, |x: i8| x.into()),
            Self::I16 => each!(bytes, i16, |x: i16| x.into()),
            Self::I32 => each!(bytes, i32, |x| x as f32),
            Self::I64 => each!(bytes, i64, |x| x as f32),
            Self::U8 => each!(bytes, u8, |x: u8| x.into()),
            Self::U16 => each!(bytes, u16, |x: u16| x.into()),
            Self::U32 => each!(bytes, u32, |x| x as f32),
            Self::U64 => each!(bytes, u64, |x| x as f32),
        }
    }

    /// Little-endian numbers as `f64`; whole numbers beyond 2⁵³ are rounded.
    pub fn to_f64(self, bytes: &[u8]) -> Vec<f64> {
        match self {
            Self::F16 => each!(bytes, u16, |x| f64::from(f16(x))),
            Self::F32 => each!(bytes, f32, |x: f32| x.into()),
            Self::F64 => each!(bytes, f64, |x| x),
            Self::I8 => each!(bytes, i8, |x: i8| x.into()),
            Self::I16 => each!(bytes, i16, |x: i16| x.into()),
            Self::I32 => each!(bytes, i32, |x: i32| x.into()),
            Self::I64 => each!(bytes, i64, |x| x as f64),
            Self::U8 => each!(bytes, u8, |x: u8| x.into()),
            Self::U16 => each!(bytes, u16, |x: u16| x.into()),
            Self::U32 => each!(bytes, u32, |x: u32| x.into()),
            Self::U64 => each!(bytes, u64, |x| x as f64),
        }
    }

    /// Little-endian whole numbers; `None` if they are floats.
    pub fn whole(self, bytes: &[u8]) -> Option<Whole> {
        Some(match self {
            Self::F16 | Self::F32 | Self::F64 => return None,
            Self::I8 => Whole::Signed(each!(bytes, i8, |x: i8| x.into())),
            Self::I16 => Whole::Signed(each!(bytes, i16, |x: i16| x.into())),
            Self::I32 => Whole::Signed(each!(bytes, i32, |x: i32| x.into())),
            Self::I64 => Whole::Signed(each!(bytes, i64, |x| x)),
            Self::U8 => Whole::Unsigned(each!(bytes, u8, |x: u8| x.into())),
            Self::U16 => Whole::Unsigned(each!(bytes, u16, |x: u16| x.into())),
            Self::U32 => Whole::Unsigned(each!(bytes, u32, |x: u32| x.into())),
            Self::U64 => Whole::Unsigned(each!(bytes, u64, |x| x)),
        })
    }
}
