use super::grad::grad;
use super::products::vjp;
use crate::shape::{self, Dims};
use crate::{Float, Tensor};

/// All partial derivatives of a function: `J[i, j] = ∂yᵢ/∂xⱼ`, of the shape of `y` followed by that of `x`.
///
/// The function runs once, and one backward pass follows for each element of `y`. For products with a vector, which cost one pass, see
/// [`vjp`](crate::vjp) and [`jvp`](crate::jvp). It can be differentiated like any function of `x`.
///
/// # Panics
/// If there is no memory for the result.
///
/// ```
/// use seedbed_autodiff::{Tensor, jacobian};
/// let x = Tensor::<f64>::new(vec![1.0, 2.0, 3.0], &[3]);
/// // (x₀ x₁, x₁ x₂)
/// let j = jacobian(&x, |x| x.slice(0, ..2) * x.slice(0, 1..));
/// assert_eq!(j.shape(), [2, 3]);
/// assert_eq!(j.to_vec(), [2.0, 1.0, 0.0, 0.0, 3.0, 2.0]);
/// ```
#[track_caller]
pub fn jacobian<F: Float>(x: &Tensor<F>, f: impl FnOnce(&Tensor<F>) -> Tensor<F>) -> Tensor<F> {
    let (y, pull) = vjp(x, f);
    let mut shape = Dims::from_slice(y.shape());
    shape.extend_from_slice(x.shape());
    shape::room::<F>("jacobian", &shape);
    if y.is_empty() {
        return Tensor::zeros(&shape);
    }
    let mut rows = Vec::with_capacity(y.len());
    for i in 0..y.len() {
        let mut unit = vec![F::zero(); y.len()];
        unit[i] = F::one();
        rows.push(pull(&Tensor::new(unit, y.shape())).flatten());
    }
    Tensor::concat(&rows, 0).reshape(&shape)
}

/// All second derivatives of a scalar function: `H[i, j] = ∂²y/∂xᵢ∂xⱼ`, of the shape of `x` twice.
///
/// It is the [`jacobian`] of the gradient: one backward pass for each element of `x`. For the product with a vector see
/// [`hvp`](crate::hvp).
///
/// # Panics
/// If the value has not exactly one element, or there is no memory for the result.
///
/// ```
/// use seedbed_autodiff::{Tensor, hessian};
/// let x = Tensor::<f64>::new(vec![2.0, 3.0], &[2]);
/// // x₀² x₁
/// let h = hessian(&x, |x| x.index(0, 0).square() * x.index(0, 1));
/// assert_eq!(h.to_vec(), [6.0, 4.0, 4.0, 0.0]);
/// ```
#[track_caller]
pub fn hessian<F: Float>(x: &Tensor<F>, f: impl FnOnce(&Tensor<F>) -> Tensor<F>) -> Tensor<F> {
    jacobian(x, |x| grad(x, f))
}
