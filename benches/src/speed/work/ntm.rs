//! `ntm-train-1` and `ntm-train-16`: a training step of a Neural Turing Machine on the copy task.

use std::hint::black_box;

use seedbed::autodiff::{Module, Rng, Tensor, par_value_and_grad, value_and_grad};
use seedbed::nn::Config;
use seedbed::nn::clip::clip_global_norm;
use seedbed::nn::optim::{GravesRmsProp, GravesRmsPropConfig};
use seedbed::ntm::{ControllerConfig, Ntm, NtmConfig};

use crate::speed::Work;

/// Bits of a vector; the input has a channel more, for the delimiter.
const BITS: usize = 8;
/// Vectors to copy.
const LENGTH: usize = 20;
const SLOTS: usize = 128;
const WIDTH: usize = 20;
const HIDDEN: usize = 100;
/// The largest norm of a gradient.
const CLIP: f64 = 10.0;

/// For the peers.
pub(super) fn sizes() -> serde_json::Value {
    serde_json::json!({
        "bits": BITS, "length": LENGTH, "slots": SLOTS, "width": WIDTH, "hidden": HIDDEN, "clip": CLIP,
    })
}

/// Floating-point operations of a step's matrix products and memory accesses, forward and twice backward; the elementwise functions
/// do not count.
pub const fn flops(batch: usize) -> f64 {
    let time = 2 * LENGTH + 1;
    let heads = 2 * (WIDTH + 6) + 2 * WIDTH;
    let controller = (BITS + 1 + WIDTH + HIDDEN) * 4 * HIDDEN;
    // Norms and similarities of two heads, a read, a write (a product with e, one with a, and that of both).
    let memory = (3 + 1 + 3) * SLOTS * WIDTH;
    let step = controller + HIDDEN * heads + memory + (HIDDEN + WIDTH) * BITS;
    (3 * 2 * time * batch * step) as f64
}

/// Training on one batch again and again.
pub struct Training {
    /// The machine, as trained so far.
    pub model: Ntm,
    optimizer: GravesRmsProp<Ntm>,
    x: Tensor,
    y: Tensor,
}

/// The mean cross-entropy of the answers: the last steps.
fn loss(model: &Ntm, x: &Tensor, y: &Tensor) -> Tensor {
    model.forward(x).slice(0, LENGTH + 1..).bce_with_logits(y)
}

impl Training {
    /// A random machine and random vectors.
    pub fn new(batch: usize) -> Self {
        let mut rng = Rng::new(1);
        let config = NtmConfig {
            inputs: BITS + 1,
            outputs: BITS,
            slots: SLOTS,
            width: WIDTH,
            controller: ControllerConfig::Lstm { hidden: HIDDEN, layers: 1 },
            ..NtmConfig::default()
        };
        let model = Ntm::new(&config.check().expect("sizes that make sense"), &mut rng);
        let rmsprop = GravesRmsPropConfig::default().check().expect("the paper's rates");
        let y = Tensor::uniform(&[LENGTH, batch, BITS], 0.0, 1.0, &mut rng).gt(0.5);
        let delimiter = Tensor::one_hot(&vec![BITS; batch], BITS + 1).unsqueeze(0);
        let given = y.pad(&[(0, 0), (0, 0), (0, 1)], 0.0);
        let blank = Tensor::zeros(given.shape());
        let x = Tensor::concat(&[given, delimiter, blank], 0);
        Training { optimizer: GravesRmsProp::new(&model, rmsprop), model, x, y }
    }

    /// One step on the whole batch.
    pub fn step(&mut self) {
        let (x, y) = (&self.x, &self.y);
        let (loss, gradient) = value_and_grad(&self.model, |model| loss(model, x, y));
        self.update(loss, gradient);
    }

    /// One step with the batch cut into `shards`, spread over the threads.
    pub fn data_parallel_step(&mut self, shards: usize) {
        let parts: Vec<_> =
            self.x.chunk(1, shards).into_iter().zip(self.y.chunk(1, shards)).collect();
        let (loss, gradient) =
            par_value_and_grad(&self.model, &parts, |model, (x, y)| loss(model, x, y));
        self.update(loss, gradient);
    }

    fn update(&mut self, loss: Tensor, mut gradient: Ntm) {
        black_box(loss);
        clip_global_norm(&mut gradient, CLIP);
        self.optimizer.step(&mut self.model, &gradient);
    }

    /// The bits of all parameters.
    pub fn bits(&self) -> Vec<u32> {
        let params = self.model.params();
        params.iter().flat_map(|p| p.data().iter().map(|x| x.to_bits())).collect()
    }
}

/// A training step on a batch of this size; a batch that can be cut is, into a shard for each thread.
pub fn train(batch: usize) -> Work {
    let mut training = Training::new(batch);
    match batch {
        1 => Box::new(move || training.step()),
        _ => Box::new(move || training.data_parallel_step(rayon::current_num_threads().min(batch))),
    }
}
