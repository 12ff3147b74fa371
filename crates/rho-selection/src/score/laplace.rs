use seedbed_kernels::Rng;
use serde::{Deserialize, Serialize};

use super::gradient_norm::logit_gradients;
use super::linalg::{cholesky, solve_lower, solve_lower_transposed};
use crate::error::{between, finite, finite_rows, same_length};
use crate::math::log_sum_exp;
use crate::{Rows, SelectionError};

/// How a [`LastLayerLaplace`] weighs and samples.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LaplaceConfig {
    /// α, the weight of the model in training against the reference: 0.1 to 0.4 in the paper.
    pub alpha: f64,
    /// n_e, the effective number of examples behind the posterior: 100 to 1,000.
    pub effective_examples: f64,
    /// τ₀, the precision of the prior.
    pub prior_precision: f64,
    /// How much of the old averages an observation keeps.
    pub momentum: f64,
    /// Draws of the logits of each example.
    pub samples: usize,
    /// Seeds the draws.
    pub seed: u64,
}

impl Default for LaplaceConfig {
    /// α = 0.2, n_e = 500, τ₀ = 1, momentum 0.99, 10 samples.
    fn default() -> Self {
        Self {
            alpha: 0.2,
            effective_examples: 500.0,
            prior_precision: 1.0,
            momentum: 0.99,
            samples: 10,
            seed: 0,
        }
    }
}

/// Bayesian data selection (Deng et al. 2023) by a Laplace approximation of the last layer.
///
/// Its weights are normal around their current values, with a Kronecker-factored precision V ⊗ U. So the logits of an
/// example with features h are
///
/// f_s ~ N(f, (hᵀV⁻¹h) U⁻¹), V = √n_e A + √τ₀ I, U = √n_e C + √τ₀ I,
///
/// with A and C running averages of h hᵀ and g gᵀ, g = softmax(f) − onehot(y). The score is
///
/// α mean_s log p(y|f_s) + (1 − α) log p̃(y|x) − log mean_s p(y|f_s),
///
/// where log p̃ is less the irreducible loss (or any zero-shot model's loss).
///
/// An observation takes O(n d² + n C²); the first score after one factorises V, O(d³ / 3), and each example takes O(d²):
/// meant for last layers of a few hundred features.
///
/// ```
/// use seedbed_rho_selection::{Rows, score::{LaplaceConfig, LastLayerLaplace}};
/// let mut posterior = LastLayerLaplace::new(3, 2, LaplaceConfig::default())?;
/// let features = Rows::new(&[1.0, 0.0, 0.5, -1.0, 2.0, 0.0], 3)?;
/// let (logits, labels) = (Rows::new(&[2.0, 0.0, 0.3, 0.1], 2)?, [0, 1]);
/// // Each step: scores of the candidates, then an observation of what was trained on.
/// let scores = posterior.scores(features, logits, &labels, &[0.1, 0.4])?;
/// assert_eq!(scores.len(), 2);
/// posterior.observe(features, logits, &labels)?;
/// # Ok::<(), seedbed_rho_selection::SelectionError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LastLayerLaplace {
    config: LaplaceConfig,
    width: usize,
    classes: usize,
    /// A, d × d.
    features: Vec<f64>,
    /// C, C × C.
    gradients: Vec<f64>,
    observations: u64,
    /// How many times scores were drawn: each time has its own random numbers.
    draws: u64,
    #[serde(skip)]
    factors: Option<Factors>,
}

/// Cholesky factors of V and U.
#[derive(Clone, Debug, PartialEq)]
struct Factors {
    v: Vec<f64>,
    u: Vec<f64>,
}

/// Wider layers would have a matrix of more than 2 GB.
const WIDEST: f64 = 16_384.0;

