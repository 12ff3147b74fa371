//! DARTS (Liu et al. 2019): all operations at once, with weights that are learnt; and ways to keep it from choosing skip connections only.
//!
//! > on every edge Σ softmax(α)ₒ · o(x),  w on training examples, α on validation examples, one step of each in turn

use seedbed_autodiff::{Rng, Tensor, grad, hvp, update, value_and_grad};
use seedbed_nn::clip::clip_global_norm;
use seedbed_nn::optim::{Adam, AdamConfig, Sgd, SgdConfig};
use seedbed_nn::schedule::Schedule;
use seedbed_nn::{Check, Checked, Config, ConfigError};
use serde::{Deserialize, Serialize};

use super::cell::{CellNet, EDGES, EdgeOp, OnEdge};
use super::training::{Labelled, select};
use crate::bilevel::{Bilevel, Hypergradient, InnerSgd, hypergradient};

/// How the weights of operations are learnt, and an operation is chosen for each edge.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DartsConfig {
    /// Channels of the network.
    pub channels: usize,
    /// Examples of a step.
    pub batch: usize,
    /// Times that every training example is seen.
    pub epochs: usize,
    /// The first rate of gradient descent for w; it falls to 0 along half a cosine.
    pub rate: f64,
    /// The weight decay of w.
    pub decay: f64,
    /// The rate of Adam for α.
    pub alpha_rate: f64,
    /// Whether α looks ahead by one step of w, with second derivatives by finite differences (equation 8).
    pub second_order: bool,
    /// The auxiliary skip connection on every edge at first; it falls to 0 in a straight line (DARTS−, Chu et al. 2021).
    pub auxiliary_skip: f64,
    /// Ends where the largest eigenvalue of ∂²L/∂α² has grown to so many times the smallest of the epochs before (R-DARTS, Zela et al. 2020).
    pub stop_at_eigenvalue: Option<f64>,
    /// How the operation of an edge is chosen.
    pub selection: Selection,
}

/// How the operation of an edge is chosen in the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Selection {
    /// The one with the largest weight that is not [`EdgeOp::None`], as DARTS does.
    Weight,
    /// The one without which the validation accuracy falls most (DARTS-PT, Wang et al. 2021); edges are decided one after the other.
    Perturbation,
}

impl Default for DartsConfig {
    /// First order, for the size of the crate's table; rates of the authors' program.
    fn default() -> Self {
        Self {
            channels: 12,
            batch: 50,
            epochs: 24,
            rate: 0.025,
            decay: 3e-4,
            alpha_rate: 3e-3,
            second_order: false,
            auxiliary_skip: 0.0,
            stop_at_eigenvalue: None,
            selection: Selection::Weight,
        }
    }
}

impl Config for DartsConfig {
    fn validate(&self) -> Result<(), ConfigError> {
        let check = Check::of("DartsConfig");
        check.size("channels", self.channels)?;
        check.size("batch", self.batch)?;
        check.size("epochs", self.epochs)?;
        check.positive_f32("rate", self.rate)?;
        check.non_negative_f32("decay", self.decay)?;
        check.positive_f32("alpha_rate", self.alpha_rate)?;
        check.non_negative_f32("auxiliary_skip", self.auxiliary_skip)?;
        if let Some(limit) = self.stop_at_eigenvalue {
            check.that(limit > 1.0, "stop_at_eigenvalue", limit, "above 1")?;
        }
        Ok(())
    }
}

/// What came of a search.
#[derive(Clone, Debug)]
pub struct Derived {
    /// The operation of each edge.
    pub cell: [EdgeOp; EDGES.len()],
    /// softmax(α) after each epoch, `[edges, operations]`.
    pub weights: Vec<Tensor>,
    /// The largest eigenvalue of ∂²L/∂α² after each epoch.
    pub eigenvalues: Vec<f64>,
    /// After how many epochs it ended.
    pub epochs: usize,
}

impl Derived {
    /// How many edges have a skip connection.
    pub fn skips(&self) -> usize {
        self.cell.iter().filter(|op| **op == EdgeOp::Skip).count()
    }
}

type Mixture = [OnEdge; EDGES.len()];

fn mixture(alpha: &Tensor, auxiliary: f64) -> Mixture {
    let weights = alpha.softmax(-1);
    std::array::from_fn(|edge| OnEdge::Mixed(weights.index(0, edge as isize), auxiliary))
}

/// λ = α, θ = w: one step of w on training examples, α on validation examples.
struct LookAhead<'a> {
    net: &'a CellNet,
    train: Labelled,
    validation: Labelled,
    auxiliary: f64,
}

impl LookAhead<'_> {
    fn loss(&self, alpha: &Tensor, net: &CellNet, (x, y): &Labelled) -> Tensor {
        net.forward(x, &mixture(alpha, self.auxiliary)).cross_entropy(y).mean(..)
    }
}

