//! Training of few-shot learners.

use seedbed_autodiff::{Float, Module as _, Rng, Tensor, value_and_grad};
use seedbed_kernels::par;
use seedbed_nn::optim::{Adam, AdamConfig, Sgd, SgdConfig};
use seedbed_nn::schedule::Schedule;
use seedbed_nn::{Check, Checked, Config, ConfigError, Linear, loss};
use serde::{Deserialize, Serialize};

use super::network::{Body, FewShotNet};
use super::tasks::{Examples, Task, Tasks};
use crate::bilevel::{
    Bilevel, Hypergradient, InnerAdam, InnerOptimizer, InnerSgd, adapt, mean_hypergradient,
};

/// How a network learns to learn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// Second derivatives, all of the network adapts (Finn et al. 2017).
    Maml,
    /// The same without second derivatives.
    FirstOrderMaml,
    /// Second derivatives, only the head adapts (Raghu et al. 2020).
    Anil,
    /// MAML with a learnt rate for every parameter (Li et al. 2017).
    MetaSgd,
    /// Towards what inner Adam reaches (Nichol et al. 2018).
    Reptile,
    /// Prototypical networks: nothing adapts (Snell et al. 2017).
    Prototypes,
}

/// What the inner loss of a task is. Published rates suppose one of the two: MAML's 0.4 for five ways belongs to the sum, and is 2.0 on the mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reduction {
    /// The mean over examples.
    Mean,
    /// The mean over the examples of each class, added over classes: ways times the mean.
    SumOverWays,
}

/// How a few-shot learner is trained.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FewShotConfig {
    /// How.
    pub method: Method,
    /// Channels of the network.
    pub channels: usize,
    /// Classes of the tasks that the head is for; `Prototypes` has no head, and may be trained with more.
    pub ways: usize,
    /// Outer steps, over which the rate falls to 0 in a straight line.
    pub steps: u64,
    /// Tasks of an outer step.
    pub tasks: usize,
    /// The outer learning rate, of Adam; with `Reptile` the share of the way that is gone.
    pub rate: f64,
    /// Inner steps in training.
    pub inner_steps: usize,
    /// Inner steps when it is judged.
    pub judged_steps: usize,
    /// The inner learning rate, of gradient descent; with `Reptile` of Adam without first moment; with `MetaSgd` what every rate is at first.
    pub inner_rate: f64,
    /// What loss that rate is for.
    pub reduction: Reduction,
    /// Examples of an inner step; `None` is all of the support.
    pub inner_batch: Option<usize>,
}

impl FewShotConfig {
    /// Settings that work on Omniglot, with a network of 32 channels, for tasks of so many ways.
    pub fn of(method: Method, ways: usize) -> Self {
        let maml = Self {
            method,
            channels: 32,
            ways,
            steps: 3000,
            tasks: 16,
            rate: 2e-3,
            inner_steps: 1,
            judged_steps: 3,
            inner_rate: 0.4,
            reduction: Reduction::SumOverWays,
            inner_batch: None,
        };
        match method {
            Method::Maml | Method::FirstOrderMaml | Method::Anil => maml,
            Method::MetaSgd => Self { judged_steps: 1, ..maml },
            Method::Reptile => Self {
                steps: 10_000,
                tasks: 5,
                rate: 1.0,
                inner_steps: 5,
                judged_steps: 50,
                inner_rate: 1e-3,
                reduction: Reduction::Mean,
                inner_batch: Some(10),
                ..maml
            },
            Method::Prototypes => Self { tasks: 1, rate: 1e-3, ..maml },
        }
    }
}

impl Config for FewShotConfig {
    fn validate(&self) -> Result<(), ConfigError> {
        let check = Check::of("FewShotConfig");
        for (field, value) in [
            ("channels", self.channels),
            ("ways", self.ways),
            ("tasks", self.tasks),
            ("inner_steps", self.inner_steps),
            ("inner_batch", self.inner_batch.unwrap_or(1)),
        ] {
            check.size(field, value)?;
        }
        let channels = self.channels as f64;
        check.elements("channels", 27.0 * channels * channels)?;
        check.positive_f32("rate", self.rate)?;
        check.positive_f32("inner_rate", self.inner_rate)
    }
}

/// λ: where adaptation starts, and the learnt rates of `MetaSgd`.
pub(super) type Upper<F> = (FewShotNet<F>, Option<FewShotNet<F>>);

/// A task for a network that adapts.
struct Episode<'a, F: Float> {
    task: &'a Task<F>,
    config: &'a FewShotConfig,
}

