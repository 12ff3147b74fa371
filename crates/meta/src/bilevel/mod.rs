//! Learning at two levels: parameters that are trained, and what their training depends on.
//!
//! The *lower* parameters θ are trained by an inner optimiser on a loss that depends on the *upper* ones λ: an initialisation, learning
//! rates, weights of examples, an architecture. The upper ones are to make the outcome good:
//!
//! > θ₀ = start(λ),  θₖ₊₁ = step(θₖ, ∇_θ inner(λ, θₖ)),  minimise outer(λ, θ_K) over λ
//!
//! [`hypergradient`] is the derivative of the last line with respect to λ, in one of six ways:
//!
//! | [`Hypergradient`] | what it is | memory, for K steps | passes |
//! |---|---|---|---|
//! | `Nested` | exact, by a gradient through gradients | the graphs of all steps | about 4 K |
//! | `Recomputed` | exact, from the iterates, one step's graph at a time | 2 √K iterates | about 6 K |
//! | `FiniteDifference` | the same with second derivatives by differences of gradients (DARTS, equation 8) | 2 √K iterates | about 5 K |
//! | `FirstOrder` | second derivatives left out (FOMAML; DARTS with ξ = 0) | one iterate | K |
//! | `Implicit` | as if θ_K were a minimum of the inner loss | one iterate | K + those of conjugate gradients |
//! | `Reptile` | not a gradient: the way back from θ_K to θ₀ | one iterate | K |

mod algebra;
mod data_weights;
mod implicit;
mod optimizer;
mod unroll;

use seedbed_autodiff::{Float, Module, Tensor, value_and_grad};
use seedbed_kernels::par;
use seedbed_nn::{Check, ConfigError};
use serde::{Deserialize, Serialize};

pub use data_weights::{DataWeights, WeighingConfig};
pub use implicit::ImplicitConfig;
pub use optimizer::{InnerAdam, InnerMomentum, InnerOptimizer, InnerSgd};

use algebra::{grad_or_zero, plus};

/// A training, and what it depends on. All functions are pure: the same arguments give the same result.
///
/// ```
/// use seedbed_autodiff::{Float, Tensor};
/// use seedbed_meta::bilevel::{Bilevel, Hypergradient, InnerSgd, hypergradient};
///
/// /// Ridge regression: the penalty is chosen so that held-out rows are fitted well.
/// struct Ridge {
///     train: (Tensor<f64>, Tensor<f64>),
///     held_out: (Tensor<f64>, Tensor<f64>),
/// }
///
/// impl Bilevel<f64> for Ridge {
///     type Upper = Tensor<f64>; // the logarithm of the penalty
///     type Lower = Tensor<f64>; // the weights [features, 1]
///
///     fn start(&self, _: &Tensor<f64>) -> Tensor<f64> {
///         Tensor::zeros(&[2, 1])
///     }
///     fn inner(&self, penalty: &Tensor<f64>, w: &Tensor<f64>, _step: usize) -> Tensor<f64> {
///         let (x, y) = &self.train;
///         (x.matmul(w) - y).square().mean(..) + penalty.exp() * w.square().sum(..)
///     }
///     fn outer(&self, _: &Tensor<f64>, w: &Tensor<f64>) -> Tensor<f64> {
///         let (x, y) = &self.held_out;
///         (x.matmul(w) - y).square().mean(..)
///     }
/// }
///
/// let x = Tensor::new(vec![1.0, 0.0, 0.0, 1.0, 1.0, 1.0], &[3, 2]);
/// let y = Tensor::new(vec![1.0, 2.0, 3.5], &[3, 1]);
/// let problem = Ridge { train: (x.clone(), y), held_out: (x, Tensor::new(vec![1.0, 1.5, 2.5], &[3, 1])) };
/// let sgd = InnerSgd { rate: 0.1 };
/// let penalty = Tensor::scalar(-3.0);
/// let found = hypergradient(&problem, &penalty, &sgd, 50, Hypergradient::Recomputed);
/// // A larger penalty would fit the held-out rows better.
/// assert!(found.gradient.item() < 0.0);
/// ```
pub trait Bilevel<F: Float> {
    /// λ.
    type Upper: Module<F>;
    /// θ.
    type Lower: Module<F>;

