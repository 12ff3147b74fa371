//! Between tensors of any element type and the `f32` of the quantizers: no copy where the type is `f32` already.

use std::any::Any;

use seedbed_autodiff::{Float, Tensor};

/// The values as `f32`.
pub(super) fn to_f32<F: Float>(x: &Tensor<F>) -> Tensor<f32> {
    match (x as &dyn Any).downcast_ref::<Tensor<f32>>() {
        Some(x) => x.clone(),
        None => x.cast(),
    }
}

/// `f32` values as a constant tensor.
pub(super) fn of_f32<F: Float>(x: Vec<f32>, shape: &[usize]) -> Tensor<F> {
    let x = Tensor::new(x, shape);
    match (&x as &dyn Any).downcast_ref::<Tensor<F>>() {
        Some(x) => x.clone(),
        None => x.cast(),
    }
}