impl LastLayerLaplace {
    /// A posterior that has seen nothing, over a last layer from `width` features to `classes` logits.
    ///
    /// # Errors
    /// If a size is 0 or a setting is out of its range.
    pub fn new(
        width: usize,
        classes: usize,
        config: LaplaceConfig,
    ) -> Result<Self, SelectionError> {
        between("width", width as f64, (1.0, WIDEST))?;
        between("classes", classes as f64, (1.0, WIDEST))?;
        between("effective_examples", config.effective_examples, (1e-30, 1e30))?;
        between("prior_precision", config.prior_precision, (1e-30, 1e30))?;
        between("samples", config.samples as f64, (1.0, 1e6))?;
        for (field, value) in [("alpha", config.alpha), ("momentum", config.momentum)] {
            if !(0.0..=1.0).contains(&value) {
                return Err(SelectionError::Setting {
                    field,
                    value: value.to_string(),
                    expected: "from 0 to 1".into(),
                });
            }
        }
        Ok(Self {
            config,
            width,
            classes,
            features: vec![0.0; width * width],
            gradients: vec![0.0; classes * classes],
            observations: 0,
            draws: 0,
            factors: None,
        })
    }

    /// Moves the averages A and C towards a batch that the model trains on. The first batch sets them.
    ///
    /// # Errors
    /// If the batch is empty, lengths or widths differ, a label names no class, or a number is not finite. A class that cannot be has a logit of −∞.
    pub fn observe(
        &mut self,
        features: Rows<'_>,
        logits: Rows<'_>,
        labels: &[usize],
    ) -> Result<(), SelectionError> {
        self.check(features, logits, labels)?;
        let gradients = logit_gradients(logits, labels)?;
        let gradients = Rows::new(&gradients, self.classes).expect("as wide as the logits");
        let keep = if self.observations == 0 { 0.0 } else { self.config.momentum };
        move_towards(&mut self.features, features, keep);
        move_towards(&mut self.gradients, gradients, keep);
        self.observations += 1;
        self.factors = None;
        Ok(())
    }

    /// The scores of candidates. `irreducible` holds the loss of the reference model on each, in nats.
    ///
    /// # Errors
    /// As [`observe`](Self::observe); or if a label names a class that cannot be.
    pub fn scores(
        &mut self,
        features: Rows<'_>,
        logits: Rows<'_>,
        labels: &[usize],
        irreducible: &[f32],
    ) -> Result<Vec<f32>, SelectionError> {
        self.check(features, logits, labels)?;
        same_length(("labels", labels.len()), ("irreducible losses", irreducible.len()))?;
        finite("irreducible loss", irreducible)?;
        logit_gradients(logits, labels)?;
        let mut rng = Rng::numbered(self.config.seed, self.draws);
        self.draws += 1;
        self.scores_with(features, logits, labels, irreducible, || rng.normal())
    }

    /// The scores for given standard normal draws: a row of classes for each sample of each example.
    fn scores_with(
        &mut self,
        features: Rows<'_>,
        logits: Rows<'_>,
        labels: &[usize],
        irreducible: &[f32],
        mut noise: impl FnMut() -> f64,
    ) -> Result<Vec<f32>, SelectionError> {
        let (samples, classes) = (self.config.samples, self.classes);
        let alpha = self.config.alpha;
        let factors = self.factorise()?;
        let mut h = vec![0.0; features.width()];
        let mut f = vec![0.0; classes];
        let score = |i: usize| {
            h.iter_mut().zip(features.row(i)).for_each(|(h, &x)| *h = f64::from(x));
            solve_lower(&factors.v, &mut h);
            // hᵀV⁻¹h = ‖L⁻¹h‖².
            let deviation = h.iter().map(|x| x * x).sum::<f64>().sqrt();
            let log_p: Vec<f64> = (0..samples)
                .map(|_| {
                    // L⁻ᵀε has the covariance (L Lᵀ)⁻¹ = U⁻¹.
                    f.fill_with(&mut noise);
                    solve_lower_transposed(&factors.u, &mut f);
                    let z = f.iter().zip(logits.row(i)).map(|(e, &z)| f64::from(z) + deviation * e);
                    let z: Vec<f64> = z.collect();
                    z[labels[i]] - log_sum_exp(z.iter().copied())
                })
                .collect();
            let mean_log = log_p.iter().sum::<f64>() / samples as f64;
            let log_mean = log_sum_exp(log_p.iter().copied()) - (samples as f64).ln();
            (alpha * mean_log - (1.0 - alpha) * f64::from(irreducible[i]) - log_mean) as f32
        };
        let scores: Vec<f32> = (0..labels.len()).map(score).collect();
        // Where the label's own class cannot be there is no number.
        finite("score", &scores)?;
        Ok(scores)
    }

