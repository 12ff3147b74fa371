//! Modules as vectors.

use seedbed_autodiff::{Float, Module, Tensor, grad};

/// ⟨a, b⟩ over all parameters.
pub(super) fn dot<F: Float, M: Module<F>>(a: &M, b: &M) -> Tensor<F> {
    let products = a.params().into_iter().zip(b.params()).map(|(a, b)| (a * b).sum(..));
    products.reduce(|sum, product| sum + product).unwrap_or(Tensor::scalar(0.0))
}

/// a + b.
pub(super) fn plus<F: Float, M: Module<F>>(a: &M, b: &M) -> M {
    a.zip_params(b, |a, b| a + b)
}

/// a + c b.
pub(super) fn plus_scaled<F: Float, M: Module<F>>(a: &M, c: f64, b: &M) -> M {
    a.zip_params(b, |a, b| a + b * c)
}

/// 0.
pub(super) fn zeros_like<F: Float, M: Module<F>>(of: &M) -> M {
    of.map_params(|x| Tensor::zeros(x.shape()))
}

/// The gradient of a function that need not depend on the module: then it is 0, and nothing warns.
#[track_caller]
pub(super) fn grad_or_zero<F: Float, M: Module<F>>(
    module: &M,
    f: impl FnOnce(&M) -> Tensor<F>,
) -> M {
    // The second module is there for the value to depend on something.
    grad(&(module.clone(), Tensor::scalar(0.0)), |(module, zero)| f(module) + zero).0
}
