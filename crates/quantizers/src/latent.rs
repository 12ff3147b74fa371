//! Latent quantization: each number of a vector becomes the nearest of a list of values of its own.

use crate::error::not_finite;
use crate::indices::with_indices;
use crate::quantizer::{check_decode, check_quantize};
use crate::rows::in_pieces;
use crate::{Index, Indices, IndicesMut, Quantizer, QuantizerError, Radix, Scratch};

/// Latent quantization (Hsu et al. 2023): number k of a vector becomes the nearest of its values, `argminⱼ |xₖ − vₖⱼ|`, and the index is `Σ jₖ · L₀ … Lₖ₋₁`, formed in
/// integers. Unlike those of FSQ the values learn, and lie anywhere; of equally near ones the first is taken.
///
/// ```
/// use seedbed_quantizers::{Latent, Quantizer};
/// let latent = Latent::new(vec![vec![-0.5, 0.0, 0.5], vec![3.0, 1.0]])?;
/// assert_eq!(latent.encode(&[0.3, 2.9, -9.0, 0.0])?, [2, 3]);
/// assert_eq!(latent.decode(&[2, 3])?, [0.5, 3.0, -0.5, 1.0]);
/// # Ok::<(), seedbed_quantizers::QuantizerError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Latent {
    values: Vec<Vec<f32>>,
    radix: Radix,
}

impl Latent {
    /// The values of each number.
    ///
    /// # Errors
    /// If there are no numbers, one has no values, a value is not finite, or there are more than 2⁶³ codes.
    pub fn new(values: Vec<Vec<f32>>) -> Result<Self, QuantizerError> {
        let levels: Vec<u32> = values.iter().map(|own| own.len() as u32).collect();
        let radix = Radix::new(&levels)?;
        // Which number it is stands for the vector: each has a list.
        for (at, own) in values.iter().enumerate() {
            if let Some(error) = not_finite(own, own.len()) {
                return Err(error.shifted(at, 1));
            }
        }
        Ok(Self { values, radix })
    }

    /// Values at equal distances around 0 that begin at −1/2: for an odd number of levels `j/(L−1) − 1/2`, for an even one `j/L − 1/2`, so that 0 is one of them.
    ///
    /// # Errors
    /// If there are no levels, one has fewer than 2, or their product is above 2⁶³.
    pub fn even(levels: &[u32]) -> Result<Self, QuantizerError> {
        /// Beyond it `f32` does not count.
        const MOST: u32 = 1 << 24;
        if let Some(at) = levels.iter().position(|n| !(2..=MOST).contains(n)) {
            return Err(QuantizerError::Levels { at, levels: levels[at], least: 2, most: MOST });
        }
        let own = |&n: &u32| -> Vec<f32> {
            let steps = f64::from(if n % 2 == 1 { n - 1 } else { n });
            (0..n).map(|j| (f64::from(j) / steps - 0.5) as f32).collect()
        };
        Self::new(levels.iter().map(own).collect())
    }

    /// The values of each number.
    pub fn values(&self) -> &[Vec<f32>] {
        &self.values
    }

    /// What the index is made of: a digit a number.
    pub fn radix(&self) -> &Radix {
        &self.radix
    }

    /// The digits of a vector.
    pub(crate) fn digits<'a>(&'a self, x: &'a [f32]) -> impl Iterator<Item = usize> + 'a {
        x.iter().zip(&self.values).map(|(&x, own)| nearest(x, own))
    }
}

/// The first of the nearest of some values. A difference of two `f32` in `f64` keeps their order.
fn nearest(x: f32, values: &[f32]) -> usize {
    let distance = |v: f32| (f64::from(x) - f64::from(v)).abs();
    let (mut best, mut least) = (0, distance(values[0]));
    for (j, &v) in values.iter().enumerate().skip(1) {
        if distance(v) < least {
            (best, least) = (j, distance(v));
        }
    }
    best
}

impl Quantizer for Latent {
    fn dim(&self) -> usize {
        self.values.len()
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
        let dim = self.dim();
        if let Some(error) = not_finite(x, dim) {
            return Err(error);
        }
        let all: usize = self.values.iter().map(Vec::len).sum();
        let values = values.unwrap_or_default();
        with_indices!(IndicesMut, indices, |indices| {
            in_pieces(rows, rows * all, values, indices, |rows, values, indices| {
                let x = x[rows.start * dim..rows.end * dim].chunks_exact(dim);
                for (row, (x, index)) in x.zip(indices.iter_mut()).enumerate() {
                    let mut sum = 0;
                    for (k, (j, basis)) in self.digits(x).zip(self.radix.basis()).enumerate() {
                        sum += j as u64 * basis;
                        if let Some(value) = values.get_mut(row * dim + k) {
                            *value = self.values[k][j];
                        }
                    }
                    *index = Index::of(sum);
                }
                Ok(())
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
                let mut rest = indices.get(row);
                for (value, own) in values.iter_mut().zip(&self.values) {
                    let levels = own.len() as u64;
                    *value = own[(rest % levels) as usize];
                    rest /= levels;
                }
            }
            Ok(())
        })
    }
}
