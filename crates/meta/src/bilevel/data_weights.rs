use seedbed_autodiff::{Float, Module, Tensor};
use seedbed_nn::{Check, Checked, Config, ConfigError};
use serde::{Deserialize, Serialize};

use super::{Bilevel, Hypergradient, InnerOptimizer, hypergradient};

/// Weights of training examples, chosen so that a model that is trained with them does well on other examples (Franceschi et al. 2018, "data
/// hyper-cleaning"). Examples whose labels are wrong get low weights.
///
/// > inner(λ, θ) = Σ wᵢ ℓᵢ(θ) / n,  wᵢ = 2 σ(λᵢ),  λ ← λ − n ρ ∇ outer(θ_K),  outer(θ) the mean loss on the other examples
///
/// λ begins at 0, where every weight is 1, and follows the gradient itself: with a step of the same length for every example, as Adam has, those that matter little would get weights as low as
/// those that do harm.
///
/// ```
/// use seedbed_autodiff::{Rng, Tensor};
/// use seedbed_meta::bilevel::{DataWeights, Hypergradient, InnerSgd, WeighingConfig};
/// use seedbed_nn::Config;
///
/// // y = x, but for the last of the examples.
/// let x = Tensor::new(vec![-1.0, -0.5, 0.0, 0.5, 1.0], &[5]);
/// let y = Tensor::new(vec![-1.0, -0.5, 0.0, 0.5, -1.0], &[5]);
/// let problem = DataWeights {
///     start: Tensor::scalar(0.0),
///     losses: |w: &Tensor<f64>| (w * &x - &y).square(),
///     held_out: |w: &Tensor<f64>| (w - 1.0).square(),
/// };
/// let config = WeighingConfig { inner_steps: 20, ..Default::default() }.check()?;
/// let found = problem.weigh(5, &InnerSgd { rate: 0.5 }, &config);
/// assert!(found[4] < 0.5 && found[0] > 1.0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct DataWeights<M, L, H> {
    /// θ₀.
    pub start: M,
    /// The loss of every training example, `[n]`.
    pub losses: L,
    /// The mean loss on the other examples, one element.
    pub held_out: H,
}

impl<F, M, L, H> Bilevel<F> for DataWeights<M, L, H>
where
    F: Float,
    M: Module<F> + Clone,
    L: Fn(&M) -> Tensor<F>,
    H: Fn(&M) -> Tensor<F>,
{
    type Upper = Tensor<F>;
    type Lower = M;

    fn start(&self, _: &Tensor<F>) -> M {
        self.start.clone()
    }

    fn inner(&self, upper: &Tensor<F>, lower: &M, _: usize) -> Tensor<F> {
        (weights(upper) * (self.losses)(lower)).mean(..)
    }

    fn outer(&self, _: &Tensor<F>, lower: &M) -> Tensor<F> {
        (self.held_out)(lower)
    }
}

/// 2 σ(λ).
fn weights<F: Float>(upper: &Tensor<F>) -> Tensor<F> {
    upper.sigmoid() * 2.0
}

/// How weights are found: see [`DataWeights::weigh`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WeighingConfig {
    /// Steps of an inner training.
    pub inner_steps: usize,
    /// Changes of λ: inner trainings, each from the start.
    pub outer_steps: usize,
    /// ρ, the rate at which λ changes.
    pub rate: f64,
    /// How the hypergradient is found.
    pub hypergradient: Hypergradient,
}

impl Default for WeighingConfig {
    fn default() -> Self {
        Self {
            inner_steps: 50,
            outer_steps: 30,
            rate: 0.3,
            hypergradient: Hypergradient::Recomputed,
        }
    }
}

impl Config for WeighingConfig {
    fn validate(&self) -> Result<(), ConfigError> {
        let check = Check::of("WeighingConfig");
        check.at_least_one("inner_steps", self.inner_steps as u64)?;
        check.at_least_one("outer_steps", self.outer_steps as u64)?;
        check.positive_f32("rate", self.rate)
    }
}

impl<M, L, H> DataWeights<M, L, H> {
    /// The weights of `n` examples, from 0 to 2: the lowest are of those on which training does most harm.
    ///
    /// # Panics
    /// If there are not `n` losses.
    #[track_caller]
    pub fn weigh<F, O>(&self, n: usize, optimizer: &O, config: &Checked<WeighingConfig>) -> Vec<F>
    where
        F: Float,
        M: Module<F> + Clone,
        L: Fn(&M) -> Tensor<F>,
        H: Fn(&M) -> Tensor<F>,
        O: InnerOptimizer<F, M>,
    {
        let losses = (self.losses)(&self.start);
        assert_eq!(losses.shape(), [n], "weigh: the losses' shape should be [{n}]");
        let mut upper = Tensor::zeros(&[n]);
        for _ in 0..config.outer_steps {
            let found =
                hypergradient(self, &upper, optimizer, config.inner_steps, config.hypergradient);
            upper = upper - found.gradient * (config.rate * n as f64);
        }
        weights(&upper).to_vec()
    }
}
