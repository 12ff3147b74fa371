//! Random orthonormal matrices.

use seedbed_autodiff::{Float, Rng, Tensor};

/// A matrix with orthonormal rows or columns, uniformly distributed, times `gain`.
///
/// Gram–Schmidt on independent normal vectors: the factor Q of a QR decomposition whose R has a positive diagonal, which is
/// distributed by Haar's measure (Mezzadri 2007). Each vector is projected twice, after which it is orthogonal to working accuracy
/// (Giraud et al. 2005).
#[track_caller]
pub(super) fn draw<F: Float>(shape: &[usize], gain: f64, rng: &mut Rng) -> Tensor<F> {
    assert!(gain.is_finite(), "Init::Orthogonal: needs a finite gain, got {gain}");
    let columns = shape.last().copied().unwrap_or(1);
    let rows = super::len(shape).checked_div(columns).unwrap_or(0);
    let (few, many) = (rows.min(columns), rows.max(columns));
    let mut basis: Vec<Vec<f64>> = Vec::with_capacity(few);
    while basis.len() < few {
        let mut v: Vec<f64> = (0..many).map(|_| rng.normal()).collect();
        for _ in 0..2 {
            for b in &basis {
                let projection = dot(b, &v);
                v.iter_mut().zip(b).for_each(|(v, b)| *v -= projection * b);
            }
        }
        let norm = dot(&v, &v).sqrt();
        // Nothing is left of a vector that lies in the span of the others: draw another.
        if norm > 1e-8 {
            v.iter_mut().for_each(|x| *x /= norm);
            basis.push(v);
        }
    }
    let element = |i: usize, j: usize| if rows <= columns { basis[i][j] } else { basis[j][i] };
    let data = (0..rows * columns).map(|k| F::of(gain * element(k / columns, k % columns)));
    Tensor::new(data.collect(), shape)
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}
