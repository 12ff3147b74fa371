use std::fmt;

use super::grad::with_params;
use crate::levels::no_captures_guard;
use crate::tape::Tape;
use crate::{Ctx, Float, Grads, Module, Op, Tensor};

/// `f(model)`, keeping none of its intermediate values: they are computed again for the gradient.
///
/// It trades time for memory (Chen et al. 2016, "Training deep nets with sublinear memory cost"). `f` runs once more in
/// the backward pass, so it must give the same value both times.
///
/// # Panics
/// If `f` uses a variable of an open transform that is not part of `model`: its gradient would be lost.
///
/// ```
/// use seedbed_autodiff::{Tensor, remat, grad};
/// let x = Tensor::<f64>::scalar(2.0);
/// assert_eq!(grad(&x, |x| remat(x, |x| x * x * x)).item(), 12.0);
/// ```
#[track_caller]
pub fn remat<F: Float, M: Module<F> + Send + Sync + 'static>(
    model: &M,
    f: impl Fn(&M) -> Tensor<F> + Send + Sync + 'static,
) -> Tensor<F> {
    let params = model.params();
    let constant = model.map_params(Tensor::stop_gradient);
    let value = {
        let _guard = no_captures_guard("remat");
        f(&constant)
    };
    Tensor::record(Recompute { model: constant, f }, &params.iter().collect::<Vec<_>>(), value)
}

struct Recompute<M, G> {
    /// For its configuration and buffers.
    model: M,
    f: G,
}

impl<M, G> fmt::Debug for Recompute<M, G> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("remat")
    }
}

impl<F, M, G> Op<F> for Recompute<M, G>
where
    F: Float,
    M: Module<F> + Send + Sync,
    G: Fn(&M) -> Tensor<F> + Send + Sync,
{
    fn name(&self) -> &'static str {
        "remat"
    }

    fn vjp(&self, c: &Ctx<'_, F>, g: Tensor<F>) -> Grads<F> {
        let (y, tape) = Tape::record(c.inputs(), |vars| (self.f)(&with_params(&self.model, vars)));
        tape.gradients(y, g).into()
    }
}
