//! Vector quantization: the code of a vector is the nearest of those in a codebook.

mod codebook;
mod kmeans;
mod search;

pub use codebook::Codebook;
pub(crate) use kmeans::normalize;
pub use kmeans::{Clusters, kmeans};
#[cfg(feature = "train")]
pub(crate) use kmeans::{assign, counts, sums};

use serde::{Deserialize, Serialize};

use crate::indices::with_indices;
use crate::quantizer::{check_decode, check_quantize};
use crate::rows::in_pieces;
use crate::{Indices, IndicesMut, Quantizer, QuantizerError, Scratch};

/// What "nearest" means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Metric {
    /// The least `‖x − e‖`.
    #[default]
    Euclidean,
    /// The largest `x · e`, for codes of length 1.
    Cosine,
}

impl Metric {
    /// Whether `b` is nearer to `x` than `a` is, in double precision.
    ///
    /// `‖x − a‖² − ‖x − b‖² = Σ (b − a)(2x − a − b)`: differences come before products, so that little is lost both where `x` is close to the
    /// codes and where it is far from them.
    pub(crate) fn is_nearer(self, x: &[f32], a: &[f32], b: &[f32]) -> bool {
        let wide = |&x: &f32| f64::from(x);
        let all = x.iter().map(wide).zip(a.iter().map(wide).zip(b.iter().map(wide)));
        let gain: f64 = match self {
            Self::Euclidean => all.map(|(x, (a, b))| (b - a) * (2.0 * x - a - b)).sum(),
            Self::Cosine => all.map(|(x, (a, b))| (b - a) * x).sum(),
        };
        gain > 0.0
    }
}

/// Vector quantization (van den Oord et al. 2017) with a fixed codebook.
///
/// The code that is found is the nearest, and of equally near ones the first, by distances in double precision, on every machine.
/// No matrix of distances is made.
///
/// ```
/// use seedbed_quantizers::{Codebook, Quantizer, Vq};
/// let vq = Vq::new(Codebook::new(vec![0.0, 0.0, 1.0, 1.0, 0.0, 5.0], 2)?);
/// assert_eq!(vq.encode(&[0.9, 0.7, 0.1, 4.0, 0.5, 0.5])?, [1, 2, 0]);
/// assert_eq!(vq.decode(&[2])?, [0.0, 5.0]);
/// # Ok::<(), seedbed_quantizers::QuantizerError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Vq {
    codebook: Codebook,
    metric: Metric,
    /// What codes stand for, where that is not what is searched.
    values: Option<Vec<f32>>,
}

impl Vq {
    /// The nearest code by distance.
    pub fn new(codebook: Codebook) -> Self {
        Self { codebook, metric: Metric::Euclidean, values: None }
    }

    /// The code with the largest product; codes should have length 1.
    pub fn cosine(codebook: Codebook) -> Self {
        Self { codebook, metric: Metric::Cosine, values: None }
    }

    /// The code with the direction nearest to the vector's, which stands for the code as it is: directions are compared, lengths are kept (DAC).
    ///
    /// # Errors
    /// As [`Codebook::new`].
    pub fn by_direction(codes: Vec<f32>, dim: usize) -> Result<Self, QuantizerError> {
        let values = Codebook::new(codes, dim)?.codes().to_vec();
        let mut directions = values.clone();
        directions.chunks_exact_mut(dim).for_each(normalize);
        let codebook = Codebook::new(directions, dim)?;
        Ok(Self { codebook, metric: Metric::Cosine, values: Some(values) })
    }

    /// What a code stands for.
    fn value(&self, k: usize) -> &[f32] {
        match &self.values {
            Some(values) => &values[k * self.dim()..][..self.dim()],
            None => self.codebook.code(k),
        }
    }

    /// The codes that are searched.
    pub fn codebook(&self) -> &Codebook {
        &self.codebook
    }

    /// What "nearest" means.
    pub fn metric(&self) -> Metric {
        self.metric
    }
}

impl Vq {
    /// The nearest codes of vectors, as [`search::nearest_few`] has them.
    pub(crate) fn nearest_few(&self, x: &[f32], count: usize, found: &mut [(f64, u32)]) {
        search::nearest_few(&self.codebook, x, count, found);
    }
}

impl Quantizer for Vq {
    fn dim(&self) -> usize {
        self.codebook.dim()
    }

    fn codebook_size(&self, _: usize) -> u64 {
        self.codebook.len() as u64
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
        let work = rows * dim * self.codebook.len() / 8;
        with_indices!(IndicesMut, indices, |indices| {
            in_pieces(rows, work, values, indices, |rows, values, indices| {
                let x = &x[rows.start * dim..rows.end * dim];
                search::nearest(&self.codebook, self.metric, x, indices)?;
                for (value, index) in values.chunks_exact_mut(dim).zip(indices.iter()) {
                    value.copy_from_slice(self.value(crate::Index::u64(*index) as usize));
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
        let dim = self.dim();
        in_pieces(rows, values.len(), values, &mut [(); 0], |rows, values, _| {
            for (row, value) in rows.zip(values.chunks_exact_mut(dim)) {
                value.copy_from_slice(self.value(indices.get(row) as usize));
            }
            Ok(())
        })
    }
}
