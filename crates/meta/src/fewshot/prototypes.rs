//! Prototypical networks (Snell et al. 2017): a class is the mean of its examples' features.

use seedbed_autodiff::{Float, Tensor};

use super::network::Body;
use super::tasks::Task;

/// The logits of queries, minus the squared distance of their features to each class's mean feature: `[queries, ways]`.
///
/// > cₖ = mean of f(x) over the support of class k,  zₖ(x) = −‖f(x) − cₖ‖²
///
/// # Panics
/// If the shapes do not fit, or a class has no example.
#[track_caller]
pub fn prototype_logits<F: Float>(
    support: &Tensor<F>,
    labels: &[usize],
    ways: usize,
    queries: &Tensor<F>,
) -> Tensor<F> {
    let mut counts = vec![0usize; ways];
    labels.iter().for_each(|&label| counts[label] += 1);
    assert!(
        !counts.contains(&0),
        "prototype_logits: classes have {counts:?} examples, but should have at least 1"
    );
    let shares: Vec<F> = counts.iter().map(|&n| F::of(1.0 / n as f64)).collect();
    let members = Tensor::one_hot(labels, ways) * Tensor::new(shares, &[ways]);
    let means = members.matmul_tn(support);
    // ‖f − c‖² = Σ (f − c)², feature by feature: no difference of large numbers.
    -(queries.unsqueeze(1) - means.unsqueeze(0)).square().sum(-1)
}

impl<F: Float> Task<F> {
    /// The logits of the task's queries by prototypes of its support, features being the body's.
    ///
    /// # Panics
    /// If the images do not fit the body.
    #[track_caller]
    pub fn prototype_logits(&self, body: &Body<F>) -> Tensor<F> {
        let count = self.support.1.len();
        let all = body.forward(&Tensor::concat(&[&self.support.0, &self.query.0], 0));
        let n = all.shape()[0];
        let (support, query) = (all.slice(0, 0..count), all.slice(0, count..n));
        prototype_logits(&support, &self.support.1, self.ways, &query)
    }
}
