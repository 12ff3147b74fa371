//! Baselines of the regimes of a table: a mixture of linear regressions by EM, and a mixture of experts whose gate is learnt with them.

use anyhow::Result;
use seedbed::autodiff::{Activation, Rng, Tensor, value_and_grad};
use seedbed::nn::optim::{Adam, AdamConfig};
use seedbed::nn::{Config as _, Mlp};

/// Linear laws with a share and a variance each.
pub(super) struct Regressions {
    /// `[columns + 1, laws]`; the last row is the constant.
    pub(super) weights: Tensor<f64>,
    /// The law of each row that was learnt from.
    pub(super) law: Vec<usize>,
}

/// Rows with a one behind.
fn with_one(x: &Tensor<f64>) -> Tensor<f64> {
    Tensor::concat(&[x.clone(), Tensor::ones(&[x.shape()[0], 1])], 1)
}

impl Regressions {
    /// What each law says of rows, `[rows, laws]`.
    pub(super) fn predict(&self, x: &Tensor<f64>) -> Tensor<f64> {
        with_one(x).matmul(&self.weights)
    }
}

/// Expectation maximisation (Quandt and Ramsey 1978; DeSarbo and Cron 1988), the likeliest of some beginnings:
///
/// ```text
/// r_ij ∝ π_j N(y_i; w_j · x_i, σ_j²),   w_j = the regression weighted by r_j,   σ_j², π_j likewise
/// ```
pub(super) fn em(
    x: &Tensor<f64>,
    y: &Tensor<f64>,
    laws: usize,
    restarts: usize,
    rng: &mut Rng,
) -> Regressions {
    let x = with_one(x);
    let (rows, columns) = (x.shape()[0], x.shape()[1]);
    let mut best: Option<(f64, Regressions)> = None;
    for _ in 0..restarts {
        // At first every row belongs to a law at random.
        let first: Vec<usize> = (0..rows).map(|_| rng.below(laws)).collect();
        let mut share = Tensor::<f64>::one_hot(&first, laws);
        let (mut weights, mut likelihood) = (Tensor::zeros(&[columns, laws]), f64::NEG_INFINITY);
        for _ in 0..200 {
            let fits: Vec<Tensor<f64>> = (0..laws)
                .map(|law| weighted_regression(&x, y, &share.index(1, law as isize)))
                .collect();
            weights = Tensor::stack(&fits, 1);
            let squares = (x.matmul(&weights) - y.unsqueeze(1)).square();
            let mass = share.sum(0) + 1e-9;
            let variance = (&share * &squares).sum(0) / &mass + 1e-6;
            let log =
                (&mass / rows as f64).ln() - variance.ln() * 0.5 - &squares / (&variance * 2.0);
            share = log.softmax(-1);
            let now = log.logsumexp(-1).mean(..).item();
            if now - likelihood < 1e-9 {
                break;
            }
            likelihood = now;
        }
        if best.as_ref().is_none_or(|(most, _)| likelihood > *most) {
            let law = share.argmax(-1).iter().copied().collect();
            best = Some((likelihood, Regressions { weights, law }));
        }
    }
    best.expect("at least one beginning").1
}

/// The solution of (Xᵀ R X + ε) w = Xᵀ R y.
fn weighted_regression(x: &Tensor<f64>, y: &Tensor<f64>, weights: &Tensor<f64>) -> Tensor<f64> {
    let n = x.shape()[1];
    let weighted = x * weights.unsqueeze(1);
    let normal = weighted.matmul_tn(x) + Tensor::<f64>::eye(n) * 1e-8;
    let right = weighted.matmul_tn(&y.unsqueeze(1));
    let (mut a, mut b) = (normal.to_vec(), right.to_vec());
    // Elimination with the largest pivot.
    for k in 0..n {
        let pivot = (k..n).max_by(|&i, &j| a[i * n + k].abs().total_cmp(&a[j * n + k].abs()));
        let pivot = pivot.expect("a row is left");
        (0..n).for_each(|c| a.swap(k * n + c, pivot * n + c));
        b.swap(k, pivot);
        for i in k + 1..n {
            let factor = a[i * n + k] / a[k * n + k];
            (k..n).for_each(|c| a[i * n + c] -= factor * a[k * n + c]);
            b[i] -= factor * b[k];
        }
    }
    for k in (0..n).rev() {
        let known: f64 = (k + 1..n).map(|c| a[k * n + c] * b[c]).sum();
        b[k] = (b[k] - known) / a[k * n + k];
    }
    Tensor::new(b, &[n])
}

/// Experts and a gate that sees x alone (Jacobs, Jordan, Nowlan and Hinton 1991): ŷ = Σ_j softmax(g(x))_j f_j(x).
pub(super) type Mixture = (Vec<Mlp<f64>>, Mlp<f64>);

/// Learns a mixture by the squared error of its answer.
pub(super) fn soft_mixture(
    x: &Tensor<f64>,
    y: &Tensor<f64>,
    [experts, steps]: [usize; 2],
    hidden: &[usize],
    rng: &mut Rng,
) -> Result<Mixture> {
    let columns = x.shape()[1];
    let sizes = [&[columns][..], hidden, &[1]].concat();
    let each = (0..experts).map(|_| Mlp::new(&sizes, Activation::Tanh, rng)).collect();
    let mut model: Mixture = (each, Mlp::new(&[columns, 16, experts], Activation::Tanh, rng));
    let mut adam = Adam::new(&model, AdamConfig { lr: 0.02, ..AdamConfig::default() }.check()?);
    for step in 0..steps {
        let (_, gradient) = value_and_grad(&model, |model| (mixed(model, x) - y).square().mean(..));
        let left = 1.0 - step as f64 / steps as f64;
        adam.step_scaled(&mut model, &gradient, (2.0 * left).min(1.0));
    }
    Ok(model)
}

/// What a mixture says, one number a row.
pub(super) fn mixed((experts, gate): &Mixture, x: &Tensor<f64>) -> Tensor<f64> {
    let each: Vec<Tensor<f64>> = experts.iter().map(|expert| expert.forward(x)).collect();
    (Tensor::concat(&each, 1) * gate.forward(x).softmax(-1)).sum(-1)
}
