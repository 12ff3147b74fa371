use std::collections::BTreeSet;
use std::panic::Location;
use std::sync::{Mutex, PoisonError};

use crate::tape::Tape;
use crate::{Float, Module, Path, Role, Tensor};

/// The value of a scalar function of a model, and its gradient: a model of the same type.
///
/// Transforms nest to any order, also across threads that `f` starts. Buffers are constants to `f`, and zero in the gradient.
///
/// A loss that does not depend on the model that `f` is given has an all-zero gradient. Mostly that is a mistake, such as the use of
/// another model in `f`, and in debug builds a warning on standard error says so, once for every place in the program.
///
/// # Panics
/// If the loss has not exactly one element.
///
/// ```
/// use seedbed_autodiff::{Tensor, value_and_grad};
/// let w = Tensor::<f64>::new(vec![1.0, 2.0], &[2]);
/// let (loss, g) = value_and_grad(&w, |w| (w * w).sum(..));
/// assert_eq!(loss.item(), 5.0);
/// assert_eq!(g.to_vec(), [2.0, 4.0]);
/// ```
#[track_caller]
pub fn value_and_grad<F: Float, M: Module<F>>(
    model: &M,
    f: impl FnOnce(&M) -> Tensor<F>,
) -> (Tensor<F>, M) {
    let (loss, (), gradient) = value_and_grad_aux(model, |m| (f(m), ()));
    (loss, gradient)
}

/// [`value_and_grad`] of a function that also returns something else: predictions, new running
/// statistics. Tensors in it should be constants ([`Tensor::stop_gradient`]), or they keep the graph alive.
///
/// ```
/// use seedbed_autodiff::{Tensor, value_and_grad_aux};
/// let w = Tensor::<f64>::scalar(3.0);
/// let (loss, half, g) = value_and_grad_aux(&w, |w| (w * w, w.item() / 2.0));
/// assert_eq!((loss.item(), half, g.item()), (9.0, 1.5, 6.0));
/// ```
#[track_caller]
pub fn value_and_grad_aux<F: Float, M: Module<F>, A>(
    model: &M,
    f: impl FnOnce(&M) -> (Tensor<F>, A),
) -> (Tensor<F>, A, M) {
    value_and_grad_at(Location::caller(), model, f)
}

/// [`value_and_grad_aux`], called for `place`.
#[track_caller]
pub(super) fn value_and_grad_at<F: Float, M: Module<F>, A>(
    place: &'static Location<'static>,
    model: &M,
    f: impl FnOnce(&M) -> (Tensor<F>, A),
) -> (Tensor<F>, A, M) {
    let ((loss, aux), tape) = Tape::record(&model.params(), |vars| f(&with_params(model, vars)));
    assert!(
        loss.len() == 1,
        "value_and_grad: the loss must have exactly one element, its shape is {:?}; reduce it, for example \
         with .mean(..)",
        loss.shape()
    );
    warn_if_unused(&tape, &loss, "value_and_grad", place);
    // Outermost, the graph is not needed after the gradients: it is freed while they are computed.
    let value = if tape.is_watched() { loss.clone() } else { loss.stop_gradient() };
    let seed = Tensor::ones(loss.shape());
    let gradients = tape.gradients(loss, seed);
    (value, aux, gradient_of(model, gradients))
}

/// The gradient of a scalar function of a model.
///
/// ```
/// use seedbed_autodiff::{Tensor, grad};
/// // The third derivative of x⁴ at 2.
/// let d3 = grad(&Tensor::<f64>::scalar(2.0), |x| {
///     grad(x, |x| grad(x, |x| x * x * x * x))
/// });
/// assert_eq!(d3.item(), 48.0);
/// ```
#[track_caller]
pub fn grad<F: Float, M: Module<F>>(model: &M, f: impl FnOnce(&M) -> Tensor<F>) -> M {
    value_and_grad(model, f).1
}

/// In debug builds, says where a value does not depend on the model that it is differentiated by; once a place.
pub(super) fn warn_if_unused<F: Float>(
    tape: &Tape<F>,
    y: &Tensor<F>,
    op: &str,
    place: &'static Location<'static>,
) {
    static WARNED: Mutex<BTreeSet<&'static Location<'static>>> = Mutex::new(BTreeSet::new());
    if !cfg!(debug_assertions) || tape.has_no_inputs() || tape.reaches(y) {
        return;
    }
    if WARNED.lock().unwrap_or_else(PoisonError::into_inner).insert(place) {
        eprintln!(
            "warning: {op} at {place}: the value does not depend on the model that the function is given, so that the \
             gradient is zero everywhere"
        );
    }
}

/// The model with these parameters, in the order of the walk.
pub(super) fn with_params<F: Float, M: Module<F>>(model: &M, params: &[Tensor<F>]) -> M {
    let mut params = params.iter();
    model.map_params(|_| params.next().expect("as many as the model has").clone())
}

/// The tree of gradients: zero where the result does not depend on a parameter, and in buffers.
pub(super) fn gradient_of<F: Float, M: Module<F>>(
    model: &M,
    gradients: Vec<Option<Tensor<F>>>,
) -> M {
    let mut gradients = gradients.into_iter();
    let mut out = model.clone();
    out.walk_mut(&mut Path::default(), &mut |_, role, x| {
        let gradient = match role {
            Role::Param => gradients.next().expect("as many as the model has"),
            Role::Buffer => None,
        };
        *x = gradient.unwrap_or_else(|| Tensor::zeros(x.shape()));
    });
    out
}