impl Bilevel<f32> for LookAhead<'_> {
    type Upper = Tensor;
    type Lower = CellNet;

    fn start(&self, _: &Tensor) -> CellNet {
        self.net.clone()
    }

    fn inner(&self, alpha: &Tensor, net: &CellNet, _: usize) -> Tensor {
        self.loss(alpha, net, &self.train)
    }

    fn outer(&self, alpha: &Tensor, net: &CellNet) -> Tensor {
        self.loss(alpha, net, &self.validation)
    }
}

/// Searches a cell. w is trained on `train`, α on `validation`; both are `[n, height, width, channels]` with a label each.
///
/// # Panics
/// If there are fewer examples than a batch.
#[track_caller]
pub fn darts(
    (train, validation): (&Labelled, &Labelled),
    classes: usize,
    config: &Checked<DartsConfig>,
    seed: u64,
) -> Derived {
    let fewest = train.1.len().min(validation.1.len());
    assert!(
        fewest >= config.batch,
        "darts: {fewest} examples are fewer than a batch of {}",
        config.batch
    );
    let rng = &mut Rng::new(seed);
    let mut alpha = Tensor::normal(&[EDGES.len(), EdgeOp::ALL.len()], 0.0, 1e-3, rng);
    let channels = train.0.shape()[3];
    let mut net = CellNet::new(&mixture(&alpha, 0.0), channels, config.channels, classes, rng);
    let sgd = SgdConfig {
        lr: config.rate,
        momentum: 0.9,
        weight_decay: config.decay,
        ..Default::default()
    };
    let mut sgd = Sgd::new(&net, sgd.check().expect("a part of what was checked"));
    let adam =
        AdamConfig { lr: config.alpha_rate, beta1: 0.5, weight_decay: 1e-3, ..Default::default() };
    let mut adam = Adam::new(&alpha, adam.check().expect("a part of what was checked"));
    let batches = fewest / config.batch;
    let steps = (config.epochs * batches) as u64;
    let schedule = Schedule::cosine(steps);
    let (mut weights, mut eigenvalues) = (Vec::new(), Vec::new());
    for _ in 0..config.epochs {
        let [of_train, of_validation] =
            [train, validation].map(|(_, labels)| rng.permutation(labels.len()));
        let pairs =
            of_train.chunks_exact(config.batch).zip(of_validation.chunks_exact(config.batch));
        for (rows, others) in pairs {
            let factor = schedule.factor(sgd.steps());
            let auxiliary = config.auxiliary_skip * (1.0 - sgd.steps() as f64 / steps as f64);
            let problem = LookAhead {
                net: &net,
                train: select(train, rows),
                validation: select(validation, others),
                auxiliary,
            };
            // First α, then w, as the authors do.
            let (how, ahead) = match config.second_order {
                true => (Hypergradient::FiniteDifference { step: 0.01 }, 1),
                false => (Hypergradient::FirstOrder, 0),
            };
            let inner = InnerSgd { rate: config.rate * factor };
            let of_alpha = hypergradient(&problem, &alpha, &inner, ahead, how).gradient;
            let next_alpha = {
                let mut alpha = alpha.clone();
                adam.step(&mut alpha, &of_alpha);
                alpha
            };
            let (_, mut of_net) =
                value_and_grad(&net, |net| problem.loss(&next_alpha, net, &problem.train));
            clip_global_norm(&mut of_net, 5.0);
            drop(problem);
            sgd.step_scaled(&mut net, &of_net, factor);
            alpha = next_alpha;
        }
        weights.push(alpha.softmax(-1));
        let some: Vec<usize> = (0..validation.1.len().min(4 * config.batch)).collect();
        eigenvalues.push(largest_eigenvalue(&net, &alpha, &select(validation, &some)));
        if has_grown(&eigenvalues, config.stop_at_eigenvalue) {
            break;
        }
    }
    let cell = match config.selection {
        Selection::Weight => by_weight(&alpha),
        Selection::Perturbation => by_perturbation(&net, &alpha, validation, rng),
    };
    Derived { cell, epochs: weights.len(), weights, eigenvalues }
}

fn by_weight(alpha: &Tensor) -> [EdgeOp; EDGES.len()] {
    let ops = EdgeOp::ALL.len();
    std::array::from_fn(|edge| {
        let weights = &alpha.data()[edge * ops..][..ops];
        let real = (0..ops).filter(|&op| EdgeOp::ALL[op] != EdgeOp::None);
        let best = real.max_by(|&a, &b| weights[a].total_cmp(&weights[b]));
        EdgeOp::ALL[best.expect("more than one operation")]
    })
}

