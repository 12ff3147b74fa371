//! Gradient clipping.

use seedbed_autodiff::update;
use seedbed_autodiff::{Float, Module, Tensor};

/// The norm √Σx² of all parameters together, added up in `f64`, with the same bits on any number of threads.
///
/// Squares that over- or underflow do not matter: the norm of (3·10²⁰⁰, 4·10²⁰⁰) is 5·10²⁰⁰. It is NaN if a number is, infinite if
/// a number is, and the largest `f64` where finite numbers have a norm beyond that.
///
/// ```
/// use seedbed_autodiff::Tensor;
/// use seedbed_nn::clip::global_norm;
/// assert_eq!(global_norm(&Tensor::<f32>::new(vec![3.0, 4.0], &[2])), 5.0);
/// assert_eq!(global_norm(&Tensor::<f64>::new(vec![3e-200, 4e-200], &[2])), 5e-200);
/// ```
pub fn global_norm<F: Float, M: Module<F>>(module: &M) -> f64 {
    let Norm { of_scaled, scale } = Norm::of(module);
    match of_scaled * scale {
        norm if norm.is_infinite() && of_scaled.is_finite() => f64::MAX,
        norm => norm,
    }
}

/// Scales a gradient so that the norm of all its elements together is at most `max_norm`, and returns the norm that
/// it had (Pascanu, Mikolov and Bengio, "On the difficulty of training recurrent neural networks", 2013, Algorithm 1).
///
/// It is [`global_norm`]. One that is NaN or infinite is returned, and the gradient stays as it is: no scale would mend it, so
/// look before the step.
///
/// ```
/// use seedbed_autodiff::Tensor;
/// use seedbed_nn::clip::clip_global_norm;
/// let mut gradient = (Tensor::<f32>::scalar(3.0), Tensor::<f32>::scalar(4.0));
/// assert_eq!(clip_global_norm(&mut gradient, 1.0), 5.0);
/// assert_eq!((gradient.0.item(), gradient.1.item()), (0.6, 0.8));
/// ```
///
/// # Panics
/// Unless `max_norm` is above 0.
#[track_caller]
pub fn clip_global_norm<F: Float, M: Module<F>>(gradient: &mut M, max_norm: f64) -> f64 {
    assert!(max_norm > 0.0, "clip_global_norm: max_norm is {max_norm}, but should be above 0");
    let norm = global_norm(gradient);
    if norm > max_norm && norm.is_finite() {
        let factor = F::of(max_norm / norm);
        if factor.is_normal() && norm < f64::MAX {
            update::map(gradient, |x: F| x * factor);
        } else {
            // The factor is too small for the element type, though the products are not: one at a time, in `f64`.
            let Norm { of_scaled, scale } = Norm::of(gradient);
            update::map(gradient, |x: F| F::of(x.f64() / scale / of_scaled * max_norm));
        }
    }
    norm
}

/// Clips every element of a gradient to [−`limit`, `limit`]; NaN stays.
///
/// ```
/// use seedbed_autodiff::Tensor;
/// use seedbed_nn::clip::clip_value;
/// let mut gradient = Tensor::<f32>::new(vec![-20.0, 3.0], &[2]);
/// clip_value(&mut gradient, 10.0);
/// assert_eq!(gradient.to_vec(), [-10.0, 3.0]);
/// ```
///
/// # Panics
/// Unless `limit` is above 0, in the gradient's element type, too: `f32` has nothing between 0 and 10⁻⁴⁵.
#[track_caller]
pub fn clip_value<F: Float, M: Module<F>>(gradient: &mut M, limit: f64) {
    let bound = F::of(limit);
    assert!(
        bound > F::zero(),
        "clip_value: limit is {limit}, but should be above 0, in the gradient's element type, too"
    );
    // Comparisons, because `min` and `max` would replace NaN.
    update::map(gradient, |x: F| {
        let x = if x > bound { bound } else { x };
        if x < -bound { -bound } else { x }
    });
}

/// A norm as `of_scaled · scale`, the factors finite where their product is not.
struct Norm {
    /// The norm of everything divided by `scale`.
    of_scaled: f64,
    /// A power of two.
    scale: f64,
}

/// Sums of squares between these have lost nothing to the ends of `f64`'s range.
const SAFE: std::ops::Range<f64> = 1e-280..1e300;

impl Norm {
    fn of<F: Float, M: Module<F>>(module: &M) -> Self {
        let squares = update::sum_of_squares(module);
        if SAFE.contains(&squares) || squares.is_nan() {
            return Self { of_scaled: squares.sqrt(), scale: 1.0 };
        }
        let params = module.params();
        let numbers = || params.iter().flat_map(|x: &Tensor<F>| x.data().iter().map(|x| x.f64()));
        let largest = numbers().fold(0.0_f64, |largest, x| largest.max(x.abs()));
        if largest == 0.0 || largest.is_infinite() {
            return Self { of_scaled: largest, scale: 1.0 };
        }
        // Two factors, because 1 / 2¹⁰²³ has fewer digits, and 1 / 2⁻¹⁰⁷⁴ is infinite.
        let half = 2.0_f64.powf((largest.log2() * 0.5).floor().min(511.0));
        let scaled = |x: f64| x / half / half;
        let of_scaled = numbers().map(|x| scaled(x) * scaled(x)).sum::<f64>().sqrt();
        Self { of_scaled, scale: half * half }
    }
}
