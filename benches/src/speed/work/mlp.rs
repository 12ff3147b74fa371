//! Multilayer perceptrons: the step of RHO-LOSS, data-parallel training, a small model.

use std::hint::black_box;

use seedbed::autodiff::{Activation, Rng, Tensor, par_value_and_grad, value_and_grad};
use seedbed::nn::Config;
use seedbed::nn::optim::{AdamW, AdamWConfig};
use seedbed::rho_selection::{Candidates, IrreducibleLosses, Selection, SelectionConfig, Selector};

use super::normal;
use crate::speed::Work;

/// Weights and bias of each layer.
pub type Mlp = Vec<(Tensor, Tensor)>;

/// Layers of these widths, with weights of He's variance.
pub fn mlp(widths: &[usize], rng: &mut Rng) -> Mlp {
    let layer = |w: &[usize]| {
        let std = (2.0 / w[0] as f64).sqrt();
        (Tensor::normal(&[w[0], w[1]], 0.0, std, rng), Tensor::zeros(&[w[1]]))
    };
    widths.windows(2).map(layer).collect()
}

/// ReLU between the layers, logits at the end.
fn logits(model: &Mlp, x: &Tensor) -> Tensor {
    let last = model.len() - 1;
    model.iter().enumerate().fold(x.clone(), |x, (i, (w, b))| {
        let activation = if i < last { Activation::Relu } else { Activation::Identity };
        x.linear(w, Some(b), activation)
    })
}

fn adamw(model: &Mlp) -> AdamW<Mlp> {
    let config = AdamWConfig { lr: 1e-3, weight_decay: 0.01, ..AdamWConfig::default() };
    AdamW::new(model, config.check().expect("a rate and a decay that make sense"))
}

fn labels(n: usize, classes: usize, rng: &mut Rng) -> Vec<usize> {
    (0..n).map(|_| rng.below(classes)).collect()
}

/// `rho-step` and its parts: 320 candidates are scored, the best 32 are learnt from
/// (Mindermann et al. 2022, Algorithm 1).
pub struct RhoStep {
    model: Mlp,
    optimizer: AdamW<Mlp>,
    x: Tensor,
    labels: Vec<usize>,
    ids: Vec<u64>,
    selector: Selector,
}

impl RhoStep {
    const WIDTHS: [usize; 4] = [784, 512, 512, 10];
    const CANDIDATES: usize = 320;
    const PICKED: usize = 32;
    /// Examples of the training set, each with an irreducible loss.
    const EXAMPLES: usize = 60_000;

    /// Floating-point operations: a forward pass of the candidates, two backward of the picked, less the gradient of the input.
    pub const FLOPS: f64 = {
        let [a, b, c, d] = Self::WIDTHS;
        let forward = 2 * (a * b + b * c + c * d);
        let picked = Self::PICKED * (2 * forward - 2 * a * b);
        (Self::CANDIDATES * forward + picked) as f64
    };

    /// For the peers.
    pub(super) fn sizes() -> serde_json::Value {
        serde_json::json!({
            "widths": Self::WIDTHS, "candidates": Self::CANDIDATES, "picked": Self::PICKED,
        })
    }

    /// A random model, random candidates.
    pub fn new() -> Self {
        let mut rng = Rng::new(1);
        let model = mlp(&Self::WIDTHS, &mut rng);
        let irreducible = Tensor::<f32>::uniform(&[Self::EXAMPLES], 0.0, 1.0, &mut rng);
        let all: Vec<u64> = (0..Self::EXAMPLES as u64).collect();
        let irreducible = IrreducibleLosses::new(&all, irreducible.data());
        let ratio = (Self::PICKED as f64 / Self::CANDIDATES as f64).into();
        let config = SelectionConfig { ratio, ..Default::default() }.check();
        let selector = Selector::new(config.expect("a tenth"), irreducible.expect("finite"));
        let drawn = rng.permutation(Self::EXAMPLES);
        RhoStep {
            optimizer: adamw(&model),
            x: Tensor::uniform(&[Self::CANDIDATES, Self::WIDTHS[0]], 0.0, 1.0, &mut rng),
            labels: labels(Self::CANDIDATES, Self::WIDTHS[3], &mut rng),
            ids: drawn[..Self::CANDIDATES].iter().map(|&row| row as u64).collect(),
            selector: selector.expect("irreducible losses for all"),
            model,
        }
    }

