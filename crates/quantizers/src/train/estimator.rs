//! How a gradient passes a step that has none.

use seedbed_autodiff::{Float, Rng, Tensor, custom_gradient};
use serde::{Deserialize, Serialize};

/// How the gradient of the quantized vectors comes to the vectors that were quantized.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Estimator {
    /// As it is (Bengio et al. 2013).
    StraightThrough,
    /// Rotated and scaled as the vector would have to be to become its code (Fifty et al. 2024).
    #[default]
    Rotation,
    /// DiVeQ (2025): the code is the vector, moved by the distance between them in the direction of the code. The gradient of the distance reaches both,
    /// so that the codebook must be learnt by gradient, and needs no loss of its own.
    Diveq {
        /// The variance of the noise on the direction, in training.
        variance: f64,
    },
}

/// The code, with the gradient of the identity.
#[track_caller]
pub(super) fn straight_through<F: Float>(x: &Tensor<F>, q: &Tensor<F>) -> Tensor<F> {
    let q = q.stop_gradient();
    custom_gradient("straight_through", [x], |_| q, |_, _, g| [Some(g)])
}

/// Below this `‖x/‖x‖ + q/‖q‖‖` there is no rotation to speak of: vectors that point away from each other, or have no direction.
const NO_ROTATION: f64 = 1e-6;

/// The code, with the gradient of `R x · ‖q‖/‖x‖`, where `R` is the rotation that takes the direction of `x` to that of `q`.
///
/// With u = x/‖x‖, v = q/‖q‖ and w = (u + v)/‖u + v‖, all of them constants, `R e = e − 2 (e·w) w + 2 (e·u) v` (section 4.2), so that
/// the gradient is `Rᵀ g = g − 2 (g·w) w + 2 (g·v) u`, scaled. Where there is no such rotation it is the identity's.
#[track_caller]
pub(super) fn rotation<F: Float>(x: &Tensor<F>, q: &Tensor<F>) -> Tensor<F> {
    let (x_is, q) = (x.stop_gradient(), q.stop_gradient());
    let norm = |t: &Tensor<F>| t.square().sum_keepdim(-1).sqrt();
    let (norm_x, norm_q) = (norm(&x_is), norm(&q));
    let exists = norm_x.gt(0.0) * norm_q.gt(0.0);
    let u = &x_is / exists.select(&norm_x, 1.0);
    let v = &q / exists.select(&norm_q, 1.0);
    let sum = &u + &v;
    let norm_sum = norm(&sum);
    let exists = exists * norm_sum.gt(NO_ROTATION);
    let w = sum / exists.select(&norm_sum, 1.0);
    let scale = &norm_q / exists.select(&norm_x, 1.0);
    custom_gradient(
        "rotation",
        [x],
        |_| q,
        move |_, _, g| {
            let along = |g: &Tensor<F>, t: &Tensor<F>| (g * t).sum_keepdim(-1);
            let rotated = &g - along(&g, &w) * 2.0 * &w + along(&g, &v) * 2.0 * &u;
            [Some(exists.select(rotated * &scale, g))]
        },
    )
}

/// `x + ‖q − x‖ · sg(d/‖d‖)` with `d = q − x + σ n` and n normal: DiVeQ.
#[track_caller]
pub(super) fn diveq<F: Float>(
    x: &Tensor<F>,
    q: &Tensor<F>,
    variance: f64,
    rng: &mut Rng,
) -> Tensor<F> {
    let error = q - x;
    let mut direction = error.stop_gradient();
    if variance > 0.0 {
        direction = direction + Tensor::normal(x.shape(), 0.0, variance.sqrt(), rng);
    }
    let norm = direction.square().sum_keepdim(-1).sqrt().maximum(1e-6);
    // So that the root of 0 has a gradient: a vector that is its code.
    let distance = (error.square().sum_keepdim(-1) + 1e-30).sqrt();
    x + distance * (direction / norm)
}
