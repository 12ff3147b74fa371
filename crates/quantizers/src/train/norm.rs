//! Lengths of rows.

use seedbed_autodiff::{Float, Tensor};

/// `√(‖x‖² + ε)` of each row, `[…, 1]`. Where squares of a row would overflow, or without an ε underflow, they are taken in units of a power of two near its largest number.
pub(super) fn norm<F: Float>(x: &Tensor<F>, eps: f64) -> Tensor<F> {
    let dim = x.shape().last().copied().unwrap_or(1).max(1);
    // Sums of 2²⁴ squares stay in range.
    let (low, high) = (F::min_positive_value().sqrt(), F::max_value().sqrt());
    let margin = F::of(f64::from(1 << 12));
    let (low, high) = (if eps > 0.0 { F::zero() } else { low * margin }, high / margin);
    let mut is_extreme = false;
    let unit = |row: &[F]| {
        let largest = row.iter().fold(F::zero(), |m, x| m.max(x.abs()));
        let within = largest == F::zero() || (low..=high).contains(&largest);
        if within || !largest.is_finite() {
            return F::one();
        }
        is_extreme = true;
        let most = F::max_value().f64().log2().floor() - 2.0;
        F::of((-largest.f64().log2().floor()).clamp(-most, most).exp2())
    };
    let units: Vec<F> = x.data().chunks(dim).map(unit).collect();
    if !is_extreme {
        return (x.square().sum_keepdim(-1) + eps).sqrt();
    }
    let mut shape = x.shape().to_vec();
    if let Some(last) = shape.last_mut() {
        *last = 1;
    }
    let units = Tensor::new(units, &shape);
    ((x * &units).square().sum_keepdim(-1) + eps).sqrt() / units
}

#[cfg(test)]
mod tests {
    use seedbed_autodiff::grad;

    use super::*;

    #[test]
    fn lengths_of_any_size() {
        let rows = [[3e-30, 4e-30], [3e30, 4e30], [3.0, 4.0], [0.0, 0.0], [3e-42, 4e-42]];
        let x = Tensor::<f32>::new(rows.concat(), &[5, 2]);
        let found = norm(&x, 0.0);
        assert_eq!(found.shape(), [5, 1]);
        for (found, right) in found.data().iter().zip([5e-30_f32, 5e30, 5.0, 0.0, 5e-42]) {
            assert!((found - right).abs() <= 1e-3 * right, "{found} for {right}");
        }
        let slope = grad(&x.slice(0, ..3), |x| norm(x, 0.0).sum(..));
        for row in slope.data().chunks(2) {
            assert!((row[0] - 0.6).abs() < 1e-6 && (row[1] - 0.8).abs() < 1e-6, "{row:?}");
        }
    }

    #[test]
    fn ordinary_lengths_are_the_plain_formula_to_the_bit() {
        let x = Tensor::<f32>::new(vec![0.1, -0.7, 12.3, 1e-9], &[2, 2]);
        assert_eq!(norm(&x, 0.0), x.square().sum_keepdim(-1).sqrt());
        assert_eq!(norm(&x, 1e-30), (x.square().sum_keepdim(-1) + 1e-30).sqrt());
    }
}