impl<F: Float> Episode<'_, F> {
    fn logits(
        upper: &Upper<F>,
        (body, head): &(Option<Body<F>>, Linear<F>),
        x: &Tensor<F>,
    ) -> Tensor<F> {
        head.forward(&body.as_ref().unwrap_or(&upper.0.body).forward(x))
    }

    /// The examples of an inner step.
    fn batch(&self, step: usize) -> Examples<F> {
        let (images, labels) = &self.task.support;
        match self.config.inner_batch {
            Some(batch) if batch < labels.len() => {
                let rows: Vec<usize> =
                    (0..batch).map(|i| (step * batch + i) % labels.len()).collect();
                (images.index_select(0, &rows), rows.iter().map(|&row| labels[row]).collect())
            }
            _ => self.task.support.clone(),
        }
    }
}

impl<F: Float> Bilevel<F> for Episode<'_, F> {
    type Upper = Upper<F>;
    /// The body, where it adapts, and the head.
    type Lower = (Option<Body<F>>, Linear<F>);

    fn start(&self, (net, _): &Upper<F>) -> Self::Lower {
        let adapts = self.config.method != Method::Anil;
        (adapts.then(|| net.body.clone()), net.head.clone())
    }

    fn inner(&self, upper: &Upper<F>, lower: &Self::Lower, step: usize) -> Tensor<F> {
        let (images, labels) = self.batch(step);
        let mean = Self::logits(upper, lower, &images).cross_entropy(&labels).mean(..);
        match self.config.reduction {
            Reduction::Mean => mean,
            Reduction::SumOverWays => mean * self.config.ways as f64,
        }
    }

    fn outer(&self, upper: &Upper<F>, lower: &Self::Lower) -> Tensor<F> {
        let (images, labels) = &self.task.query;
        Self::logits(upper, lower, images).cross_entropy(labels).mean(..)
    }

    fn precondition(&self, (_, rates): &Upper<F>, gradient: &Self::Lower) -> Self::Lower {
        match rates {
            Some(rates) => {
                let rates = (Some(rates.body.clone()), rates.head.clone());
                gradient.zip_params(&rates, |g, rate| g * rate)
            }
            None => gradient.clone(),
        }
    }
}

/// How the outer parameters move.
#[derive(Clone, Debug)]
pub(super) enum Outer {
    Adam(Adam<Upper<f32>>),
    Sgd(Sgd<Upper<f32>>),
}

/// A learner in training.
///
/// ```
/// use seedbed_autodiff::{Rng, Tensor};
/// use seedbed_meta::fewshot::{FewShotConfig, FewShotTrainer, Method, TaskConfig, Tasks};
/// use seedbed_nn::Config;
///
/// let rng = &mut Rng::new(0);
/// let images = Tensor::<f32>::uniform(&[30, 8, 8, 1], 0.0, 1.0, rng);
/// let labels: Vec<usize> = (0..30).map(|i| i / 5).collect();
/// let tasks = Tasks::new(images, &labels, TaskConfig { ways: 3, shots: 1, queries: 2 })?;
/// let config = FewShotConfig { channels: 4, tasks: 2, ..FewShotConfig::of(Method::Maml, 3) };
/// let mut trainer = FewShotTrainer::new(&config.check()?, 8, 0);
/// assert!(trainer.step(&tasks) > 0.0);
/// assert!((0.0..=1.0).contains(&trainer.accuracy(&tasks.fixed(4, 1))));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct FewShotTrainer {
    pub(super) config: Checked<FewShotConfig>,
    pub(super) upper: Upper<f32>,
    pub(super) side: usize,
    pub(super) outer: Outer,
    pub(super) rng: Rng,
    pub(super) steps: u64,
}

impl FewShotTrainer {
    /// Before the first step, for square grey images of this `side`.
    pub fn new(config: &Checked<FewShotConfig>, side: usize, seed: u64) -> Self {
        let mut rng = Rng::new(seed);
        let net = FewShotNet::new(side, config.channels, config.ways, &mut rng);
        let rates = (config.method == Method::MetaSgd)
            .then(|| net.map_params(|x| Tensor::full(x.shape(), config.inner_rate)));
        let upper = (net, rates);
        let outer = if config.method == Method::Reptile {
            let sgd = SgdConfig { lr: config.rate, ..Default::default() }.check();
            Outer::Sgd(Sgd::new(&upper, sgd.expect("the rate was checked")))
        } else {
            let adam = AdamConfig { lr: config.rate, ..Default::default() }.check();
            Outer::Adam(Adam::new(&upper, adam.expect("the rate was checked")))
        };
        Self { config: config.clone(), upper, side, outer, rng, steps: 0 }
    }

    /// The network: where adaptation starts.
    pub fn net(&self) -> &FewShotNet {
        &self.upper.0
    }

