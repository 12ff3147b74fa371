use std::panic::Location;

use super::grad::value_and_grad_at;
use crate::kernels::par;
use crate::kernels::sums::Totals;
use crate::levels::{debug_nan_is_on, isolated, state};
use crate::{Float, Module, Tensor};

/// [`value_and_grad`](crate::value_and_grad) of the mean of `f` over shards of a batch, one thread a shard.
///
/// Every shard has a private graph, and the gradients are added in the order of the shards: the result
/// has the same bits on any number of threads. For shards of different sizes, weigh the loss inside `f`.
///
/// # Panics
/// If there is no shard, inside another transform, or if `f` uses a variable of one that is open on another thread.
///
/// ```
/// use seedbed_autodiff::{Tensor, par_value_and_grad};
/// let w = Tensor::<f64>::scalar(1.0);
/// let (loss, g) = par_value_and_grad(&w, &[1.0, 2.0, 3.0], |w, x| w * *x);
/// assert_eq!((loss.item(), g.item()), (2.0, 2.0));
/// ```
#[track_caller]
pub fn par_value_and_grad<F: Float, M: Module<F> + Send + Sync, S: Sync>(
    model: &M,
    shards: &[S],
    f: impl Fn(&M, &S) -> Tensor<F> + Sync,
) -> (Tensor<F>, M) {
    assert!(
        state().level == 0,
        "par_value_and_grad: must be the outermost transform; use value_and_grad inside another one"
    );
    assert!(!shards.is_empty(), "par_value_and_grad: needs at least one shard");
    let debug_nan = debug_nan_is_on();
    let place = Location::caller();
    let parts = par::map(shards.len(), usize::MAX, |i| {
        let step = || value_and_grad_at(place, model, |m| (f(m, &shards[i]), ()));
        let (loss, (), gradient) = isolated(debug_nan, || par::serially(step));
        (loss, gradient)
    });

    let share = 1.0 / shards.len() as f64;
    let (losses, gradients): (Vec<_>, Vec<_>) = parts.into_iter().unzip();
    let gradients: Vec<Vec<Tensor<F>>> = gradients.iter().map(Module::params).collect();
    assert!(
        !losses.iter().chain(gradients.iter().flatten()).any(Tensor::is_recorded),
        "par_value_and_grad: the function uses a variable of another open transform, whose gradient would be lost"
    );
    let loss = mean(losses.iter(), share);
    let sizes: usize = gradients[0].iter().map(Tensor::len).sum();
    let means = par::map(gradients[0].len(), sizes * shards.len(), |i| {
        Some(mean(gradients.iter().map(|shard| &shard[i]), share))
    });
    (loss, super::grad::gradient_of(model, means))
}

/// The sum of tensors of one shape, times the share of each.
fn mean<'a, F: Float>(mut parts: impl Iterator<Item = &'a Tensor<F>>, share: f64) -> Tensor<F> {
    let first = parts.next().expect("at least one shard");
    let mut totals = Totals::new(first.len());
    totals.add(first.data());
    parts.for_each(|part| totals.add(part.data()));
    let mean = totals.finish().into_iter().map(|x| x * F::of(share)).collect();
    Tensor::new(mean, first.shape())
}
