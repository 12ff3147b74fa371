//! Gradients and ε at the ends of an element type's range: squares must neither overflow nor vanish.

use seedbed_autodiff::Float;

/// The largest number whose square an average of squares can hold.
pub(super) fn largest_squared<F: Float>() -> F {
    F::max_value().sqrt() * F::of(0.5)
}

/// A finite number brought within ±`largest`, [`largest_squared`]. Without it v is infinite for ever, and the parameter never
/// moves again; with it a method that divides by the size of gradients makes the step that it makes for any other size.
/// NaN and infinity stay: nothing hides them.
#[inline(always)]
pub(super) fn squarable<F: Float>(g: F, largest: F) -> F {
    let finite = g.abs() <= F::max_value();
    let within = if g > largest { largest } else { g };
    let within = if within < -largest { -largest } else { within };
    if finite { within } else { g }
}

/// ε beside a root √v: at least the root of the smallest v, below which v is 0 while the gradient is not.
pub(super) fn eps_beside_root<F: Float>(eps: f64) -> F {
    F::of(eps).max(F::min_positive_value().sqrt())
}

/// ε that is added to a number itself: at least the smallest that keeps it from 0.
pub(super) fn eps_within<F: Float>(eps: f64) -> F {
    F::of(eps).max(F::min_positive_value())
}