    /// Training losses of the candidates, without a gradient.
    pub fn losses(&self) -> Tensor {
        logits(&self.model, &self.x).cross_entropy_each(&self.labels)
    }

    /// The library's selector: looks the irreducible losses up, scores, picks the rows with the highest reducible loss (training
    /// loss − irreducible loss), and notes what the choice looks like.
    pub fn select(&mut self, losses: &Tensor) -> Selection {
        let candidates = Candidates::new(&self.ids, losses.data()).labels(&self.labels);
        self.selector.select(&candidates).expect("finite losses of known examples")
    }

    /// The candidates are scored, and some of them picked; the gradient of the picked ones' mean loss, through the pass that scored them.
    pub fn gradient(&mut self) -> Mlp {
        let model = self.model.clone();
        let gradient = |model: &Mlp| {
            let losses = logits(model, &self.x).cross_entropy_each(&self.labels);
            let picked = self.select(&losses).indices;
            losses.index_select(0, &picked).mean(..)
        };
        value_and_grad(&model, gradient).1
    }

    /// One step of AdamW.
    pub fn update(&mut self, gradient: &Mlp) {
        self.optimizer.step(&mut self.model, gradient);
    }

    /// All of it.
    pub fn step(&mut self) {
        let gradient = self.gradient();
        self.update(&gradient);
    }
}

impl Default for RhoStep {
    fn default() -> Self {
        Self::new()
    }
}

/// `rho-step`, as work.
pub fn rho_step() -> Work {
    let mut step = RhoStep::new();
    Box::new(move || step.step())
}

/// Training on one batch again and again, the batch split into shards of equal size.
pub struct Training {
    /// The model, as trained so far.
    pub model: Mlp,
    optimizer: AdamW<Mlp>,
    shards: Vec<(Tensor, Vec<usize>)>,
}

impl Training {
    /// A random model and a random batch.
    pub fn new(widths: &[usize], shards: usize, shard: usize) -> Self {
        let mut rng = Rng::new(1);
        let model = mlp(widths, &mut rng);
        let (inputs, classes) = (widths[0], widths[widths.len() - 1]);
        let batch = |_| (normal(&[shard, inputs], &mut rng), labels(shard, classes, &mut rng));
        let shards = (0..shards).map(batch).collect();
        Training { optimizer: adamw(&model), model, shards }
    }

    /// `scaling`: 784-512-512-10 on 4 shards of 128.
    pub fn large() -> Self {
        Self::new(&[784, 512, 512, 10], 4, 128)
    }

    /// `small-mlp`: 64-64-64-10 on one batch of 32.
    pub fn small() -> Self {
        Self::new(&[64, 64, 64, 10], 1, 32)
    }

    /// One step with the shards spread over the threads.
    pub fn data_parallel_step(&mut self) {
        let loss = |model: &Mlp, (x, labels): &(Tensor, Vec<usize>)| {
            logits(model, x).cross_entropy(labels)
        };
        let (loss, gradient) = par_value_and_grad(&self.model, &self.shards, loss);
        black_box(loss);
        self.optimizer.step(&mut self.model, &gradient);
    }

    /// One step on the first shard, where only the kernels may use threads.
    pub fn step(&mut self) {
        let (x, labels) = &self.shards[0];
        let (loss, gradient) =
            value_and_grad(&self.model, |model| logits(model, x).cross_entropy(labels));
        black_box(loss);
        self.optimizer.step(&mut self.model, &gradient);
    }
}