    /// Whether the network is for such images and ways.
    #[track_caller]
    fn check(&self, image: &[usize], ways: usize) {
        let expected = [self.side, self.side, 1];
        assert!(
            image == expected,
            "FewShotTrainer: images of {image:?}, but the network is for {expected:?}"
        );
        let own = self.config.ways;
        assert!(
            ways == own || self.config.method == Method::Prototypes,
            "FewShotTrainer: tasks of {ways} ways, but the network is for {own}"
        );
    }

    /// One outer step; the mean loss of adapted networks on queries.
    ///
    /// # Panics
    /// If the tasks have other images than the network is for, or other ways (which `Prototypes` may have).
    #[track_caller]
    pub fn step(&mut self, tasks: &Tasks) -> f64 {
        self.check(tasks.image(), tasks.ways());
        let tasks: Vec<Task> =
            (0..self.config.tasks).map(|_| tasks.sample(&mut self.rng)).collect();
        let (loss, gradient) = match self.config.method {
            Method::Prototypes => self.of_prototypes(&tasks),
            method => {
                let how = match method {
                    Method::FirstOrderMaml => Hypergradient::FirstOrder,
                    Method::Reptile => Hypergradient::Reptile,
                    _ => Hypergradient::Nested,
                };
                let episodes: Vec<_> =
                    tasks.iter().map(|task| Episode { task, config: &self.config }).collect();
                let (upper, steps) = (&self.upper, self.config.inner_steps);
                match self.inner() {
                    Inner::Sgd(sgd) => mean_hypergradient(&episodes, upper, &sgd, steps, how),
                    Inner::Adam(adam) => mean_hypergradient(&episodes, upper, &adam, steps, how),
                }
            }
        };
        let factor = Schedule::linear(self.config.steps).factor(self.steps);
        match &mut self.outer {
            Outer::Adam(adam) => adam.step_scaled(&mut self.upper, &gradient, factor),
            Outer::Sgd(sgd) => sgd.step_scaled(&mut self.upper, &gradient, factor),
        }
        self.steps += 1;
        loss
    }

    fn of_prototypes(&self, tasks: &[Task]) -> (f64, Upper<f32>) {
        let share = 1.0 / tasks.len() as f64;
        let (loss, gradient) = value_and_grad(&self.upper, |(net, _)| {
            let losses = tasks.iter().map(|task| {
                task.prototype_logits(&net.body).cross_entropy(&task.query.1).mean(..) * share
            });
            losses.reduce(|sum, loss| sum + loss).expect("at least one task")
        });
        (loss.item().f64(), gradient)
    }

    /// Meta-SGD's rates are part of λ, so that the inner optimiser has none of its own.
    fn inner(&self) -> Inner {
        match self.config.method {
            Method::Reptile => Inner::Adam(InnerAdam {
                rate: self.config.inner_rate,
                beta1: 0.0,
                ..Default::default()
            }),
            Method::MetaSgd => Inner::Sgd(InnerSgd { rate: 1.0 }),
            _ => Inner::Sgd(InnerSgd { rate: self.config.inner_rate }),
        }
    }

    /// The share of queries that are recognised, over all tasks. Batches are normalised by their own statistics, so that a task's queries are
    /// seen together (the transductive setting of the published figures). 0 if there is no task.
    ///
    /// # Panics
    /// As [`step`](Self::step).
    #[track_caller]
    pub fn accuracy(&self, tasks: &[Task]) -> f64 {
        for task in tasks {
            self.check(&task.support.0.shape()[1..], task.ways);
        }
        let each = par::map(tasks.len(), usize::MAX, |i| {
            par::serially(|| {
                let task = &tasks[i];
                let logits = match self.config.method {
                    Method::Prototypes => task.prototype_logits(&self.upper.0.body),
                    _ => match self.inner() {
                        Inner::Sgd(sgd) => self.adapted(task, &sgd),
                        Inner::Adam(adam) => self.adapted(task, &adam),
                    },
                };
                loss::accuracy(&logits, &task.query.1)
            })
        });
        each.iter().sum::<f64>() / tasks.len().max(1) as f64
    }

    /// The logits of a task's queries after adaptation.
    fn adapted<'a, O>(&'a self, task: &'a Task, optimizer: &O) -> Tensor
    where
        O: InnerOptimizer<f32, (Option<Body>, Linear)>,
    {
        let episode = Episode { task, config: &self.config };
        let lower = adapt(&episode, &self.upper, optimizer, self.config.judged_steps);
        Episode::logits(&self.upper, &lower, &task.query.0)
    }
}

/// The inner optimisers in use.
enum Inner {
    Sgd(InnerSgd),
    Adam(InnerAdam),
}
