//! The hypergradient at a minimum of the inner loss, without the way there.
//!
//! Where ∂_θ inner(λ, θ) = 0, a change of λ moves θ so that this stays: dθ/dλ = −H⁻¹ ∂²_θλ inner, H = ∂²_θθ inner. So
//!
//! > d outer / dλ = ∂_λ outer − ∂_λ ⟨∂_θ inner, x⟩,  H x = ∂_θ outer
//!
//! H x = b is solved by conjugate gradients, which need products with H only (Rajeswaran et al. 2019).

use seedbed_autodiff::{Float, Module, grad, hvp};
use serde::{Deserialize, Serialize};

use super::algebra::{dot, grad_or_zero, plus_scaled, zeros_like};
use super::{Adapted, Bilevel, InnerOptimizer, adapt, outer_gradients};

/// How the linear equations are solved.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ImplicitConfig {
    /// Added to the diagonal of H, which a minimum makes positive semidefinite only; a finite number from 0.
    pub damping: f64,
    /// At most so many products with H.
    pub iterations: usize,
    /// It ends where ‖b − H x‖ is at most this share of ‖b‖.
    pub tolerance: f64,
}

impl Default for ImplicitConfig {
    /// No damping, 100 iterations, a tolerance of 10⁻⁶.
    fn default() -> Self {
        Self { damping: 0.0, iterations: 100, tolerance: 1e-6 }
    }
}

#[track_caller]
pub(super) fn hypergradient<F: Float, P: Bilevel<F>, O: InnerOptimizer<F, P::Lower>>(
    problem: &P,
    upper: &P::Upper,
    optimizer: &O,
    steps: usize,
    config: ImplicitConfig,
) -> Adapted<F, P::Upper, P::Lower> {
    let ImplicitConfig { damping, tolerance, .. } = config;
    assert!(
        damping >= 0.0 && damping.is_finite() && tolerance >= 0.0,
        "hypergradient: damping {damping} and tolerance {tolerance} should be finite numbers >= 0"
    );
    let lower = adapt(problem, upper, optimizer, steps);
    let (loss, of_upper, b) = outer_gradients(problem, upper, &lower);
    let apply = |v: &P::Lower| {
        let product = hvp(&lower, v, |lower| problem.inner(upper, lower, steps));
        plus_scaled(&product, damping, v)
    };
    let (x, residual) = conjugate_gradients(apply, &b, config);
    let moved = grad_or_zero(upper, |upper| {
        dot(&grad(&lower, |lower| problem.inner(upper, lower, steps)), &x)
    });
    let gradient = plus_scaled(&of_upper, -1.0, &moved);
    Adapted { loss, gradient, lower, residual: Some(residual) }
}

/// x with A x = b for a positive definite A, and ‖b − A x‖ / ‖b‖ (Hestenes and Stiefel 1952). It ends early where A turns out not to be
/// positive definite.
fn conjugate_gradients<F: Float, M: Module<F>>(
    apply: impl Fn(&M) -> M,
    b: &M,
    config: ImplicitConfig,
) -> (M, f64) {
    let square = |v: &M| seedbed_autodiff::update::sum_of_squares(v);
    let target = square(b);
    let mut x = zeros_like(b);
    if target == 0.0 {
        return (x, 0.0);
    }
    let (mut residual, mut direction) = (b.clone(), b.clone());
    let mut left = target;
    for _ in 0..config.iterations {
        if left <= config.tolerance.powi(2) * target {
            break;
        }
        let applied = apply(&direction);
        let curvature = dot(&direction, &applied).item().f64();
        if curvature.is_nan() || curvature <= 0.0 {
            break;
        }
        let length = left / curvature;
        x = plus_scaled(&x, length, &direction);
        residual = plus_scaled(&residual, -length, &applied);
        let now = square(&residual);
        direction = plus_scaled(&residual, now / left, &direction);
        left = now;
    }
    (x, (left / target).sqrt())
}