    fn factorise(&mut self) -> Result<&Factors, SelectionError> {
        let (n_e, tau) = (self.config.effective_examples, self.config.prior_precision);
        let factor = |average: &[f64], n: usize| {
            let mut m: Vec<f64> = average.iter().map(|x| n_e.sqrt() * x).collect();
            (0..n).for_each(|i| m[i * n + i] += tau.sqrt());
            // In exact arithmetic it always is; rounding swallows a prior that is small beside the features.
            cholesky(&m, n).ok_or_else(|| SelectionError::Setting {
                field: "prior_precision",
                value: tau.to_string(),
                expected: "so large that the covariance of the features stays positive definite"
                    .into(),
            })
        };
        if self.factors.is_none() {
            self.factors = Some(Factors {
                v: factor(&self.features, self.width)?,
                u: factor(&self.gradients, self.classes)?,
            });
        }
        Ok(self.factors.as_ref().expect("made just now"))
    }

    fn check(
        &self,
        features: Rows<'_>,
        logits: Rows<'_>,
        labels: &[usize],
    ) -> Result<(), SelectionError> {
        if labels.is_empty() {
            return Err(SelectionError::Empty { what: "examples" });
        }
        // One that was read from a file may be anything.
        let (d, c) = (self.width, self.classes);
        same_length(
            ("width²", d.saturating_mul(d)),
            ("averages of features", self.features.len()),
        )?;
        same_length(
            ("classes²", c.saturating_mul(c)),
            ("averages of gradients", self.gradients.len()),
        )?;
        same_length(("labels", labels.len()), ("features", features.len()))?;
        same_length(("width", self.width), ("a row of features", features.width()))?;
        same_length(("classes", self.classes), ("a row of logits", logits.width()))?;
        finite_rows("feature", features)
    }
}

