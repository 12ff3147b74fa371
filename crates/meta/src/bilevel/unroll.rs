//! A training differentiated backwards, one step's graph at a time.
//!
//! The adjoint of an iterate is the derivative of the outer loss with respect to it. With g = ∇_θ inner(λ, θ) and
//! (s', θ') = step(s, θ, g), the adjoints before a step follow from those after it:
//!
//! > (λ̄, s̄, θ̄, ḡ) = ⟨(s̄', θ̄'), ∂ step⟩,  then  (λ̄, θ̄) += ∂_(λ,θ) ⟨∇_θ inner(λ, θ), ḡ⟩
//!
//! For gradient descent this is the recursion of MAML, θ̄ = θ̄' − α H θ̄'.

use seedbed_autodiff::{Float, Module, grad};

use super::algebra::{dot, grad_or_zero, plus, plus_scaled, zeros_like};
use super::{Adapted, Bilevel, InnerOptimizer, outer_gradients, through_start};

/// How a second derivative times a vector is found.
#[derive(Clone, Copy)]
pub(super) enum SecondOrder {
    Exact,
    /// By gradients on both sides, so far from the iterate.
    Difference(f64),
}

/// One inner step: from (s, θ) to (s', θ').
#[track_caller]
pub(super) fn advance<F: Float, P: Bilevel<F>, O: InnerOptimizer<F, P::Lower>>(
    problem: &P,
    upper: &P::Upper,
    optimizer: &O,
    (state, lower): &(O::State, P::Lower),
    step: usize,
) -> (O::State, P::Lower) {
    let gradient = grad(lower, |lower| problem.inner(upper, lower, step));
    optimizer.step(lower, &problem.precondition(upper, &gradient), state, step)
}

/// The exact hypergradient, or the one by finite differences.
///
/// Of K iterates every √K-th is kept; those between are computed once more, when the way back comes to them.
#[track_caller]
pub(super) fn reverse<F: Float, P: Bilevel<F>, O: InnerOptimizer<F, P::Lower>>(
    problem: &P,
    upper: &P::Upper,
    optimizer: &O,
    steps: usize,
    second_order: SecondOrder,
) -> Adapted<F, P::Upper, P::Lower> {
    let every = steps.isqrt().max(1);
    let lower = problem.start(upper);
    let mut at = (optimizer.start(&lower), lower);
    let mut kept = Vec::new();
    for step in 0..steps {
        if step % every == 0 {
            kept.push(at.clone());
        }
        at = advance(problem, upper, optimizer, &at, step);
    }
    let (end_state, end) = at;
    let (loss, mut of_upper, of_end) = outer_gradients(problem, upper, &end);
    let mut adjoint = (zeros_like(&end_state), of_end);
    while let Some(first) = kept.pop() {
        let from = kept.len() * every;
        let to = steps.min(from + every);
        let mut iterates = vec![first];
        for step in from..to - 1 {
            let next = advance(problem, upper, optimizer, &iterates[step - from], step);
            iterates.push(next);
        }
        for step in (from..to).rev() {
            let iterate = iterates.pop().expect("one a step");
            let back = (second_order, step);
            let (more, before) = pull_back(problem, upper, optimizer, &iterate, &adjoint, back);
            of_upper = plus(&of_upper, &more);
            adjoint = before;
        }
    }
    let gradient = plus(&of_upper, &through_start(problem, upper, &adjoint.1));
    Adapted { loss, gradient, lower: end, residual: None }
}

/// What a step adds to λ̄, and the adjoints before it.
#[track_caller]
fn pull_back<F: Float, P: Bilevel<F>, O: InnerOptimizer<F, P::Lower>>(
    problem: &P,
    upper: &P::Upper,
    optimizer: &O,
    (state, lower): &(O::State, P::Lower),
    (state_adjoint, lower_adjoint): &(O::State, P::Lower),
    (second_order, step): (SecondOrder, usize),
) -> (P::Upper, (O::State, P::Lower)) {
    let gradient = grad(lower, |lower| problem.inner(upper, lower, step));
    let all = (upper.clone(), state.clone(), lower.clone(), gradient);
    let (of_upper, of_state, of_lower, of_gradient) = grad_or_zero(&all, |(u, s, l, g)| {
        let (state, lower) = optimizer.step(l, &problem.precondition(u, g), s, step);
        dot(&state, state_adjoint) + dot(&lower, lower_adjoint)
    });
    let (also_upper, also_lower) = match second_order {
        SecondOrder::Exact => grad_or_zero(&(upper.clone(), lower.clone()), |(u, l)| {
            dot(&grad(l, |l| problem.inner(u, l, step)), &of_gradient)
        }),
        SecondOrder::Difference(distance) => {
            difference(problem, upper, lower, &of_gradient, distance, step)
        }
    };
    (plus(&of_upper, &also_upper), (of_state, plus(&of_lower, &also_lower)))
}

/// ∂_(λ,θ) ⟨∇_θ inner(λ, θ), v⟩ ≈ [∂ inner(λ, θ + εv) − ∂ inner(λ, θ − εv)] / 2ε (DARTS, equation 8).
#[track_caller]
fn difference<F: Float, P: Bilevel<F>>(
    problem: &P,
    upper: &P::Upper,
    lower: &P::Lower,
    v: &P::Lower,
    distance: f64,
    step: usize,
) -> (P::Upper, P::Lower) {
    let length = seedbed_autodiff::update::sum_of_squares(v).sqrt();
    // A vector of length 0 has the product 0, in whichever direction the gradients are taken.
    let epsilon = if length > 0.0 { distance / length } else { 1.0 };
    let at = |epsilon: f64| {
        let both = (upper.clone(), plus_scaled(lower, epsilon, v));
        grad_or_zero(&both, |(u, l)| problem.inner(u, l, step))
    };
    at(epsilon).zip_params(&at(-epsilon), |ahead, behind| (ahead - behind) * (0.5 / epsilon))
}

#[cfg(test)]
mod tests {
    use super::*;
    use seedbed_autodiff::Tensor;

    #[test]
    fn no_step_is_no_problem() {
        struct Square;
        impl Bilevel<f64> for Square {
            type Upper = Tensor<f64>;
            type Lower = Tensor<f64>;
            fn start(&self, upper: &Tensor<f64>) -> Tensor<f64> {
                upper * 3.0
            }
            fn inner(&self, _: &Tensor<f64>, lower: &Tensor<f64>, _: usize) -> Tensor<f64> {
                lower.square().sum(..)
            }
            fn outer(&self, _: &Tensor<f64>, lower: &Tensor<f64>) -> Tensor<f64> {
                lower.square().sum(..)
            }
        }
        let sgd = super::super::InnerSgd { rate: 0.1 };
        let found = reverse(&Square, &Tensor::scalar(2.0), &sgd, 0, SecondOrder::Exact);
        // d/dx 9 x² at 2.
        assert_eq!(found.gradient.item(), 36.0);
    }
}
