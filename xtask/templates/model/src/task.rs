//! The task: tell the inside of a ring from its outside.

use std::f64::consts::FRAC_2_PI;

use seedbed_autodiff::{Float, Rng, Tensor};

/// `n` points, uniform in the square [−1, 1]², as `[n, 2]`, and for each, in `[n, 1]`, whether it lies outside the
/// circle that halves the square: ‖x‖² > 2⁄π.
pub fn ring<F: Float>(n: usize, rng: &mut Rng) -> (Tensor<F>, Tensor<F>) {
    let x = Tensor::<F>::uniform(&[n, 2], -1.0, 1.0, rng);
    let outside = |point: &[F]| {
        let squared: f64 = point.iter().map(|x| x.f64().powi(2)).sum();
        F::of(if squared > FRAC_2_PI { 1.0 } else { 0.0 })
    };
    let y = x.data().chunks_exact(2).map(outside).collect();
    (x, Tensor::new(y, &[n, 1]))
}