/// M ← keep · M + (1 − keep) · mean x xᵀ.
fn move_towards(m: &mut [f64], rows: Rows<'_>, keep: f64) {
    m.iter_mut().for_each(|m| *m *= keep);
    let weight = (1.0 - keep) / rows.len() as f64;
    let n = rows.width();
    for row in rows.iter() {
        for (m, &x) in m.chunks_exact_mut(n).zip(row) {
            let scaled = weight * f64::from(x);
            m.iter_mut().zip(row).for_each(|(m, &y)| *m += scaled * f64::from(y));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The numbers of one line of the golden file.
    fn golden(name: &str) -> Vec<f64> {
        let file = include_str!("../../tests/golden/laplace.txt");
        let line = file.lines().find(|line| line.split(' ').next() == Some(name));
        let numbers = line.unwrap_or_else(|| panic!("no line {name}")).split(' ').skip(1);
        numbers.map(|number| number.parse().unwrap()).collect()
    }

    #[test]
    fn scores_are_those_of_an_independent_implementation() {
        let f32s = |name: &str| golden(name).into_iter().map(|x| x as f32).collect::<Vec<f32>>();
        let labels: Vec<usize> = golden("labels").into_iter().map(|x| x as usize).collect();
        let (features, logits) = (f32s("features"), f32s("logits"));
        let features = Rows::new(&features, 5).unwrap();
        let logits = Rows::new(&logits, 3).unwrap();
        let config = LaplaceConfig { samples: 4, momentum: 0.9, ..Default::default() };
        let mut posterior = LastLayerLaplace::new(5, 3, config).unwrap();
        let half = labels.len() / 2;
        let part = |rows: Rows<'_>, from: usize, to: usize| {
            rows.data()[from * rows.width()..to * rows.width()].to_vec()
        };
        for (from, to) in [(0, half), (half, labels.len())] {
            let (h, z) = (part(features, from, to), part(logits, from, to));
            let (h, z) = (Rows::new(&h, 5).unwrap(), Rows::new(&z, 3).unwrap());
            posterior.observe(h, z, &labels[from..to]).unwrap();
        }
        let (irreducible, mut noise) = (f32s("irreducible"), golden("noise").into_iter());
        let scores = posterior
            .scores_with(features, logits, &labels, &irreducible, || noise.next().unwrap())
            .unwrap();
        for (ours, theirs) in scores.iter().zip(golden("scores")) {
            assert!((f64::from(*ours) - theirs).abs() < 2e-6, "{ours} {theirs}");
        }
    }

    #[test]
    fn a_prior_that_rounding_swallows_is_refused() {
        let config = LaplaceConfig { prior_precision: 1e-30, ..Default::default() };
        let mut posterior = LastLayerLaplace::new(3, 2, config).unwrap();
        let features = Rows::new(&[1.0, 3.0, 7.0], 3).unwrap();
        let logits = Rows::new(&[1.0, 0.0], 2).unwrap();
        posterior.observe(features, logits, &[0]).unwrap();
        let error = posterior.scores(features, logits, &[0], &[0.1]).unwrap_err();
        assert!(error.to_string().starts_with("prior_precision: is "), "{error}");
    }

    #[test]
    fn draws_differ_from_call_to_call_and_resume() {
        let features = Rows::new(&[1.0, -1.0], 1).unwrap();
        let logits = Rows::new(&[1.0, 0.0, 0.0, 1.0], 2).unwrap();
        let mut posterior = LastLayerLaplace::new(1, 2, LaplaceConfig::default()).unwrap();
        posterior.observe(features, logits, &[0, 0]).unwrap();
        let score =
            |p: &mut LastLayerLaplace| p.scores(features, logits, &[0, 0], &[0.1, 0.1]).unwrap();
        let first = score(&mut posterior);
        let saved = serde_json::to_string(&posterior).unwrap();
        let second = score(&mut posterior);
        assert_ne!(first, second);
        let mut resumed: LastLayerLaplace = serde_json::from_str(&saved).unwrap();
        assert_eq!(score(&mut resumed), second);
    }

    #[test]
    fn bad_input_is_refused() {
        let wrong = LaplaceConfig { alpha: 1.5, ..Default::default() };
        let error = LastLayerLaplace::new(2, 2, wrong).unwrap_err();
        assert_eq!(error.to_string(), "alpha: is 1.5, must be from 0 to 1");
        assert!(LastLayerLaplace::new(0, 2, LaplaceConfig::default()).is_err());
        let mut posterior = LastLayerLaplace::new(2, 2, LaplaceConfig::default()).unwrap();
        let narrow = Rows::new(&[1.0], 1).unwrap();
        let logits = Rows::new(&[1.0, 0.0], 2).unwrap();
        assert_eq!(
            posterior.observe(narrow, logits, &[0]).unwrap_err().to_string(),
            "width has 2 entries and a row of features has 1: they must be as many"
        );
        let saved = serde_json::to_string(&posterior).unwrap();
        let mut other: LastLayerLaplace =
            serde_json::from_str(&saved.replace("\"width\":2", "\"width\":3")).unwrap();
        let wide = Rows::new(&[1.0; 3], 3).unwrap();
        assert!(other.observe(wide, logits, &[0]).is_err());
        let features = Rows::new(&[1.0, f32::NAN], 2).unwrap();
        assert!(posterior.observe(features, logits, &[0]).is_err());
    }
}
