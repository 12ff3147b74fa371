//! Regression sets without named laws: those that Friedman drew for MARS. Whether local models predict rows that nobody has seen better than one model does.

use anyhow::Result;
use seedbed::autodiff::{Rng, Tensor};
use seedbed::mechanisms::regimes::{Regimes, RegimesConfig, regimes};
use seedbed::nn::Config as _;

use super::em::{em, mixed, soft_mixture};
use super::regimes::by_kmeans;

/// A set of Friedman, "Multivariate adaptive regression splines" (1991), sections 4.3 and 4.4, with noise as there.
#[derive(Clone, Copy)]
pub(super) struct Set {
    pub(super) name: &'static str,
    /// The range of each column.
    ranges: &'static [[f64; 2]],
    law: fn(&[f64]) -> f64,
    noise: f64,
}

const CIRCUIT: [[f64; 2]; 4] = [
    [0.0, 100.0],
    [40.0 * std::f64::consts::PI, 560.0 * std::f64::consts::PI],
    [0.0, 1.0],
    [1.0, 11.0],
];

pub(super) const SETS: [Set; 3] = [
    // Five of ten columns say nothing.
    Set {
        name: "friedman1",
        ranges: &[[0.0, 1.0]; 10],
        law: |x| {
            10.0 * (std::f64::consts::PI * x[0] * x[1]).sin()
                + 20.0 * (x[2] - 0.5).powi(2)
                + 10.0 * x[3]
                + 5.0 * x[4]
        },
        noise: 1.0,
    },
    // The impedance of a circuit, and its phase.
    Set {
        name: "friedman2",
        ranges: &CIRCUIT,
        law: |x| x[0].hypot(x[1] * x[2] - 1.0 / (x[1] * x[3])),
        noise: 125.0,
    },
    Set {
        name: "friedman3",
        ranges: &CIRCUIT,
        law: |x| ((x[1] * x[2] - 1.0 / (x[1] * x[3])) / x[0]).atan(),
        noise: 0.1,
    },
];

/// Rows to learn from, and further ones.
const ROWS: [usize; 2] = [600, 1000];
const EXPERTS: usize = 3;
const HIDDEN: [usize; 1] = [16];

/// The names of the losses that [`study`] gives.
pub(super) const WAYS: [&str; 5] =
    ["loss", "loss_of_one_network", "loss_by_kmeans", "loss_by_em", "loss_of_soft_mixture"];

impl Set {
    fn draw(&self, rows: usize, rng: &mut Rng) -> (Tensor<f64>, Tensor<f64>) {
        let (mut x, mut y) = (Vec::new(), Vec::new());
        for _ in 0..rows {
            let row: Vec<f64> =
                self.ranges.iter().map(|[low, high]| low + (high - low) * rng.uniform()).collect();
            y.push((self.law)(&row) + self.noise * rng.normal());
            x.extend(row);
        }
        (Tensor::new(x, &[rows, self.ranges.len()]), Tensor::new(y, &[rows]))
    }
}

/// The mean squared error on rows that nobody has seen, in units of the variance of y, by each of [`WAYS`]. No model sees y of those rows: local models are mixed by the
/// regimes of the nearest rows of training.
pub(super) fn study(set: &Set, seed: u64) -> Result<[f64; 5]> {
    let rng = &mut Rng::new(seed);
    let [(x, y), (tests, wanted)] = ROWS.map(|rows| set.draw(rows, rng));
    // All in units of the deviations of training.
    let scale = |a: &Tensor<f64>, of: &Tensor<f64>| (a - of.mean(0)) / of.var(0).sqrt();
    let (tests, wanted) = (scale(&tests, &x), scale(&wanted, &y));
    let (x, y) = (scale(&x, &x), scale(&y, &y));
    let error = |answer: Tensor<f64>| (answer - &wanted).square().mean(..).item();
    let near = nearest(&x, &tests);
    let gated = |law: &[usize], each: &Tensor<f64>| {
        let shares = Tensor::<f64>::one_hot(law, each.shape()[1]);
        (shares_of(&near, &shares) * each).sum(-1)
    };
    let config =
        RegimesConfig { experts: EXPERTS, hidden: HIDDEN.to_vec(), seed, ..Default::default() };
    let ours = regimes(&x, &y, &config.check()?)?;
    let one =
        RegimesConfig { experts: 1, hidden: vec![64], restarts: 2, seed, ..Default::default() };
    let one = regimes(&x, &y, &one.check()?)?;
    let (clusters, local) = by_kmeans(&x, &y, EXPERTS, &HIDDEN, seed)?;
    let by_em = em(&x, &y, EXPERTS, 8, rng);
    let mixture = soft_mixture(&x, &y, [EXPERTS, 600], &HIDDEN, rng)?;
    Ok([
        error(gated(&ours.regime, &ours.predict(&tests)?)),
        error(one.predict(&tests)?.index(1, 0)),
        error(gated(&clusters, &beside(&local, &tests)?)),
        error(gated(&by_em.law, &by_em.predict(&tests))),
        error(mixed(&mixture, &tests)),
    ])
}

/// What all models say, beside each other.
pub(super) fn beside(models: &[Regimes], x: &Tensor<f64>) -> Result<Tensor<f64>> {
    let each = models.iter().map(|model| model.predict(x)).collect::<Result<Vec<_>, _>>()?;
    Ok(Tensor::concat(&each, 1))
}

/// Rows of training that are asked about a new row.
const NEAR: usize = 15;

/// For each row of `tests` the nearest rows of `x`.
fn nearest(x: &Tensor<f64>, tests: &Tensor<f64>) -> Vec<usize> {
    // ‖a − b‖² without ‖a‖², which is the same for all b.
    let distances = x.square().sum(1) - tests.matmul_nt(x) * 2.0;
    distances
        .argsort(-1)
        .outer_iter()
        .flat_map(|row| row.iter().copied().take(NEAR).collect::<Vec<_>>())
        .collect()
}

/// The mean of `shares` over the nearest rows.
fn shares_of(near: &[usize], shares: &Tensor<f64>) -> Tensor<f64> {
    let laws = shares.shape()[1];
    shares.index_select(0, near).reshape(&[near.len() / NEAR, NEAR, laws]).mean(1)
}
