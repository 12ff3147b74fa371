use super::grad::value_and_grad;
use crate::kernels::par;
use crate::levels::{debug_nan_is_on, isolated, open_transforms};
use crate::{Float, Module, Tensor};

/// [`value_and_grad`] of the mean of `f` over shards of a batch, one thread a shard.
///
/// Every shard has a private graph, and the gradients are added in the order of the shards: the result
/// has the same bits on any number of threads. For shards of different sizes, weigh the loss inside `f`.
///
/// # Panics
/// If there is no shard, or inside another transform.
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
        open_transforms() == 0,
        "par_value_and_grad: must be the outermost transform; use value_and_grad inside another one"
    );
    assert!(!shards.is_empty(), "par_value_and_grad: needs at least one shard");
    let debug_nan = debug_nan_is_on();
    let parts = par::map(shards.len(), usize::MAX, |i| {
        isolated(debug_nan, || par::serially(|| value_and_grad(model, |m| f(m, &shards[i]))))
    });

    let share = 1.0 / shards.len() as f64;
    let (losses, gradients): (Vec<_>, Vec<_>) = parts.into_iter().unzip();
    let loss = losses.into_iter().reduce(|a, b| a + b).expect("at least one shard") * share;
    let gradients: Vec<Vec<Tensor<F>>> = gradients.iter().map(Module::params).collect();
    let sizes: usize = gradients[0].iter().map(Tensor::len).sum();
    let means = par::map(gradients[0].len(), sizes * shards.len(), |i| {
        let mut sum = gradients[0][i].to_vec();
        for shard in &gradients[1..] {
            crate::kernels::accumulate::add_assign(&mut sum, shard[i].data());
        }
        let share = F::of(share);
        sum.iter_mut().for_each(|x| *x *= share);
        Some(Tensor::new(sum, gradients[0][i].shape()))
    });
    (loss, super::grad::gradient_of(model, means))
}
