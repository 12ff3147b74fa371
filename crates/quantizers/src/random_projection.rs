//! Random-projection quantization.

use seedbed_kernels::Rng;

use crate::error::{not_finite, room, rows_of};
use crate::{Affine, Codebook, Quantizer, QuantizerError, Vq};

/// Targets for self-supervised learning (BEST-RQ, Chiu et al. 2022): vectors are normalised, projected at random, and get the index of the random code
/// with the nearest direction. Nothing learns, and there is no way back: different heads give different views of a vector.
///
/// ```
/// use seedbed_kernels::Rng;
/// use seedbed_quantizers::RandomProjection;
/// let quantizer = RandomProjection::new(80, 16, 8192, 4, &mut Rng::new(1))?;
/// let x: Vec<f32> = (0..160).map(|i| (i as f32).sin()).collect();
/// assert_eq!(quantizer.encode(&x)?.len(), 2 * 4);
/// # Ok::<(), seedbed_quantizers::QuantizerError>(())
/// ```
#[derive(Clone, Debug)]
pub struct RandomProjection {
    heads: Vec<(Affine, Vq)>,
    dim: usize,
    normalize: bool,
}

impl RandomProjection {
    /// Heads that project vectors of `dim` numbers to `code_dim` by normal weights of Glorot's variance, each with `size` random unit codes.
    ///
    /// # Errors
    /// If a number is 0, or there is no memory for so many.
    pub fn new(
        dim: usize,
        code_dim: usize,
        size: usize,
        heads: usize,
        rng: &mut Rng,
    ) -> Result<Self, QuantizerError> {
        let mut normal = |what, rows: usize, std: f64| -> Result<Vec<f32>, QuantizerError> {
            let mut numbers = room(what, rows, code_dim)?;
            numbers.extend((0..rows * code_dim).map(|_| (rng.normal() * std) as f32));
            Ok(numbers)
        };
        let std = (2.0 / (dim as f64 + code_dim as f64)).sqrt();
        // So that room for all of them is there before any is drawn.
        let mut parts = room("heads", heads, 1)?;
        for _ in 0..heads {
            parts.push((normal("a projection", dim, std)?, normal("codes", size, 1.0)?));
        }
        Self::from_parts(parts, dim, code_dim, true)
    }

    /// Heads with these projections, `dim × code_dim` row by row, and these codes.
    ///
    /// # Errors
    /// If there are no heads, or the parts do not fit together.
    pub fn from_parts(
        parts: Vec<(Vec<f32>, Vec<f32>)>,
        dim: usize,
        code_dim: usize,
        normalize: bool,
    ) -> Result<Self, QuantizerError> {
        if parts.is_empty() {
            return Err(QuantizerError::Empty { what: "heads" });
        }
        let heads = parts.into_iter().map(|(projection, mut codes)| {
            let map = Affine::new(projection, None, code_dim)?;
            crate::error::same_length("an input of the projection", map.inputs(), dim)?;
            codes.chunks_exact_mut(code_dim).for_each(crate::vq::normalize);
            Ok((map, Vq::cosine(Codebook::new(codes, code_dim)?)))
        });
        Ok(Self { heads: heads.collect::<Result<_, _>>()?, dim, normalize })
    }

    /// The indices of vectors, one a head.
    ///
    /// # Errors
    /// If `x` is no rows of `dim` numbers, or one is not finite.
    pub fn encode(&self, x: &[f32]) -> Result<Vec<u64>, QuantizerError> {
        let rows = rows_of("x", x.len(), self.dim)?;
        if let Some(error) = not_finite(x, self.dim) {
            return Err(error);
        }
        let mut x = x.to_vec();
        if self.normalize {
            x.chunks_exact_mut(self.dim).for_each(standardize);
        }
        let mut indices = vec![0; rows * self.heads.len()];
        for (k, (map, vq)) in self.heads.iter().enumerate() {
            let mut low = vec![0.0; rows * vq.dim()];
            map.apply(&x, &mut low);
            for (row, index) in vq.encode(&low)?.into_iter().enumerate() {
                indices[row * self.heads.len() + k] = index;
            }
        }
        Ok(indices)
    }
}

/// Brings a vector to mean 0 and variance 1, as layer normalisation does (ε = 10⁻⁵).
fn standardize(x: &mut [f32]) {
    let n = x.len() as f64;
    let mean = x.iter().map(|&x| f64::from(x)).sum::<f64>() / n;
    let variance = x.iter().map(|&x| (f64::from(x) - mean).powi(2)).sum::<f64>() / n;
    let scale = (variance + 1e-5).sqrt();
    x.iter_mut().for_each(|x| *x = ((f64::from(*x) - mean) / scale) as f32);
}
