//! Finite scalar quantization (Mentzer et al. 2023): each number of a vector is rounded to one of a few levels.

mod dialect;
mod kernel;
mod levels;
mod residual;

pub use dialect::{Axis, Dialect, Squash};
pub use levels::levels_for_bits;
pub use residual::{ResidualFsq, StageScale};

use seedbed_kernels::simd;

use crate::error::not_finite;
use crate::indices::with_indices;
use crate::quantizer::{check_decode, check_quantize};
use crate::rows::in_pieces;
use crate::{Index, Indices, IndicesMut, Quantizer, QuantizerError, Radix, Scratch};
use kernel::{Encode, Grid};

/// Finite scalar quantization: a code is a point of a grid, which is never stored.
///
/// ```
/// use seedbed_quantizers::{Fsq, Quantizer};
/// let fsq = Fsq::new(&[3, 5, 4])?;
/// assert_eq!(fsq.encode(&[0.25, 0.6, -7.0])?, [10]);
/// assert_eq!(fsq.decode(&[10])?, [0.0, 0.5, -1.0]);
/// # Ok::<(), seedbed_quantizers::QuantizerError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Fsq {
    dialect: Dialect,
    radix: Radix,
    grid: Grid,
}

impl Fsq {
    /// A grid of these levels in the default dialect, `lucidrains-1`.
    ///
    /// # Errors
    /// If there are no levels, one is below 2, or their product is above 2⁶³.
    pub fn new(levels: &[u32]) -> Result<Self, QuantizerError> {
        Self::with_dialect(levels, Dialect::default())
    }

    /// A grid of these levels.
    ///
    /// # Errors
    /// If there are no levels, the dialect has no dimension of one of them, or their product is above 2⁶³.
    pub fn with_dialect(levels: &[u32], dialect: Dialect) -> Result<Self, QuantizerError> {
        let radix = Radix::new(levels)?;
        let axes = levels.iter().enumerate().map(|(at, &l)| dialect.axis(at, l));
        Ok(Self { dialect, radix, grid: Grid::new(axes.collect::<Result<_, _>>()?) })
    }

    /// How numbers become levels.
    pub fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// Levels and indices.
    pub fn radix(&self) -> &Radix {
        &self.radix
    }

    /// The dimensions.
    pub fn axes(&self) -> &[Axis] {
        &self.grid.axes
    }

    /// The indices of codes: values such as decoding gives, or near them. Each number is taken for the level whose value is nearest.
    ///
    /// # Errors
    /// If `codes` is no rows of `dim` numbers, there is room for more or fewer indices, or a number is not finite or further
    /// from all values than half a step.
    ///
    /// ```
    /// use seedbed_quantizers::{Fsq, Quantizer};
    /// let fsq = Fsq::new(&[5; 12])?;
    /// let code = fsq.decode(&[244_140_623])?;
    /// let mut index = [0_u64];
    /// fsq.indices_of_codes(&code, (&mut index[..]).into())?;
    /// assert_eq!(index, [244_140_623]);
    /// # Ok::<(), seedbed_quantizers::QuantizerError>(())
    /// ```
    pub fn indices_of_codes(
        &self,
        codes: &[f32],
        mut indices: IndicesMut<'_>,
    ) -> Result<(), QuantizerError> {
        let (dim, basis) = (self.dim(), self.radix.basis());
        check_quantize(self, codes, None, &indices)?;
        for (row, code) in codes.chunks_exact(dim).enumerate() {
            let mut index = 0;
            for (channel, (&value, axis)) in code.iter().zip(self.axes()).enumerate() {
                let level = (value * axis.width - axis.offset) / axis.scale;
                let nearest = level.round();
                if !(-0.0..axis.levels as f32).contains(&nearest) {
                    return Err(match not_finite(&[value], 1) {
                        Some(_) => QuantizerError::NotFinite { vector: row, channel, value },
                        None => {
                            let ends = [axis.value(0), axis.value(axis.levels - 1)];
                            let expected = format!("from {} to {}", ends[0], ends[1]);
                            QuantizerError::setting("a number of a code", value, expected)
                        }
                    });
                }
                index += nearest as u64 * basis[channel];
            }
            indices.set(row, index);
        }
        Ok(())
    }

    fn quantize_typed<I: Index>(
        &self,
        rows: usize,
        x: &[f32],
        values: &mut [f32],
        indices: &mut [I],
    ) -> Result<(), QuantizerError> {
        let (dim, work) = (self.dim(), rows * self.grid.work());
        in_pieces(rows, work, values, indices, |rows, values, indices| {
            let (grid, radix, x) = (&self.grid, &self.radix, &x[rows.start * dim..rows.end * dim]);
            let finite = simd::dispatch(Encode { grid, radix, x, values, indices });
            if finite { Ok(()) } else { not_finite(x, dim).map_or(Ok(()), Err) }
        })
    }
}

impl Quantizer for Fsq {
    fn dim(&self) -> usize {
        self.grid.axes.len()
    }

    fn codebook_size(&self, _: usize) -> u64 {
        self.radix.size()
    }

    fn quantize_into(
        &self,
        x: &[f32],
        mut values: Option<&mut [f32]>,
        indices: IndicesMut<'_>,
        _: &mut Scratch,
    ) -> Result<(), QuantizerError> {
        let rows = check_quantize(self, x, values.as_deref_mut(), &indices)?;
        let values = values.unwrap_or_default();
        with_indices!(IndicesMut, indices, |indices| self.quantize_typed(rows, x, values, indices))
    }

    fn decode_into(
        &self,
        indices: Indices<'_>,
        values: &mut [f32],
        _: &mut Scratch,
    ) -> Result<(), QuantizerError> {
        let rows = check_decode(self, indices, values)?;
        with_indices!(Indices, indices, |x| crate::indices::check_range(x, self.radix.size()))?;
        let (dim, work) = (self.dim(), rows * self.dim() * 8);
        in_pieces(rows, work, values, &mut [(); 0], |rows, values, _| {
            for (row, values) in rows.zip(values.chunks_exact_mut(dim)) {
                let mut rest = indices.get(row);
                for (value, axis) in values.iter_mut().zip(&self.grid.axes) {
                    let levels = u64::from(axis.levels);
                    *value = axis.value((rest % levels) as u32);
                    rest /= levels;
                }
            }
            Ok(())
        })
    }
}
