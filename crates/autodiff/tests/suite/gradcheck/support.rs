//! What the rows of the table share.

use seedbed_autodiff::{GradCheck, Rng, Tensor, check_grads};

pub(crate) type T = Tensor<f64>;

/// Uniform draws, the same in every run.
pub(crate) fn draw(shape: &[usize], low: f64, high: f64, seed: u64) -> T {
    T::uniform(shape, low, high, &mut Rng::new(seed))
}

/// The same values as a part of a larger tensor, whose other elements are not numbers: the part begins in the middle of memory that it does not own,
/// and whatever else is read shows.
pub(crate) fn part_of_a_larger(x: &T) -> T {
    const BEFORE: usize = 3;
    let mut all = vec![f64::NAN; BEFORE + x.len() + 2];
    all[BEFORE..][..x.len()].copy_from_slice(x.data());
    let all = T::new(all, &[BEFORE + x.len() + 2]);
    all.slice(0, BEFORE as isize..(BEFORE + x.len()) as isize).reshape(x.shape())
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
