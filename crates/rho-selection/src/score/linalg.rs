//! The little linear algebra that a last layer needs: symmetric matrices, row by row, in double precision.

use crate::math::dot;

/// The lower triangle L with L Lᵀ = M, or `None` where M is not positive definite.
pub(super) fn cholesky(m: &[f64], n: usize) -> Option<Vec<f64>> {
    let mut l = vec![0.0; n * n];
    for i in 0..n {
        for j in 0..=i {
            let (above, row_i) = l.split_at(i * n);
            let row_j = if j < i { &above[j * n..] } else { row_i };
            let sum = m[i * n + j] - dot(&row_i[..j], &row_j[..j]);
            let pivot = row_j[j];
            l[i * n + j] = if i > j {
                sum / pivot
            } else if sum > 0.0 {
                sum.sqrt()
            } else {
                return None;
            };
        }
    }
    Some(l)
}

/// Solves L x = b in place.
pub(super) fn solve_lower(l: &[f64], b: &mut [f64]) {
    let n = b.len();
    for i in 0..n {
        let row = &l[i * n..][..=i];
        b[i] = (b[i] - dot(&row[..i], &b[..i])) / row[i];
    }
}

/// Solves Lᵀ x = b in place.
pub(super) fn solve_lower_transposed(l: &[f64], b: &mut [f64]) {
    let n = b.len();
    for i in (0..n).rev() {
        b[i] /= l[i * n + i];
        let x = b[i];
        for (b, l) in b[..i].iter_mut().zip(&l[i * n..][..i]) {
            *b -= l * x;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_factor_multiplies_back_and_solves() {
        // M = B Bᵀ + I for a B without structure.
        let n = 7;
        let b: Vec<f64> = (0..n * n).map(|i| ((i * 37 % 23) as f64 - 11.0) / 7.0).collect();
        let entry = |i: usize, j: usize| {
            dot(&b[i * n..][..n], &b[j * n..][..n]) + f64::from(u8::from(i == j))
        };
        let m: Vec<f64> = (0..n * n).map(|at| entry(at / n, at % n)).collect();
        let l = cholesky(&m, n).unwrap();
        for (at, expected) in m.iter().enumerate() {
            let back = dot(&l[at / n * n..][..n], &l[at % n * n..][..n]);
            assert!((back - expected).abs() < 1e-12 * expected.abs().max(1.0));
        }
        let mut x: Vec<f64> = (0..n).map(|i| i as f64 - 2.0).collect();
        let right = x.clone();
        solve_lower(&l, &mut x);
        solve_lower_transposed(&l, &mut x);
        for i in 0..n {
            assert!((dot(&m[i * n..][..n], &x) - right[i]).abs() < 1e-10);
        }
        assert!(cholesky(&[1.0, 2.0, 2.0, 1.0], 2).is_none());
    }
}
