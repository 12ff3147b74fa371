//! Gradient clipping.

use seedbed_autodiff::update;
use seedbed_autodiff::{Float, Module};

/// Scales a gradient so that the norm of all its elements together is at most `max_norm`, and returns the norm that
/// it had (Pascanu, Mikolov and Bengio, "On the difficulty of training recurrent neural networks", 2013, Algorithm 1).
///
/// The norm is added up in `f64`, with the same bits on any number of threads. A norm that is NaN or infinite is
/// returned, and the gradient stays as it is: no scale would mend it, so look before the step.
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
    let norm = update::sum_of_squares(gradient).sqrt();
    if norm > max_norm && norm.is_finite() {
        let scale = F::of(max_norm / norm);
        update::map(gradient, |x: F| x * scale);
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
/// Unless `limit` is above 0.
#[track_caller]
pub fn clip_value<F: Float, M: Module<F>>(gradient: &mut M, limit: f64) {
    assert!(limit > 0.0, "clip_value: limit is {limit}, but should be above 0");
    let limit = F::of(limit);
    // Comparisons, because `min` and `max` would replace NaN.
    update::map(gradient, |x: F| {
        let x = if x > limit { limit } else { x };
        if x < -limit { -limit } else { x }
    });
}
