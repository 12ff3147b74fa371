//! Sinusoids of random amplitude and phase: the smallest family of tasks (Finn et al. 2017, section 5.1).

use std::f64::consts::PI;

use seedbed_autodiff::{Float, Rng, Tensor};
use seedbed_nn::clip::clip_global_norm;
use seedbed_nn::optim::{Adam, AdamConfig};
use seedbed_nn::schedule::Schedule;
use seedbed_nn::{Check, Checked, Config, ConfigError, Init};
use serde::{Deserialize, Serialize};

use super::episode::Stacked;
use super::stacked::StackedMlp;
use crate::bilevel::{Adapted, Hypergradient, InnerSgd, adapt, hypergradient};

/// Sines y = A sin(x − φ), one a task, with A uniform on [0.1, 5] and φ uniform on [0, π].
#[derive(Clone, Debug, PartialEq)]
pub struct Sines {
    /// A and φ of each task.
    tasks: Vec<(f64, f64)>,
}

/// Points of all tasks: x and y, each `[tasks, points, 1]`.
pub type Points<F> = (Tensor<F>, Tensor<F>);

impl Sines {
    /// So many tasks.
    pub fn new(tasks: usize, rng: &mut Rng) -> Self {
        let task = |_| (0.1 + 4.9 * rng.uniform(), PI * rng.uniform());
        Self { tasks: (0..tasks).map(task).collect() }
    }

    /// Points of each task with x uniform on [−5, 5].
    pub fn points<F: Float>(&self, points: usize, rng: &mut Rng) -> Points<F> {
        self.at(points, |_| 10.0 * rng.uniform() - 5.0)
    }

    /// Points of each task with x from −5 to 5 at equal distances.
    ///
    /// # Panics
    /// If there are fewer than two.
    #[track_caller]
    pub fn grid<F: Float>(&self, points: usize) -> Points<F> {
        assert!(points >= 2, "Sines::grid: needs at least 2 points, got {points}");
        self.at(points, |i| 10.0 * i as f64 / (points - 1) as f64 - 5.0)
    }

    fn at<F: Float>(&self, points: usize, mut x: impl FnMut(usize) -> f64) -> Points<F> {
        let count = self.tasks.len() * points;
        let (mut xs, mut ys) = (Vec::with_capacity(count), Vec::with_capacity(count));
        for &(amplitude, phase) in &self.tasks {
            for i in 0..points {
                let x = x(i);
                xs.push(F::of(x));
                ys.push(F::of(amplitude * (x - phase).sin()));
            }
        }
        let shape = [self.tasks.len(), points, 1];
        (Tensor::new(xs, &shape), Tensor::new(ys, &shape))
    }

    /// The mean squared error of each task, `[tasks]`; the network has an axis of tasks.
    ///
    /// # Panics
    /// If the network has other numbers of tasks, inputs or outputs.
    #[track_caller]
    pub fn loss<F: Float>(net: &StackedMlp<F>, (x, y): &Points<F>) -> Tensor<F> {
        (net.forward(x) - y).square().mean([1, 2])
    }
}

/// How the network for sines is drawn; both are in use, and they do not learn equally fast.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SineInit {
    /// All weights from a truncated normal distribution with deviation 0.01: what the authors' code does.
    Narrow,
    /// The first layer's weights with deviation 1, the others uniform on ±1/√fan-in.
    Wide,
}

impl SineInit {
    /// The paper's network: 1 input, two layers of 40 with ReLU, 1 output.
    pub fn network<F: Float>(self, rng: &mut Rng) -> StackedMlp<F> {
        let init = |layer| match (self, layer) {
            (Self::Narrow, _) => Init::TruncatedNormal(0.01),
            (Self::Wide, 0) => Init::Normal(1.0),
            (Self::Wide, _) => Init::TorchUniform,
        };
        StackedMlp::new(&[1, 40, 40, 1], init, rng)
    }
}