    /// θ₀, where the inner training starts.
    fn start(&self, upper: &Self::Upper) -> Self::Lower;

    /// The loss of an inner step, counted from 0: one element.
    fn inner(&self, upper: &Self::Upper, lower: &Self::Lower, step: usize) -> Tensor<F>;

    /// The loss of what came of the training: one element.
    fn outer(&self, upper: &Self::Upper, lower: &Self::Lower) -> Tensor<F>;

    /// What the inner optimiser is given in the place of the gradient; the gradient itself if this is not written. Learnt rates multiply it
    /// here (Meta-SGD).
    fn precondition(&self, _upper: &Self::Upper, gradient: &Self::Lower) -> Self::Lower {
        gradient.clone()
    }
}

/// How the derivative of a training's outcome is found. See the [module](self).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Hypergradient {
    /// Exact, by differentiating the whole training; its graph grows with the steps.
    Nested,
    /// Exact, from the iterates; the graph is one step's.
    Recomputed,
    /// As `Recomputed`, but a second derivative times v is [∇(θ + εv) − ∇(θ − εv)] / 2ε with ε = `step` / ‖v‖. DARTS has 0.01 here.
    FiniteDifference {
        /// How far the gradients are apart from the iterate; above 0.
        step: f64,
    },
    /// Without second derivatives: θ_K changes as θ₀ does.
    FirstOrder,
    /// By the implicit function theorem: ∂_λ outer − ∂²_λθ inner (∂²_θθ inner + damping)⁻¹ ∂_θ outer. Where the training starts plays no part.
    Implicit(ImplicitConfig),
    /// θ₀ − θ_K in the place of ∂_θ outer (Nichol et al. 2018).
    Reptile,
}

impl Hypergradient {
    /// Whether its numbers make sense, as a part of a configuration.
    ///
    /// # Errors
    /// The first that does not.
    pub fn validate(self, check: Check, field: &str) -> Result<(), ConfigError> {
        match self {
            Self::FiniteDifference { step } => check.positive_f32(&*format!("{field}.step"), step),
            Self::Implicit(ImplicitConfig { damping, tolerance, .. }) => {
                check.non_negative_f32(&*format!("{field}.damping"), damping)?;
                check.non_negative(format!("{field}.tolerance"), tolerance)
            }
            _ => Ok(()),
        }
    }
}

/// What came of an inner training, and how λ should change.
#[derive(Clone, Debug)]
pub struct Adapted<F: Float, U, L> {
    /// The outer loss, one element.
    pub loss: Tensor<F>,
    /// Its derivative with respect to λ, or what stands in its place.
    pub gradient: U,
    /// θ_K.
    pub lower: L,
    /// `Implicit` only: the length of what is left of the linear equations, as a share of their right side. Far above the tolerance means
    /// that more iterations or damping are needed.
    pub residual: Option<f64>,
}

/// Trains the lower parameters for `steps` steps, and differentiates the outcome with respect to the upper ones.
///
/// # Panics
/// If a loss has not exactly one element, the step of a finite difference is not above 0, or the numbers of `Implicit` are not as it says.
#[track_caller]
pub fn hypergradient<F: Float, P: Bilevel<F>, O: InnerOptimizer<F, P::Lower>>(
    problem: &P,
    upper: &P::Upper,
    optimizer: &O,
    steps: usize,
    how: Hypergradient,
) -> Adapted<F, P::Upper, P::Lower> {
    match how {
        Hypergradient::Nested => nested(problem, upper, optimizer, steps),
        Hypergradient::Recomputed => {
            unroll::reverse(problem, upper, optimizer, steps, unroll::SecondOrder::Exact)
        }
        Hypergradient::FiniteDifference { step } => {
            assert!(
                step > 0.0 && step.is_finite(),
                "hypergradient: the step of a finite difference is {step}, but should be a finite number > 0"
            );
            unroll::reverse(problem, upper, optimizer, steps, unroll::SecondOrder::Difference(step))
        }
        Hypergradient::FirstOrder => {
            let lower = adapt(problem, upper, optimizer, steps);
            let (loss, gradient, to_start) = outer_gradients(problem, upper, &lower);
            let gradient = plus(&gradient, &through_start(problem, upper, &to_start));
            Adapted { loss, gradient, lower, residual: None }
        }
        Hypergradient::Implicit(config) => {
            implicit::hypergradient(problem, upper, optimizer, steps, config)
        }
        Hypergradient::Reptile => {
            let lower = adapt(problem, upper, optimizer, steps);
            let loss = problem.outer(upper, &lower);
            let way_back = problem.start(upper).zip_params(&lower, |start, end| start - end);
            let gradient = through_start(problem, upper, &way_back);
            Adapted { loss, gradient, lower, residual: None }
        }
    }
}

