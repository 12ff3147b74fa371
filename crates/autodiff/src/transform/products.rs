use std::panic::Location;

use super::grad::{grad, gradient_of, warn_if_unused, with_params};
use crate::levels::no_grad;
use crate::tape::Tape;
use crate::{Float, Module, Tensor};

/// The value of a function, and its vector–Jacobian product: a closure that takes the gradient of the
/// value to the gradient of the model.
///
/// # Panics
/// The closure, if the gradient has not the shape of the value.
///
/// ```
/// use seedbed_autodiff::{Tensor, vjp};
/// let x = Tensor::<f64>::new(vec![1.0, 2.0], &[2]);
/// let (y, pull) = vjp(&x, |x| x * x);
/// assert_eq!(y.to_vec(), [1.0, 4.0]);
/// assert_eq!(pull(&Tensor::new(vec![1.0, 10.0], &[2])).to_vec(), [2.0, 40.0]);
/// ```
#[track_caller]
pub fn vjp<F: Float, M: Module<F>, G: FnOnce(&M) -> Tensor<F>>(
    model: &M,
    f: G,
) -> (Tensor<F>, impl Fn(&Tensor<F>) -> M + use<F, M, G>) {
    let (y, tape) = Tape::record(&model.params(), |vars| f(&with_params(model, vars)));
    warn_if_unused(&tape, &y, "vjp", Location::caller());
    let value = if tape.is_watched() { y.clone() } else { y.stop_gradient() };
    let model = model.clone();
    let pull = move |g: &Tensor<F>| {
        assert!(
            g.shape() == y.shape(),
            "vjp: the gradient has shape {:?}, the value {:?}",
            g.shape(),
            y.shape()
        );
        gradient_of(&model, tape.gradients(y.clone(), g.clone()))
    };
    (value, pull)
}

/// The directional derivative of `f` along `tangent`: the Jacobian–vector product.
///
/// Computed as the derivative of the (linear) vector–Jacobian product, at about four times the cost
/// of `f`, which runs twice.
///
/// # Panics
/// If the parameters of `tangent` have not the shapes of those of the model.
///
/// ```
/// use seedbed_autodiff::{Tensor, jvp};
/// let x = Tensor::<f64>::new(vec![1.0, 2.0], &[2]);
/// let v = Tensor::new(vec![1.0, 10.0], &[2]);
/// assert_eq!(jvp(&x, &v, |x| x * x).to_vec(), [2.0, 40.0]);
/// ```
#[track_caller]
pub fn jvp<F: Float, M: Module<F>>(
    model: &M,
    tangent: &M,
    f: impl Fn(&M) -> Tensor<F>,
) -> Tensor<F> {
    same_shapes("jvp", "tangent", model, tangent);
    let y = no_grad(|| f(model));
    // ⟨Jᵀu, v⟩ is linear in u, and its gradient is J v wherever u is.
    grad(&Tensor::zeros(y.shape()), |u| dot(&vjp(model, &f).1(u), tangent))
}

/// The product of the Hessian of a scalar function with `vector`.
///
/// # Panics
/// If the parameters of `vector` have not the shapes of those of the model.
///
/// ```
/// use seedbed_autodiff::{Tensor, hvp};
/// let x = Tensor::<f64>::new(vec![1.0, 2.0], &[2]);
/// let v = Tensor::new(vec![1.0, 10.0], &[2]);
/// // The Hessian of Σ x³ is diag(6 x).
/// assert_eq!(hvp(&x, &v, |x| (x * x * x).sum(..)).to_vec(), [6.0, 120.0]);
/// ```
#[track_caller]
pub fn hvp<F: Float, M: Module<F>>(model: &M, vector: &M, f: impl FnOnce(&M) -> Tensor<F>) -> M {
    same_shapes("hvp", "vector", model, vector);
    grad(model, |m| dot(&grad(m, f), vector))
}

/// Compares the shapes of the parameters of two modules.
#[track_caller]
fn same_shapes<F: Float, M: Module<F>>(op: &str, what: &str, model: &M, other: &M) {
    let (params, others) = (model.params(), other.params());
    let (n, m) = (params.len(), others.len());
    assert!(n == m, "{op}: the model has {n} parameters, the {what} {m}");
    for (i, (x, v)) in params.iter().zip(&others).enumerate() {
        let (x, v) = (x.shape(), v.shape());
        assert!(
            x == v,
            "{op}: parameter {i} of the model has shape {x:?}, that of the {what} {v:?}"
        );
    }
}

/// The inner product of two modules of one structure.
fn dot<F: Float, M: Module<F>>(a: &M, b: &M) -> Tensor<F> {
    let products = a.params().into_iter().zip(b.params()).map(|(a, b)| (a * b).sum(..));
    products.reduce(|s, t| s + t).unwrap_or(Tensor::scalar(0.0))
}
