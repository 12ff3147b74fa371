use std::fmt;

use crate::levels::no_captures_guard;
use crate::{Ctx, Float, Grads, Op, Tensor};

/// A function with a derivative of the caller's choice.
///
/// `forward` gives the value; `backward(inputs, value, g)` the gradients of the inputs. It is written with
/// tensor ops, so it can be differentiated again.
///
/// # Panics
/// If `forward` uses a variable of an open transform that is not among the inputs: its gradient would be lost.
///
/// ```
/// use seedbed_autodiff::{Tensor, custom_gradient, grad};
/// // The identity, with its gradient reversed (Ganin et al. 2015).
/// let reverse = |x: &Tensor<f64>| {
///     custom_gradient("reverse", [x], |[x]| x.clone(), |_, _, g| [Some(-g)])
/// };
/// assert_eq!(grad(&Tensor::scalar(2.0), |x| reverse(x) * 3.0).item(), -3.0);
/// ```
#[track_caller]
pub fn custom_gradient<F: Float, const N: usize>(
    name: &'static str,
    inputs: [&Tensor<F>; N],
    forward: impl FnOnce([&Tensor<F>; N]) -> Tensor<F>,
    backward: impl Fn([&Tensor<F>; N], &Tensor<F>, Tensor<F>) -> [Option<Tensor<F>>; N]
    + Send
    + Sync
    + 'static,
) -> Tensor<F> {
    let constants = inputs.map(|x| x.part(0, x.shape()));
    let value = {
        let _guard = no_captures_guard("custom_gradient");
        forward(constants.each_ref())
    };
    // An input that is handed on would keep its graph alive.
    let value = if value.0.is_free() { value } else { Tensor::new(value.to_vec(), value.shape()) };
    Tensor::record(Custom::<_, N> { name, backward }, &inputs, value)
}

struct Custom<B, const N: usize> {
    name: &'static str,
    backward: B,
}

impl<B, const N: usize> fmt::Debug for Custom<B, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

impl<F: Float, B, const N: usize> Op<F> for Custom<B, N>
where
    B: Fn([&Tensor<F>; N], &Tensor<F>, Tensor<F>) -> [Option<Tensor<F>>; N] + Send + Sync + 'static,
{
    fn name(&self) -> &'static str {
        self.name
    }

    fn vjp(&self, c: &Ctx<'_, F>, g: Tensor<F>) -> Grads<F> {
        (self.backward)(std::array::from_fn(|i| c.x(i)), c.y(), g).into_iter().collect()
    }
}
