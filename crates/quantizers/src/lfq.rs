//! Lookup-free quantization: each number of a vector is a bit, its sign.

use seedbed_kernels::simd::{self, Kernel};
use serde::{Deserialize, Serialize};

use crate::error::not_finite;
use crate::indices::with_indices;
use crate::quantizer::{check_decode, check_quantize};
use crate::rows::in_pieces;
use crate::{Index, Indices, IndicesMut, Quantizer, QuantizerError, Scratch};

/// Which number of a vector is which bit of the index.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BitOrder {
    /// The first number is the most significant bit, as in vector-quantize-pytorch and BSQ.
    #[default]
    FirstIsHighest,
    /// The first number is the least significant bit, as in Open-MAGVIT2.
    FirstIsLowest,
}

/// Lookup-free quantization (Yu et al. 2023): the code of a vector is `± scale` in each number, + where it is above 0.
///
/// On the sphere it is binary spherical quantization (Zhao et al. 2024): `± scale / √d`, codes of length `scale`.
///
/// ```
/// use seedbed_quantizers::{Lfq, Quantizer};
/// let lfq = Lfq::new(3)?;
/// assert_eq!(lfq.encode(&[0.5, -2.0, 0.0])?, [0b100]);
/// assert_eq!(lfq.decode(&[0b101])?, [1.0, -1.0, 1.0]);
/// # Ok::<(), seedbed_quantizers::QuantizerError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Lfq {
    /// What each number adds to the index.
    weights: Vec<u64>,
    /// The size of each number of a code.
    value: f32,
}

impl Lfq {
    /// Codes of this many bits, the first the most significant, of ±1.
    ///
    /// # Errors
    /// Unless there are from 1 to 63 bits.
    pub fn new(bits: u32) -> Result<Self, QuantizerError> {
        Self::with_options(bits, BitOrder::default(), 1.0, false)
    }

    /// Codes on the unit sphere: BSQ.
    ///
    /// # Errors
    /// Unless there are from 1 to 63 bits.
    pub fn spherical(bits: u32) -> Result<Self, QuantizerError> {
        Self::with_options(bits, BitOrder::default(), 1.0, true)
    }

    /// A codebook of this size, the first number the most significant bit, of ±1.
    ///
    /// # Errors
    /// Unless the size is a power of two from 2 to 2⁶³.
    pub fn of_size(size: u64) -> Result<Self, QuantizerError> {
        if !size.is_power_of_two() {
            return Err(QuantizerError::NotPowerOfTwo { size });
        }
        Self::new(size.trailing_zeros())
    }

    /// Codes of `± scale`, or on the sphere of radius `scale`.
    ///
    /// # Errors
    /// Unless there are from 1 to 63 bits, and the scale is finite and above 0.
    pub fn with_options(
        bits: u32,
        order: BitOrder,
        scale: f32,
        spherical: bool,
    ) -> Result<Self, QuantizerError> {
        if bits == 0 {
            return Err(QuantizerError::Empty { what: "bits" });
        }
        if bits > 63 {
            return Err(QuantizerError::TooManyCodes { what: format!("{bits} bits") });
        }
        if !(scale > 0.0 && scale.is_finite()) {
            return Err(QuantizerError::setting("scale", scale, "finite and above 0"));
        }
        let weights = (0..bits).map(|k| match order {
            BitOrder::FirstIsHighest => 1 << (bits - 1 - k),
            BitOrder::FirstIsLowest => 1 << k,
        });
        let norm = if spherical { f64::from(bits).sqrt() } else { 1.0 };
        Ok(Self { weights: weights.collect(), value: (f64::from(scale) / norm) as f32 })
    }

    /// What each number adds to the index where it is above 0.
    pub fn weights(&self) -> &[u64] {
        &self.weights
    }

    /// The size of each number of a code.
    pub fn value(&self) -> f32 {
        self.value
    }
}

/// Indices, and values unless there is no room for them. Returns whether all numbers are finite.
struct Encode<'a, I> {
    lfq: &'a Lfq,
    x: &'a [f32],
    values: &'a mut [f32],
    indices: &'a mut [I],
}

impl<I: Index> Kernel for Encode<'_, I> {
    type Out = bool;

    #[inline(always)]
    fn run<const FMA: bool>(self) -> bool {
        let Lfq { weights, value } = self.lfq;
        let dim = weights.len();
        let mut good = 0;
        if I::BITS == 32 {
            let mut narrow = [0_u32; 32];
            for (n, &w) in narrow.iter_mut().zip(weights) {
                *n = w as u32;
            }
            let narrow = &narrow[..dim];
            for (index, x) in self.indices.iter_mut().zip(self.x.chunks_exact(dim)) {
                let mut sum = 0_u32;
                for (&x, &w) in x.iter().zip(narrow) {
                    sum |= if x > 0.0 { w } else { 0 };
                    good += u32::from(x.abs() <= f32::MAX);
                }
                *index = I::of(u64::from(sum));
            }
        } else {
            for (index, x) in self.indices.iter_mut().zip(self.x.chunks_exact(dim)) {
                let mut sum = 0;
                for (&x, &w) in x.iter().zip(weights) {
                    sum |= if x > 0.0 { w } else { 0 };
                    good += u32::from(x.abs() <= f32::MAX);
                }
                *index = I::of(sum);
            }
        }
        for (y, &x) in self.values.iter_mut().zip(self.x) {
            *y = if x > 0.0 { *value } else { -value };
        }
        good == self.x.len() as u32
    }
}

impl Quantizer for Lfq {
    fn dim(&self) -> usize {
        self.weights.len()
    }

    fn codebook_size(&self, _: usize) -> u64 {
        1 << self.weights.len()
    }

    fn quantize_into(
        &self,
        x: &[f32],
        mut values: Option<&mut [f32]>,
        indices: IndicesMut<'_>,
        _: &mut Scratch,
    ) -> Result<(), QuantizerError> {
        let rows = check_quantize(self, x, values.as_deref_mut(), &indices)?;
        let (dim, values) = (self.dim(), values.unwrap_or_default());
        with_indices!(IndicesMut, indices, |indices| {
            in_pieces(rows, x.len() * 4, values, indices, |rows, values, indices| {
                let x = &x[rows.start * dim..rows.end * dim];
                let finite = simd::dispatch(Encode { lfq: self, x, values, indices });
                if finite { Ok(()) } else { not_finite(x, dim).map_or(Ok(()), Err) }
            })
        })
    }

    fn decode_into(
        &self,
        indices: Indices<'_>,
        values: &mut [f32],
        _: &mut Scratch,
    ) -> Result<(), QuantizerError> {
        let rows = check_decode(self, indices, values)?;
        with_indices!(Indices, indices, |x| crate::indices::check_range(x, self.codebook_size(0)))?;
        in_pieces(rows, values.len() * 4, values, &mut [(); 0], |rows, values, _| {
            for (row, values) in rows.zip(values.chunks_exact_mut(self.dim())) {
                let index = indices.get(row);
                for (value, weight) in values.iter_mut().zip(&self.weights) {
                    *value = if index & weight != 0 { self.value } else { -self.value };
                }
            }
            Ok(())
        })
    }
}