/// The mean of [`hypergradient`] over several problems with the same upper parameters, computed beside each other: the mean outer loss and its
/// derivative. It has the same bits on any number of threads.
///
/// # Panics
/// If there is no problem, and as `hypergradient`.
#[track_caller]
pub fn mean_hypergradient<F, P, O>(
    problems: &[P],
    upper: &P::Upper,
    optimizer: &O,
    steps: usize,
    how: Hypergradient,
) -> (f64, P::Upper)
where
    F: Float,
    P: Bilevel<F, Upper: Send + Sync> + Sync,
    O: InnerOptimizer<F, P::Lower> + Sync,
{
    assert!(!problems.is_empty(), "mean_hypergradient: needs at least one problem");
    let each = par::map(problems.len(), usize::MAX, |i| {
        let one = || hypergradient(&problems[i], upper, optimizer, steps, how);
        let found = par::serially(one);
        (found.loss.item().f64(), found.gradient)
    });
    let share = 1.0 / problems.len() as f64;
    let loss = each.iter().map(|(loss, _)| loss).sum::<f64>() * share;
    let gradients = each.into_iter().map(|(_, gradient)| gradient);
    let sum = gradients.reduce(|sum, gradient| plus(&sum, &gradient)).expect("at least one");
    (loss, sum.map_params(|g| g * share))
}

/// θ_K: trains the lower parameters for `steps` steps. Inside a transform, the training is differentiated with everything else.
#[track_caller]
pub fn adapt<F: Float, P: Bilevel<F>, O: InnerOptimizer<F, P::Lower>>(
    problem: &P,
    upper: &P::Upper,
    optimizer: &O,
    steps: usize,
) -> P::Lower {
    let lower = problem.start(upper);
    let mut at = (optimizer.start(&lower), lower);
    for step in 0..steps {
        at = unroll::advance(problem, upper, optimizer, &at, step);
    }
    at.1
}

#[track_caller]
fn nested<F: Float, P: Bilevel<F>, O: InnerOptimizer<F, P::Lower>>(
    problem: &P,
    upper: &P::Upper,
    optimizer: &O,
    steps: usize,
) -> Adapted<F, P::Upper, P::Lower> {
    let mut lower = None;
    let (loss, gradient) = value_and_grad(upper, |upper| {
        let adapted = adapt(problem, upper, optimizer, steps);
        lower = Some(adapted.map_params(Tensor::stop_gradient));
        problem.outer(upper, &adapted)
    });
    let lower = lower.expect("the function was called");
    Adapted { loss, gradient, lower, residual: None }
}

/// The outer loss, ∂_λ outer and ∂_θ outer.
#[track_caller]
fn outer_gradients<F: Float, P: Bilevel<F>>(
    problem: &P,
    upper: &P::Upper,
    lower: &P::Lower,
) -> (Tensor<F>, P::Upper, P::Lower) {
    let both = (upper.clone(), lower.clone());
    let (loss, (of_upper, of_lower)) = value_and_grad(&both, |(u, l)| problem.outer(u, l));
    (loss, of_upper, of_lower)
}

/// What a change of θ₀ means for λ: (∂θ₀ / ∂λ)ᵀ `adjoint`.
#[track_caller]
fn through_start<F: Float, P: Bilevel<F>>(
    problem: &P,
    upper: &P::Upper,
    adjoint: &P::Lower,
) -> P::Upper {
    grad_or_zero(upper, |upper| algebra::dot(&problem.start(upper), adjoint))
}
