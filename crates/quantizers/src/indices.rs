//! Indices of codes, as `u32` or `u64`.

use crate::QuantizerError;

mod sealed {
    pub trait Sealed {}
    impl Sealed for u32 {}
    impl Sealed for u64 {}
}

/// The type of an index: `u32` or `u64`.
pub trait Index: sealed::Sealed + Copy + Default + Send + Sync + std::fmt::Debug + 'static {
    /// Its bits.
    const BITS: u32;

    /// The index of this value, which must fit.
    fn of(index: u64) -> Self;

    /// The value.
    fn u64(self) -> u64;
}

impl Index for u32 {
    const BITS: u32 = 32;
    #[inline(always)]
    fn of(index: u64) -> Self {
        index as Self
    }
    #[inline(always)]
    fn u64(self) -> u64 {
        u64::from(self)
    }
}

impl Index for u64 {
    const BITS: u32 = 64;
    #[inline(always)]
    fn of(index: u64) -> Self {
        index
    }
    #[inline(always)]
    fn u64(self) -> u64 {
        self
    }
}

/// Where indices are written: `(&mut indices[..]).into()`.
#[derive(Debug)]
pub enum IndicesMut<'a> {
    /// Indices of 32 bits.
    U32(&'a mut [u32]),
    /// Indices of 64 bits.
    U64(&'a mut [u64]),
}

/// Indices that are read: `(&indices[..]).into()`.
#[derive(Clone, Copy, Debug)]
pub enum Indices<'a> {
    /// Indices of 32 bits.
    U32(&'a [u32]),
    /// Indices of 64 bits.
    U64(&'a [u64]),
}

/// Runs an expression with the slice inside, whichever type it has.
macro_rules! with_indices {
    ($Kind:ident, $indices:expr, |$x:ident| $body:expr) => {
        match $indices {
            $crate::indices::$Kind::U32($x) => $body,
            $crate::indices::$Kind::U64($x) => $body,
        }
    };
}
pub(crate) use with_indices;

impl IndicesMut<'_> {
    /// How many there are.
    pub fn len(&self) -> usize {
        with_indices!(IndicesMut, self, |x| x.len())
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The bits of one.
    pub fn bits(&self) -> u32 {
        match self {
            Self::U32(_) => 32,
            Self::U64(_) => 64,
        }
    }

    /// The same, to be read.
    pub(crate) fn as_read(&self) -> Indices<'_> {
        match self {
            Self::U32(x) => Indices::U32(x),
            Self::U64(x) => Indices::U64(x),
        }
    }

    /// Writes `index` at `at`.
    pub(crate) fn set(&mut self, at: usize, index: u64) {
        with_indices!(IndicesMut, self, |x| x[at] = Index::of(index));
    }

    /// The indices from `from` up to `to`.
    pub(crate) fn part(&mut self, from: usize, to: usize) -> IndicesMut<'_> {
        match self {
            Self::U32(x) => IndicesMut::U32(&mut x[from..to]),
            Self::U64(x) => IndicesMut::U64(&mut x[from..to]),
        }
    }
}

impl<'a> Indices<'a> {
    /// How many there are.
    pub fn len(&self) -> usize {
        with_indices!(Indices, self, |x| x.len())
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The index at `at`.
    pub(crate) fn get(&self, at: usize) -> u64 {
        with_indices!(Indices, self, |x| x[at].u64())
    }

    /// The indices from `from` up to `to`.
    pub(crate) fn part(self, from: usize, to: usize) -> Indices<'a> {
        match self {
            Self::U32(x) => Indices::U32(&x[from..to]),
            Self::U64(x) => Indices::U64(&x[from..to]),
        }
    }
}

macro_rules! from_slices {
    ($($T:ident $Kind:ident;)*) => { $(
        impl<'a> From<&'a mut [$T]> for IndicesMut<'a> {
            fn from(x: &'a mut [$T]) -> Self {
                Self::$Kind(x)
            }
        }
        impl<'a> From<&'a mut Vec<$T>> for IndicesMut<'a> {
            fn from(x: &'a mut Vec<$T>) -> Self {
                Self::$Kind(x)
            }
        }
        impl<'a> From<&'a [$T]> for Indices<'a> {
            fn from(x: &'a [$T]) -> Self {
                Self::$Kind(x)
            }
        }
        impl<'a> From<&'a Vec<$T>> for Indices<'a> {
            fn from(x: &'a Vec<$T>) -> Self {
                Self::$Kind(x)
            }
        }
        impl<'a, const N: usize> From<&'a [$T; N]> for Indices<'a> {
            fn from(x: &'a [$T; N]) -> Self {
                Self::$Kind(x)
            }
        }
    )* };
}
from_slices! {
    u32 U32;
    u64 U64;
}

/// Refuses a codebook whose indices do not fit into a type of `bits` bits.
pub(crate) fn check_type(size: u64, bits: u32) -> Result<(), QuantizerError> {
    if bits < 64 && size > 1 << bits {
        return Err(QuantizerError::IndexType { size, bits });
    }
    Ok(())
}

/// Refuses indices that name no code.
pub(crate) fn check_range<I: Index>(indices: &[I], size: u64) -> Result<(), QuantizerError> {
    match indices.iter().position(|i| i.u64() >= size) {
        None => Ok(()),
        Some(position) => {
            Err(QuantizerError::IndexRange { position, index: indices[position].u64(), size })
        }
    }
}
