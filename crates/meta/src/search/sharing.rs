//! Random search with shared weights (Li and Talwalkar 2019): one network has the weights of every cell; each step trains those of a random cell, and then many random cells are
//! judged with them, none of which is trained by itself.

use seedbed_autodiff::{Rng, Tensor, value_and_grad};
use seedbed_kernels::par;
use seedbed_nn::clip::clip_global_norm;
use seedbed_nn::loss::accuracy;
use seedbed_nn::optim::{Sgd, SgdConfig};
use seedbed_nn::schedule::Schedule;
use seedbed_nn::{Check, Checked, Config, ConfigError};
use serde::{Deserialize, Serialize};

use super::cell::{CellNet, EDGES, EdgeOp, OnEdge};
use super::training::{Labelled, select};

/// How shared weights are trained, and how many cells are judged with them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SharingConfig {
    /// Channels of the network.
    pub channels: usize,
    /// Examples of a step.
    pub batch: usize,
    /// Times that every training example is seen.
    pub epochs: usize,
    /// The first rate of gradient descent; it falls to 0 along half a cosine.
    pub rate: f64,
    /// The weight decay.
    pub decay: f64,
    /// Random cells that are judged in the end.
    pub candidates: usize,
}

impl Default for SharingConfig {
    /// As [`DartsConfig`](super::DartsConfig) trains its network.
    fn default() -> Self {
        Self { channels: 12, batch: 50, epochs: 24, rate: 0.025, decay: 3e-4, candidates: 200 }
    }
}

impl Config for SharingConfig {
    fn validate(&self) -> Result<(), ConfigError> {
        let check = Check::of("SharingConfig");
        check.size("channels", self.channels)?;
        check.size("batch", self.batch)?;
        check.size("epochs", self.epochs)?;
        check.size("candidates", self.candidates)?;
        check.positive_f32("rate", self.rate)?;
        check.non_negative_f32("decay", self.decay)
    }
}

/// What came of a search with shared weights.
#[derive(Clone, Debug)]
pub struct SharedSearch {
    /// The cell with the best validation accuracy, the first of several.
    pub cell: [EdgeOp; EDGES.len()],
    /// Every cell that was judged, and its validation accuracy with the shared weights, from 0 to 1.
    pub judged: Vec<([EdgeOp; EDGES.len()], f64)>,
}

/// Searches a cell. Weights are trained on `train`, cells judged on `validation`; both are `[n, height, width, channels]` with a label each.
///
/// ```
/// use seedbed_autodiff::Tensor;
/// use seedbed_meta::search::{SharingConfig, share_weights};
/// use seedbed_nn::Config;
///
/// // Images that are dark or bright.
/// let pixels = (0..16 * 64).map(|i| (i / 64 % 2) as f32).collect();
/// let data = (Tensor::new(pixels, &[16, 8, 8, 1]), (0..16).map(|i| i % 2).collect());
/// let config = SharingConfig { channels: 2, batch: 4, epochs: 2, candidates: 5, ..Default::default() };
/// let found = share_weights((&data, &data), 2, &config.check()?, 0);
/// assert_eq!(found.judged.len(), 5);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Panics
/// If there are fewer training examples than a batch.
#[track_caller]
pub fn share_weights(
    (train, validation): (&Labelled, &Labelled),
    classes: usize,
    config: &Checked<SharingConfig>,
    seed: u64,
) -> SharedSearch {
    let examples = train.1.len();
    let batch = config.batch;
    assert!(
        examples >= batch,
        "share_weights: {examples} examples are fewer than a batch of {batch}"
    );
    let rng = &mut Rng::new(seed);
    // A mixture has the weights of all operations.
    let all = [(); EDGES.len()].map(|()| OnEdge::Mixed(Tensor::zeros(&[EdgeOp::ALL.len()]), 0.0));
    let mut net = CellNet::new(&all, train.0.shape()[3], config.channels, classes, rng);
    let sgd = SgdConfig {
        lr: config.rate,
        momentum: 0.9,
        weight_decay: config.decay,
        ..Default::default()
    };
    let mut sgd = Sgd::new(&net, sgd.check().expect("a part of what was checked"));
    let schedule = Schedule::cosine((config.epochs * (examples / batch)) as u64);
    for _ in 0..config.epochs {
        for rows in rng.permutation(examples).chunks_exact(batch) {
            let (cell, (x, y)) = (sample(rng).map(OnEdge::One), select(train, rows));
            let (_, mut gradient) =
                value_and_grad(&net, |net| net.forward(&x, &cell).cross_entropy(&y).mean(..));
            clip_global_norm(&mut gradient, 5.0);
            let factor = schedule.factor(sgd.steps());
            sgd.step_scaled(&mut net, &gradient, factor);
        }
    }
    let candidates: Vec<_> = (0..config.candidates).map(|_| sample(rng)).collect();
    let judged: Vec<_> = par::map(candidates.len(), usize::MAX, |i| {
        let logits = net.forward(&validation.0, &candidates[i].map(OnEdge::One));
        (candidates[i], accuracy(&logits, &validation.1))
    });
    let better = |best: &([EdgeOp; EDGES.len()], f64), next: &([EdgeOp; EDGES.len()], f64)| {
        if next.1 > best.1 { *next } else { *best }
    };
    let best = judged.iter().skip(1).fold(judged[0], |best, next| better(&best, next));
    SharedSearch { cell: best.0, judged }
}

/// An operation for every edge, all equally likely.
fn sample(rng: &mut Rng) -> [EdgeOp; EDGES.len()] {
    [(); EDGES.len()].map(|()| EdgeOp::ALL[rng.below(EdgeOp::ALL.len())])
}
