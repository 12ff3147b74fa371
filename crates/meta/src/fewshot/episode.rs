//! Methods that learn to adapt, as problems at two levels: [`hypergradient`](crate::bilevel::hypergradient) differentiates them.

use seedbed_autodiff::{Float, Module, Tensor};

use crate::bilevel::Bilevel;

/// MAML (Finn et al. 2017): λ is where adaptation starts. An episode is adapted to `support` and judged by `query`.
///
/// `loss` takes the parameters and a batch of examples. With [`Hypergradient::FirstOrder`](crate::bilevel::Hypergradient::FirstOrder)
/// this is FOMAML, with [`Hypergradient::Reptile`](crate::bilevel::Hypergradient::Reptile) it is Reptile.
///
/// ```
/// use seedbed_autodiff::Tensor;
/// use seedbed_meta::bilevel::{Hypergradient, InnerSgd, hypergradient};
/// use seedbed_meta::fewshot::Maml;
///
/// // A slope is adapted to two points of a line through 0.
/// type Points = (Tensor<f64>, Tensor<f64>);
/// let points = |x: [f64; 2], slope: f64| -> Points {
///     let x = Tensor::new(x.to_vec(), &[2]);
///     (x.clone(), x * slope)
/// };
/// let loss = |w: &Tensor<f64>, (x, y): &Points| (x * w - y).square().mean(..);
/// let episode = Maml::new(points([1.0, 2.0], 3.0), points([0.5, 1.5], 3.0), loss);
/// let sgd = InnerSgd { rate: 0.1 };
/// let start = Tensor::scalar(1.0);
/// let found = hypergradient(&episode, &start, &sgd, 1, Hypergradient::Recomputed);
/// assert!(found.lower.item() > 1.0 && found.gradient.item() < 0.0);
/// ```
#[derive(Clone, Debug)]
pub struct Maml<M, B, L> {
    /// What is adapted to.
    pub support: B,
    /// What the adapted parameters are judged by.
    pub query: B,
    loss: L,
    model: std::marker::PhantomData<fn(&M)>,
}

impl<M, B, L> Maml<M, B, L> {
    /// An episode with a loss.
    pub fn new<F: Float>(support: B, query: B, loss: L) -> Self
    where
        M: Module<F>,
        L: Fn(&M, &B) -> Tensor<F>,
    {
        Self { support, query, loss, model: std::marker::PhantomData }
    }
}

impl<F: Float, M: Module<F>, B, L: Fn(&M, &B) -> Tensor<F>> Bilevel<F> for Maml<M, B, L> {
    type Upper = M;
    type Lower = M;

    fn start(&self, upper: &M) -> M {
        upper.clone()
    }

    fn inner(&self, _: &M, lower: &M, _: usize) -> Tensor<F> {
        (self.loss)(lower, &self.support)
    }

    fn outer(&self, _: &M, lower: &M) -> Tensor<F> {
        (self.loss)(lower, &self.query)
    }
}

/// Meta-SGD (Li et al. 2017): λ is where adaptation starts, and a rate for every parameter, θ' = θ − α ⊙ ∇θ. The rate of the inner
/// optimiser multiplies the learnt ones; 1 leaves them as they are.
#[derive(Clone, Debug)]
pub struct MetaSgd<M, B, L>(pub Maml<M, B, L>);

impl<F: Float, M: Module<F>, B, L: Fn(&M, &B) -> Tensor<F>> Bilevel<F> for MetaSgd<M, B, L> {
    /// The start and the rates.
    type Upper = (M, M);
    type Lower = M;

    fn start(&self, (start, _): &(M, M)) -> M {
        start.clone()
    }

    fn inner(&self, (start, _): &(M, M), lower: &M, step: usize) -> Tensor<F> {
        self.0.inner(start, lower, step)
    }

    fn outer(&self, (start, _): &(M, M), lower: &M) -> Tensor<F> {
        self.0.outer(start, lower)
    }

    fn precondition(&self, (_, rates): &(M, M), gradient: &M) -> M {
        gradient.zip_params(rates, |g, rate| g * rate)
    }
}

/// ANIL (Raghu et al. 2020): only the head of the network is adapted. λ is the body and where the head starts.
///
/// `loss` takes body, head and a batch of examples.
#[derive(Clone, Debug)]
pub struct Anil<M, H, B, L> {
    /// What is adapted to.
    pub support: B,
    /// What the adapted head is judged by.
    pub query: B,
    loss: L,
    model: std::marker::PhantomData<fn(&M, &H)>,
}

impl<M, H, B, L> Anil<M, H, B, L> {
    /// An episode with a loss.
    pub fn new<F: Float>(support: B, query: B, loss: L) -> Self
    where
        M: Module<F>,
        H: Module<F>,
        L: Fn(&M, &H, &B) -> Tensor<F>,
    {
        Self { support, query, loss, model: std::marker::PhantomData }
    }
}

impl<F: Float, M: Module<F>, H: Module<F>, B, L: Fn(&M, &H, &B) -> Tensor<F>> Bilevel<F>
    for Anil<M, H, B, L>
{
    /// Body and head.
    type Upper = (M, H);
    type Lower = H;

    fn start(&self, (_, head): &(M, H)) -> H {
        head.clone()
    }

    fn inner(&self, (body, _): &(M, H), head: &H, _: usize) -> Tensor<F> {
        (self.loss)(body, head, &self.support)
    }

    fn outer(&self, (body, _): &(M, H), head: &H) -> Tensor<F> {
        (self.loss)(body, head, &self.query)
    }
}

/// [`Maml`] on many tasks at once, for models that take a first axis of tasks in their parameters, such as
/// [`StackedMlp`](super::StackedMlp): every task adapts its own copy.
///
/// `loss` gives one loss a task, `[tasks]`; the outer loss is their mean.
#[derive(Clone, Debug)]
pub struct Stacked<M, B, L> {
    /// What is adapted to, all tasks'.
    pub support: B,
    /// What the adapted parameters are judged by, all tasks'.
    pub query: B,
    /// How many tasks there are.
    pub tasks: usize,
    loss: L,
    model: std::marker::PhantomData<fn(&M)>,
}

impl<M, B, L> Stacked<M, B, L> {
    /// Episodes of so many tasks with a loss.
    pub fn new<F: Float>(tasks: usize, support: B, query: B, loss: L) -> Self
    where
        M: Module<F>,
        L: Fn(&M, &B) -> Tensor<F>,
    {
        Self { support, query, tasks, loss, model: std::marker::PhantomData }
    }
}

impl<F: Float, M: Module<F>, B, L: Fn(&M, &B) -> Tensor<F>> Bilevel<F> for Stacked<M, B, L> {
    type Upper = M;
    /// With the axis of tasks in front.
    type Lower = M;

    fn start(&self, upper: &M) -> M {
        upper.map_params(|x| {
            let shape: Vec<usize> =
                [self.tasks].into_iter().chain(x.shape().iter().copied()).collect();
            x.broadcast_to(&shape)
        })
    }

    /// The sum: the gradient of each task's copy is that of its own loss.
    fn inner(&self, _: &M, lower: &M, _: usize) -> Tensor<F> {
        (self.loss)(lower, &self.support).sum(..)
    }

    fn outer(&self, _: &M, lower: &M) -> Tensor<F> {
        (self.loss)(lower, &self.query).mean(..)
    }
}
