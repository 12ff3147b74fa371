//! A first codebook: k-means (Lloyd 1982).

use seedbed_kernels::Rng;

use super::{Codebook, Metric, search};
use crate::QuantizerError;
use crate::error::{not_finite, room, rows_of};
use crate::rows::in_pieces;

/// What k-means found.
#[derive(Clone, Debug, PartialEq)]
pub struct Clusters {
    /// The means, one after the other.
    pub means: Vec<f32>,
    /// How many vectors are nearest to each: those of the last assignment, before the means moved.
    pub sizes: Vec<usize>,
}

/// `size` means of vectors of `dim` numbers, by `iterations` rounds of assigning and averaging, or fewer if nothing changes any more, from distinct vectors drawn at random.
///
/// A mean that no vector is nearest to stays where it is. With [`Metric::Cosine`], means are brought to length 1. If there are fewer
/// vectors than means, some of the first means are alike.
///
/// # Errors
/// If the numbers are no rows of `dim`, there are none, a number is not finite, or no means are asked for, or more than there is memory for.
///
/// ```
/// use seedbed_quantizers::{Metric, kmeans};
/// use seedbed_kernels::Rng;
/// let x = [0.0, 0.1, 0.2, 9.0, 9.1];
/// let found = kmeans(&x, 1, 2, 10, Metric::Euclidean, &mut Rng::new(0))?;
/// let mut means = found.means;
/// means.sort_by(f32::total_cmp);
/// assert!((means[0] - 0.1).abs() < 1e-6 && (means[1] - 9.05).abs() < 1e-6);
/// # Ok::<(), seedbed_quantizers::QuantizerError>(())
/// ```
pub fn kmeans(
    x: &[f32],
    dim: usize,
    size: usize,
    iterations: usize,
    metric: Metric,
    rng: &mut Rng,
) -> Result<Clusters, QuantizerError> {
    let rows = rows_of("x", x.len(), dim)?;
    if rows == 0 || size == 0 {
        return Err(QuantizerError::Empty { what: if rows == 0 { "vectors" } else { "means" } });
    }
    if let Some(error) = not_finite(x, dim) {
        return Err(error);
    }
    let mut means = room("means", size, dim)?;
    let from = if rows >= size {
        rng.permutation(rows)
    } else {
        (0..size).map(|_| rng.below(rows)).collect()
    };
    for &row in from.iter().take(size) {
        means.extend_from_slice(&x[row * dim..][..dim]);
    }
    if metric == Metric::Cosine {
        means.chunks_exact_mut(dim).for_each(normalize);
    }
    let mut indices = vec![0_u32; rows];
    let mut sizes = vec![0; size];
    let mut before = Vec::new();
    for _ in 0..iterations {
        let codebook = Codebook::new(std::mem::take(&mut means), dim)?;
        assign(&codebook, metric, x, &mut indices)?;
        means = codebook.codes().to_vec();
        if before == indices {
            break;
        }
        before.clone_from(&indices);
        sizes = counts(&indices, size);
        let sums = sums(x, &indices, size, dim);
        for (k, mean) in means.chunks_exact_mut(dim).enumerate().filter(|(k, _)| sizes[*k] > 0) {
            for (m, s) in mean.iter_mut().zip(&sums[k * dim..]) {
                *m = (s / sizes[k] as f64) as f32;
            }
            if metric == Metric::Cosine {
                normalize(mean);
            }
        }
    }
    Ok(Clusters { means, sizes })
}

/// Brings a vector to length 1; one of length 0 stays.
pub(crate) fn normalize(x: &mut [f32]) {
    let norm = x.iter().map(|&x| f64::from(x) * f64::from(x)).sum::<f64>().sqrt();
    if norm > 0.0 {
        x.iter_mut().for_each(|x| *x = (f64::from(*x) / norm) as f32);
    }
}

/// The nearest code of each vector, spread over the threads.
pub(crate) fn assign(
    codebook: &Codebook,
    metric: Metric,
    x: &[f32],
    indices: &mut [u32],
) -> Result<(), QuantizerError> {
    let dim = codebook.dim();
    let work = x.len() * codebook.len() / 8;
    in_pieces(indices.len(), work, indices, &mut [(); 0], |rows, indices, _| {
        let x = &x[rows.start * dim..rows.end * dim];
        search::nearest(codebook, metric, x, indices).map(|_| ())
    })
}

/// How often each index occurs.
pub(crate) fn counts(indices: &[u32], size: usize) -> Vec<usize> {
    let mut counts = vec![0; size];
    indices.iter().for_each(|&k| counts[k as usize] += 1);
    counts
}

/// Pieces that codes are cut into where vectors are added up: each looks at all indices.
const PIECES: usize = 8;

/// The sum of the vectors of each code, in the order of the vectors and in double precision: a code may have millions.
pub(crate) fn sums<F: seedbed_kernels::Float>(
    x: &[F],
    indices: &[u32],
    size: usize,
    dim: usize,
) -> Vec<f64> {
    let mut sums = vec![0.0; size * dim];
    let codes = size.div_ceil(PIECES);
    let work = x.len() + PIECES * indices.len();
    seedbed_kernels::par::chunks_mut(&mut sums, codes * dim, work, |piece, sums| {
        let first = (piece * codes) as u32;
        let own = first..first + (sums.len() / dim) as u32;
        for (&k, x) in indices.iter().zip(x.chunks_exact(dim)) {
            if own.contains(&k) {
                let sum = &mut sums[(k - first) as usize * dim..][..dim];
                sum.iter_mut().zip(x).for_each(|(s, &x)| *s += x.f64());
            }
        }
    });
    sums
}
