//! What the rows of the table share.

use ndarray::{Array2, ShapeBuilder};
use seedbed_autodiff::{GradCheck, Rng, Tensor, check_grads};

pub(crate) type T = Tensor<f64>;

/// Uniform draws, the same in every run.
pub(crate) fn draw(shape: &[usize], low: f64, high: f64, seed: u64) -> T {
    T::uniform(shape, low, high, &mut Rng::new(seed))
}

/// A 2 × 3 tensor that was made from a column-major array with a stride.
pub(crate) fn from_strided(low: f64, high: f64) -> T {
    let x = draw(&[6, 2], low, high, 9);
    let columns = Array2::from_shape_vec((6, 2).f(), x.to_vec()).expect("12 elements");
    let x = Tensor::from(&columns.slice(ndarray::s![..;2, ..]).reversed_axes());
    assert_eq!(x.shape(), [2, 3]);
    x
}

/// Checks derivatives to third order; a failure names the op and the case.
#[track_caller]
pub(crate) fn check(name: &str, what: &str, x: &[T], f: impl Fn(&[T]) -> T) {
    let run = || check_grads(GradCheck::default(), x, &f);
    if let Err(panic) = std::panic::catch_unwind(std::panic::AssertUnwindSafe(run)) {
        let message = panic
            .downcast_ref::<String>()
            .cloned()
            .or_else(|| panic.downcast_ref::<&str>().map(|s| s.to_string()))
            .unwrap_or_default();
        panic!("{name}, {what}: {message}");
    }
}

/// Whether two numbers agree to `ulps` of `f64`, or both are NaN.
pub(crate) fn agree(a: f64, b: f64, ulps: f64) -> bool {
    (a.is_nan() && b.is_nan()) || a == b || (a - b).abs() <= ulps * f64::EPSILON * b.abs()
}
