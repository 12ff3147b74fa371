use crate::levels::looking_for_nan;
use crate::{Float, Tensor};

/// Runs `f` and looks at every value that an op makes, and at every gradient, for NaN.
///
/// It costs one pass over each value; use it to find where a run goes wrong.
///
/// # Panics
/// At the line that called the first op that made a NaN, with the op's name and its inputs' shapes.
///
/// ```should_panic
/// use seedbed_autodiff::{Tensor, debug_nan};
/// // panics: "ln made a NaN from inputs [[1]]"
/// debug_nan(|| Tensor::<f32>::new(vec![-1.0], &[1]).ln());
/// ```
pub fn debug_nan<R>(f: impl FnOnce() -> R) -> R {
    looking_for_nan(f)
}

fn has_nan<F: Float>(x: &Tensor<F>) -> bool {
    x.data().iter().any(|x| x.is_nan())
}

#[track_caller]
pub(crate) fn look_for_nan<F: Float>(op: &str, inputs: &[&Tensor<F>], value: &Tensor<F>) {
    if has_nan(value) {
        let shapes: Vec<_> = inputs.iter().map(|x| x.shape()).collect();
        match inputs.iter().position(|x| has_nan(x)) {
            None => panic!("{op} made a NaN from inputs {shapes:?}"),
            Some(i) => panic!("{op} got a NaN: input {i} of inputs {shapes:?} has one already"),
        }
    }
}

pub(crate) fn look_for_nan_in_gradient<F: Float>(
    op: &str,
    input: &Tensor<F>,
    gradient: &Tensor<F>,
) {
    assert!(
        !has_nan(gradient),
        "the gradient of {op} made a NaN for its input of shape {:?}",
        input.shape()
    );
}
