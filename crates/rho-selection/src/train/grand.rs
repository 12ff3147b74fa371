use seedbed_autodiff::{Module, Tensor, value_and_grad};

use crate::SelectionError;
use crate::error::not_finite;

/// GraNd (Paul et al. 2021, *Deep Learning on a Data Diet*): the norm of the gradient of each row's loss in all weights of the model. The paper takes the mean over ten models
/// that were trained for a few epochs: call it for each.
///
/// Takes a backward pass a row. [`last_layer_grand`](crate::score::last_layer_grand) is the last layer's part of it, at the cost of a forward pass.
///
/// # Errors
/// If a norm is not finite.
///
/// # Panics
/// If the closure does not give one loss a row.
#[doc(alias = "GraNd")]
#[track_caller]
pub fn grand<M: Module<f32>>(
    model: &M,
    rows: &[usize],
    losses: impl Fn(&M, &[usize]) -> Tensor<f32>,
) -> Result<Vec<f32>, SelectionError> {
    let norm = |(at, &row): (usize, &usize)| {
        let (_, gradient) = value_and_grad(model, |m| super::one_each(&losses, m, &[row]).sum(..));
        let squares = |x: Tensor<f32>| x.data().iter().map(|&x| f64::from(x).powi(2)).sum::<f64>();
        let square: f64 = gradient.params().into_iter().map(squares).sum();
        let norm = square.sqrt() as f32;
        if norm.is_finite() { Ok(norm) } else { Err(not_finite("norm of the gradient", at, norm)) }
    };
    rows.iter().enumerate().map(norm).collect()
}