/// Edge by edge, in random order: each operation is left out, and the one that is missed most is chosen.
fn by_perturbation(
    net: &CellNet,
    alpha: &Tensor,
    (images, labels): &Labelled,
    rng: &mut Rng,
) -> [EdgeOp; EDGES.len()] {
    let mut mixture = mixture(alpha, 0.0);
    let mut cell = [EdgeOp::None; EDGES.len()];
    for edge in rng.permutation(EDGES.len()) {
        let OnEdge::Mixed(weights, _) = mixture[edge].clone() else {
            unreachable!("every edge is decided once")
        };
        let without = |op: usize| {
            let keep = (0..EdgeOp::ALL.len()).map(|other| if other == op { 0.0 } else { 1.0 });
            let mut mixture = mixture.clone();
            mixture[edge] =
                OnEdge::Mixed(&weights * Tensor::new(keep.collect(), weights.shape()), 0.0);
            seedbed_nn::loss::accuracy(&net.forward(images, &mixture), labels)
        };
        let real = (0..EdgeOp::ALL.len()).filter(|&op| EdgeOp::ALL[op] != EdgeOp::None);
        let missed = real.map(|op| (op, without(op)));
        let (op, _) = missed.min_by(|a, b| a.1.total_cmp(&b.1)).expect("more than one operation");
        cell[edge] = EdgeOp::ALL[op];
        mixture[edge] = OnEdge::One(EdgeOp::ALL[op]);
    }
    cell
}

/// The largest eigenvalue of ∂²L/∂α² by power iteration, from products with vectors only.
fn largest_eigenvalue(net: &CellNet, alpha: &Tensor, (images, labels): &Labelled) -> f64 {
    const ITERATIONS: usize = 8;
    let loss =
        |alpha: &Tensor| net.forward(images, &mixture(alpha, 0.0)).cross_entropy(labels).mean(..);
    // Any start that is not an eigenvector will do; the gradient is one that points somewhere.
    let mut v = grad(alpha, loss);
    let mut eigenvalue = 0.0;
    for _ in 0..ITERATIONS {
        let length = update::sum_of_squares(&v).sqrt();
        if length == 0.0 || !length.is_finite() {
            return eigenvalue;
        }
        v = &v / length;
        let product = hvp(alpha, &v, loss);
        eigenvalue = f64::from((&v * &product).sum(..).item());
        v = product;
    }
    eigenvalue
}

/// Whether the mean of the last three eigenvalues is more than `limit` times the smallest such mean before.
fn has_grown(eigenvalues: &[f64], limit: Option<f64>) -> bool {
    let Some(limit) = limit else { return false };
    let means: Vec<f64> =
        eigenvalues.windows(3).map(|three| three.iter().sum::<f64>() / 3.0).collect();
    match means.split_last() {
        Some((last, before)) => {
            let smallest = before.iter().copied().fold(f64::INFINITY, f64::min);
            smallest > 0.0 && smallest.is_finite() && last / smallest > limit
        }
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn growth_is_seen_against_the_smallest_mean() {
        assert!(!has_grown(&[1.0, 1.0], Some(1.3)));
        assert!(!has_grown(&[1.0, 1.0, 1.0, 1.2], Some(1.3)));
        assert!(has_grown(&[1.0, 1.0, 1.0, 2.5], Some(1.3)));
        assert!(!has_grown(&[1.0, 1.0, 1.0, 2.5], None));
        assert!(has_grown(&[9.0, 1.0, 1.0, 1.0, 3.0], Some(1.3)), "it fell first");
    }

    #[test]
    fn the_heaviest_operation_that_is_one_is_chosen() {
        let mut alpha = vec![0.0; 20];
        // None is heaviest everywhere, then another one.
        for (edge, op) in [1, 2, 3, 4].into_iter().enumerate() {
            (alpha[edge * 5], alpha[edge * 5 + op]) = (2.0, 1.0);
        }
        assert_eq!(by_weight(&Tensor::new(alpha, &[4, 5])), EdgeOp::ALL[1..]);
    }

    #[test]
    fn the_eigenvalue_is_that_of_the_hessian() {
        let rng = &mut Rng::new(0);
        let alpha = Tensor::normal(&[4, 5], 0.0, 0.5, rng);
        let net = CellNet::new(&mixture(&alpha, 0.0), 1, 4, 3, rng);
        let data = (Tensor::normal(&[6, 8, 8, 1], 0.0, 1.0, rng), vec![0, 1, 2, 0, 1, 2]);
        let loss = |alpha: &Tensor| {
            net.forward(&data.0, &mixture(alpha, 0.0)).cross_entropy(&data.1).mean(..)
        };
        // The norm of the whole matrix bounds it, and its row along the vector found is as long as it says.
        let found = largest_eigenvalue(&net, &alpha, &data);
        let rows = (0..20).map(|i| {
            let mut unit = vec![0.0; 20];
            unit[i] = 1.0;
            update::sum_of_squares(&hvp(&alpha, &Tensor::new(unit, &[4, 5]), loss))
        });
        let norm = rows.sum::<f64>().sqrt();
        assert!(
            found.abs() <= 1.001 * norm && found.abs() > norm / 20f64.sqrt() / 2.0,
            "{found} {norm}"
        );
    }
}