/// How a network learns to adapt to sines: MAML, many tasks at once.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SineTraining {
    /// How the network is drawn.
    pub init: SineInit,
    /// Outer steps.
    pub steps: u64,
    /// Tasks of an outer step.
    pub tasks: usize,
    /// Points to adapt to, and as many to be judged by.
    pub points: usize,
    /// Inner steps.
    pub inner_steps: usize,
    /// The rate of inner steps, on the mean squared error.
    pub inner_rate: f64,
    /// The learning rate of Adam, the outer optimiser; it falls to 0 along half a cosine.
    pub rate: f64,
    /// The outer gradient is clipped to this norm.
    pub clip: f64,
    /// How the hypergradient is found.
    pub hypergradient: Hypergradient,
}

impl Default for SineTraining {
    /// The paper's tasks (25 of 10 points, one step of rate 0.01); a falling rate and the clip are ours.
    fn default() -> Self {
        Self {
            init: SineInit::Wide,
            steps: 32_000,
            tasks: 25,
            points: 10,
            inner_steps: 1,
            inner_rate: 0.01,
            rate: 4e-3,
            clip: 1.0,
            hypergradient: Hypergradient::Nested,
        }
    }
}

impl Config for SineTraining {
    fn validate(&self) -> Result<(), ConfigError> {
        let check = Check::of("SineTraining");
        check.size("tasks", self.tasks)?;
        check.size("points", self.points)?;
        check.elements("tasks", self.tasks as f64 * self.points as f64)?;
        self.hypergradient.validate(check, "hypergradient")?;
        check.non_negative_f32("inner_rate", self.inner_rate)?;
        check.positive_f32("rate", self.rate)?;
        check.positive("clip", self.clip)
    }
}

/// A network that learns to adapt to sines.
#[derive(Clone, Debug)]
pub struct SineTrainer {
    config: Checked<SineTraining>,
    /// Where adaptation starts.
    pub net: StackedMlp,
    adam: Adam<StackedMlp>,
    rng: Rng,
}

impl SineTrainer {
    /// Before the first step.
    pub fn new(config: &Checked<SineTraining>, seed: u64) -> Self {
        let mut rng = Rng::new(seed);
        let net = config.init.network(&mut rng);
        let adam = AdamConfig { lr: config.rate, ..Default::default() }.check();
        let adam = Adam::new(&net, adam.expect("the rate was checked"));
        Self { config: config.clone(), net, adam, rng }
    }

    /// One outer step; the mean loss of the adapted networks on new points.
    pub fn step(&mut self) -> f64 {
        let config = &self.config;
        let sines = Sines::new(config.tasks, &mut self.rng);
        let [support, query] = [(); 2].map(|()| sines.points(config.points, &mut self.rng));
        let episodes = Stacked::new(config.tasks, support, query, Sines::loss);
        let sgd = InnerSgd { rate: config.inner_rate };
        let (steps, how) = (config.inner_steps, config.hypergradient);
        let Adapted { loss, mut gradient, .. } =
            hypergradient(&episodes, &self.net, &sgd, steps, how);
        clip_global_norm(&mut gradient, config.clip);
        let factor = Schedule::cosine(config.steps).factor(self.adam.steps());
        self.adam.step_scaled(&mut self.net, &gradient, factor);
        loss.item().f64()
    }

    /// The mean squared error on a grid of 100 points after each of so many steps of adaptation to new tasks.
    pub fn errors(&self, tasks: usize, steps: &[usize], rng: &mut Rng) -> Vec<f64> {
        let sines = Sines::new(tasks, rng);
        let support = sines.points(self.config.points, rng);
        let episodes = Stacked::new(tasks, support, sines.grid(100), Sines::loss);
        let sgd = InnerSgd { rate: self.config.inner_rate };
        let error = |&steps: &usize| {
            let adapted = adapt(&episodes, &self.net, &sgd, steps);
            Sines::loss(&adapted, &episodes.query).mean(..).item().f64()
        };
        steps.iter().map(error).collect()
    }
}
