use std::sync::Mutex;

use seedbed_autodiff::{Float, Module, Rng, Tensor, par_value_and_grad, value_and_grad_aux};

use super::Metrics;
use crate::ema::buffers;

/// What a loss function gives: the loss, and what else there is to know.
///
/// It is made from a tensor, from a tensor and [`Metrics`], or field by field.
#[derive(Clone, Debug)]
pub struct Loss<F: Float, M> {
    /// A scalar, to be differentiated.
    pub loss: Tensor<F>,
    /// Numbers for the log.
    pub metrics: Metrics,
    /// The model with new buffers, running statistics for example; its parameters are not looked at.
    pub model: Option<M>,
}

impl<F: Float, M> From<Tensor<F>> for Loss<F, M> {
    fn from(loss: Tensor<F>) -> Self {
        Self { loss, metrics: Metrics::new(), model: None }
    }
}

impl<F: Float, M> From<(Tensor<F>, Metrics)> for Loss<F, M> {
    fn from((loss, metrics): (Tensor<F>, Metrics)) -> Self {
        Self { loss, metrics, model: None }
    }
}

/// A loss with its gradient.
pub(super) struct Differentiated<F: Float, M> {
    pub(super) loss: f64,
    pub(super) gradient: M,
    pub(super) metrics: Metrics,
    pub(super) buffers: Option<Vec<Tensor<F>>>,
}

/// The loss of a whole batch on this thread.
pub(super) fn differentiate<F: Float, M: Module<F>, B, L: Into<Loss<F, M>>>(
    model: &M,
    batch: &B,
    rng: &mut Rng,
    loss: impl FnOnce(&M, &B, &mut Rng) -> L,
) -> Differentiated<F, M> {
    let (value, (metrics, buffers), gradient) = value_and_grad_aux(model, |m| {
        let Loss { loss, metrics, model } = loss(m, batch, rng).into();
        // As constants: the rest of the returned model would keep the graph alive.
        (loss, (metrics, model.map(|m| buffers(&m))))
    });
    Differentiated { loss: value.item().f64(), gradient, metrics, buffers }
}

/// The mean loss of the shards of a batch, one thread a shard; metrics and buffers are means, too.
pub(super) fn differentiate_shards<F, M, S, L>(
    model: &M,
    shards: Vec<S>,
    rng: &mut Rng,
    loss: impl Fn(&M, &S, &mut Rng) -> L + Sync,
) -> Differentiated<F, M>
where
    F: Float,
    M: Module<F> + Send + Sync,
    S: Send + Sync,
    L: Into<Loss<F, M>>,
{
    type Aside<F> = Mutex<Option<(Metrics, Option<Vec<Tensor<F>>>)>>;
    let jobs: Vec<(S, Rng, Aside<F>)> =
        shards.into_iter().map(|shard| (shard, rng.split(), Mutex::new(None))).collect();
    let (value, gradient) = par_value_and_grad(model, &jobs, |m, (shard, rng, aside)| {
        let Loss { loss, metrics, model } = loss(m, shard, &mut rng.clone()).into();
        let aside_of_shard = (metrics, model.map(|m| buffers(&m)));
        *aside.lock().expect("locked once") = Some(aside_of_shard);
        loss
    });
    let (metrics, buffers): (Vec<_>, Vec<_>) = (jobs.into_iter())
        .filter_map(|(_, _, aside)| aside.into_inner().expect("no shard panicked"))
        .unzip();
    let buffers = buffers.into_iter().collect::<Option<Vec<_>>>().map(|shards| {
        let share = 1.0 / shards.len() as f64;
        let sum = shards
            .into_iter()
            .reduce(|a, b| a.iter().zip(&b).map(|(a, b)| a + b).collect())
            .unwrap_or_default();
        sum.into_iter().map(|x| x * share).collect()
    });
    Differentiated { loss: value.item().f64(), gradient, metrics: Metrics::mean(&metrics), buffers }
}
