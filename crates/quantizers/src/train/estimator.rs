//! How a gradient passes a step that has none.

use seedbed_autodiff::{Float, Rng, Tensor, custom_gradient};
use serde::{Deserialize, Serialize};

use super::norm::norm;

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
    /// SF-DiVeQ (2025), the space-filling kind: codes are the corners of a curve, and the vector moves to a random point of the nearest of its segments. Both
    /// ends get a gradient, so that the curve is pulled into the data as a whole, and no code dies. Indices, and what is used after training, are the
    /// nearest codes.
    SpaceFilling {
        /// The variance of the noise on the directions, in training.
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
    let (norm_x, norm_q) = (norm(&x_is, 0.0), norm(&q, 0.0));
    let exists = norm_x.gt(0.0) * norm_q.gt(0.0);
    let u = &x_is / exists.select(&norm_x, 1.0);
    let v = &q / exists.select(&norm_q, 1.0);
    let sum = &u + &v;
    let norm_sum = norm(&sum, 0.0);
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
    let length = norm(&direction, 0.0).maximum(1e-6);
    // So that the root of 0 has a gradient: a vector that is its code.
    let distance = norm(&error, 1e-30);
    x + distance * (direction / length)
}

/// `x + (1 − λ) ‖a − x‖ · sg(unit(a − x + σ n)) + λ ‖b − x‖ · sg(unit(b − x + σ n'))`: SF-DiVeQ, for vectors whose nearest segment goes from `a` to `b`. `lambda` has a
/// row of one number a vector. Without noise it is the point `(1 − λ) a + λ b` of the segment.
#[track_caller]
pub(super) fn space_filling<F: Float>(
    x: &Tensor<F>,
    [a, b]: [&Tensor<F>; 2],
    lambda: &Tensor<F>,
    variance: f64,
    rng: &mut Rng,
) -> Tensor<F> {
    let to_a = diveq(x, a, variance, rng);
    let to_b = diveq(x, b, variance, rng);
    &to_a + (to_b - &to_a) * lambda
}

#[cfg(test)]
mod tests {
    use seedbed_autodiff::grad;

    use super::*;

    /// The directions are constants, so that differences show another gradient: this is the formula's own.
    #[test]
    fn both_ends_of_a_segment_and_the_vector_have_their_share() {
        let row = |x: &[f64]| Tensor::<f64>::new(x.to_vec(), &[1, x.len()]);
        let (x, a, b) = (row(&[0.3, -1.0, 0.5]), row(&[1.0, 0.2, 0.1]), row(&[-0.4, 0.9, 2.0]));
        let (lambda, g) = (row(&[0.3]), row(&[0.7, -0.2, 1.1]));
        let inputs = [x.clone(), a.clone(), b.clone()];
        let rng = &mut Rng::new(0);
        let point = space_filling(&x, [&a, &b], &lambda, 0.0, rng);
        let expected = &a * 0.7 + &b * 0.3;
        assert!((point - expected).square().sum(..).item() < 1e-24);
        let found = grad(&inputs.to_vec(), |inputs| {
            let [x, a, b] = &inputs[..] else { unreachable!() };
            (space_filling(x, [a, b], &lambda, 0.0, &mut Rng::new(0)) * &g).sum(..)
        });
        let along = |end: &Tensor<f64>| {
            let d = end - &x;
            let unit = &d / d.square().sum_keepdim(-1).sqrt();
            (&unit * &g).sum_keepdim(-1) * unit
        };
        let (of_a, of_b) = (along(&a) * 0.7, along(&b) * 0.3);
        for (found, expected) in found.iter().zip([&g - &of_a - &of_b, of_a, of_b]) {
            assert!((found - expected).square().sum(..).item() < 1e-24);
        }
    }

    #[test]
    fn noise_turns_the_direction_and_keeps_the_length() {
        let (x, q) = (Tensor::<f64>::zeros(&[50, 4]), Tensor::<f64>::ones(&[50, 4]));
        let y = diveq(&x, &q, 0.1, &mut Rng::new(3));
        let lengths = y.square().sum(1).sqrt();
        assert!(lengths.data().iter().all(|n| (n - 2.0).abs() < 1e-9));
        assert!((y - q).square().sum(..).item() > 0.1);
    }
}
