use seedbed_nn::{Check, Config, ConfigError};
use serde::{Deserialize, Serialize};

use super::super::Estimator;
use super::super::projection::{check_heads, check_weight, maps};
use super::AffineMoments;
use crate::Metric;

/// How a codebook learns.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CodebookLearning {
    /// Codes are averages of the vectors that they are nearest to, which follow the data by themselves (van den Oord et al. 2017, appendix A.1):
    /// no gradient, no optimiser.
    Average {
        /// γ: what is kept of the averages at each update.
        decay: f64,
        /// ε of Laplace's smoothing of the counts: a code without vectors does not become infinite.
        epsilon: f64,
    },
    /// Codes are parameters. The loss `codebook` moves them to their vectors; with DiVeQ the gradient of the values does.
    Gradient,
    /// Codes stay as they are.
    Frozen,
}

impl Default for CodebookLearning {
    fn default() -> Self {
        Self::Average { decay: 0.99, epsilon: 1e-5 }
    }
}

/// Where codes begin. The name matters: codes that begin in a small corner of the data's range are mostly never used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CodebookInit {
    /// Means of the first vectors, by [`Learner::prepare`](super::super::Learner::prepare); random normal numbers until then.
    #[default]
    KMeans,
    /// Vectors of the data drawn at random, by [`Learner::prepare`](super::super::Learner::prepare).
    Data,
    /// Uniform on ±1/K, as taming-transformers and Cosmos have it.
    OverSize,
    /// Uniform on ±√(6/(K·d)), the default of vector-quantize-pytorch: its rule takes K·d for the fan-in, so that codes begin almost at 0.
    Reference,
    /// Normal with variance 1.
    Normal,
}

/// When codes that are not used are put where data is.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Revival {
    /// A code whose average count in an update is below this is dead.
    pub threshold: f64,
    /// The count that a revived code begins with.
    pub reset: f64,
}

/// A loss that keeps codes apart: `Σ cos²(eᵢ, eⱼ) / K² − 1/K` (Shin et al. 2021, equation 2).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Orthogonal {
    /// Its weight.
    pub weight: f64,
    /// Only codes that the batch uses.
    pub active_only: bool,
    /// At most so many codes, drawn at random.
    pub most: Option<usize>,
}

/// A loss that spreads vectors over all codes: the negative entropy of the batch's mean soft code, `softmax(−τ ‖x − e‖)`. It makes the matrix of
/// all distances.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Diversity {
    /// Its weight.
    pub weight: f64,
    /// τ; the reference's is 100.
    pub inverse_temperature: f64,
}

/// Vector quantization.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct VqConfig {
    /// Numbers in a vector.
    pub dim: usize,
    /// How many codes.
    pub codebook_size: usize,
    /// Numbers in a code; by default `dim / heads`. With others, vectors are projected: few (8 or so) make a large codebook used.
    pub codebook_dim: Option<usize>,
    /// How many codes a vector has, side by side.
    pub heads: usize,
    /// Whether each head has a codebook of its own.
    pub separate_codebooks: bool,
    /// What "nearest" means. With [`Metric::Cosine`], vectors and codes have length 1.
    pub metric: Metric,
    /// How codes learn.
    pub learning: CodebookLearning,
    /// Where codes begin.
    pub init: CodebookInit,
    /// How the gradient passes.
    pub estimator: Estimator,
    /// The weight of moving vectors to codes: the mean of `‖x − sg e‖²` over numbers.
    pub commitment: f64,
    /// The weight of moving codes to vectors, where they learn by gradient: the mean of `‖sg x − e‖²` over numbers.
    pub codebook: f64,
    /// Codes that move with the data as a whole.
    pub affine: Option<AffineMoments>,
    /// When dead codes are revived.
    pub revival: Option<Revival>,
    /// Keeps codes apart, where they learn by gradient.
    pub orthogonal: Option<Orthogonal>,
    /// Spreads vectors over codes.
    pub diversity: Option<Diversity>,
    /// In training, codes are drawn with probabilities `softmax(−‖x − e‖ / T)` of this temperature T. It makes the matrix of all distances.
    pub sampling: Option<f64>,
}

impl Default for VqConfig {
    /// 1024 codes of 64 that are averages, from k-means, with revival: no code stays dead.
    fn default() -> Self {
        Self {
            dim: 64,
            codebook_size: 1024,
            codebook_dim: None,
            heads: 1,
            separate_codebooks: false,
            metric: Metric::default(),
            learning: CodebookLearning::default(),
            init: CodebookInit::default(),
            estimator: Estimator::default(),
            commitment: 1.0,
            codebook: 1.0,
            affine: None,
            revival: Some(Revival { threshold: 0.1, reset: 1.0 }),
            orthogonal: None,
            diversity: None,
            sampling: None,
        }
    }
}

impl VqConfig {
    /// Numbers in a code.
    pub fn code_dim(&self) -> usize {
        self.codebook_dim.unwrap_or(self.dim / self.heads.max(1))
    }

    /// The elements of the codes and the maps around them.
    pub(crate) fn elements(&self) -> f64 {
        let dim = self.code_dim() as f64;
        let codes = self.codebooks() as f64 * self.codebook_size as f64 * dim;
        codes + maps(Some(self.dim), dim * self.heads as f64)
    }

    /// How many codebooks there are.
    pub fn codebooks(&self) -> usize {
        if self.separate_codebooks { self.heads } else { 1 }
    }
}

const CHECK: Check = Check::of("VqConfig");

/// The largest scale and, inverted, the smallest one that single precision is asked to work with.
const MOST: f64 = 1e12;

/// The weight of the past in an average of single precision: nearer to 1, what is new would be rounded away, and codes would stand still.
fn check_decay(check: Check, field: &str, decay: f64) -> Result<(), ConfigError> {
    check.decay_rate(field, decay)?;
    let expected = "at most 0.99999: single precision would not move";
    check.that(decay <= MOST_DECAY, field, decay, expected)
}

/// See [`check_decay`].
pub(in super::super) const MOST_DECAY: f64 = 0.99999;

impl Config for VqConfig {
    fn validate(&self) -> Result<(), ConfigError> {
        let counts = [
            ("dim", self.dim),
            ("codebook_size", self.codebook_size),
            ("codebook_dim", self.codebook_dim.unwrap_or(1)),
        ];
        for (field, n) in counts {
            CHECK.size(field, n)?;
        }
        check_heads(CHECK, "heads", self.heads)?;
        CHECK.elements("codebook_size", self.elements())?;
        let size = self.codebook_size;
        let divides = self.codebook_dim.is_some() || self.dim.is_multiple_of(self.heads);
        CHECK.that(divides, "heads", self.heads, "a divisor of dim")?;
        if let CodebookLearning::Average { decay, epsilon } = self.learning {
            check_decay(CHECK, "learning.decay", decay)?;
            CHECK.non_negative_f32("learning.epsilon", epsilon)?;
        }
        check_weight(CHECK, "commitment", self.commitment)?;
        check_weight(CHECK, "codebook", self.codebook)?;
        let learnt = self.learning == CodebookLearning::Gradient;
        let by_distance = match self.estimator {
            Estimator::Diveq { variance } => Some(("diveq", variance)),
            Estimator::SpaceFilling { variance } => Some(("space-filling", variance)),
            _ => None,
        };
        if let Some((name, variance)) = by_distance {
            CHECK.non_negative("estimator.variance", variance)?;
            CHECK.that(variance <= MOST, "estimator.variance", variance, "at most 1e12")?;
            CHECK.that(
                learnt,
                "estimator",
                name,
                "another where codes do not learn by gradient",
            )?;
        }
        if matches!(self.estimator, Estimator::Diveq { .. }) {
            let expected = "set: with diveq codes that are not used get no gradient";
            CHECK.that(self.revival.is_some(), "revival", "none", expected)?;
        }
        if matches!(self.estimator, Estimator::SpaceFilling { .. }) {
            let euclidean = self.metric == Metric::Euclidean;
            let expected = "euclidean: points between codes of length 1 are shorter";
            CHECK.that(euclidean, "metric", "cosine", expected)?;
            CHECK.that(size > 1, "codebook_size", size, "at least 2: a curve has two ends")?;
            let drawn = self.sampling.is_some();
            CHECK.that(!drawn, "sampling", "set", "none: points of the curve are drawn already")?;
        }
        if let Some(affine) = self.affine {
            affine.validate(CHECK)?;
            let euclidean = self.metric == Metric::Euclidean;
            CHECK.that(euclidean, "affine", "set", "none with the metric cosine")?;
        }
        if let Some(revival) = self.revival {
            let positive = |x: f64| x > 0.0 && x.is_finite();
            let (threshold, reset) = (revival.threshold, revival.reset);
            CHECK.that(
                positive(threshold),
                "revival.threshold",
                threshold,
                "a finite number > 0",
            )?;
            CHECK.that(
                reset >= threshold && reset.is_finite(),
                "revival.reset",
                reset,
                "at least the threshold: a revived code would be dead",
            )?;
            CHECK.that(reset <= MOST, "revival.reset", reset, "at most 1e12")?;
        }
        if let Some(orthogonal) = self.orthogonal {
            check_weight(CHECK, "orthogonal.weight", orthogonal.weight)?;
            CHECK.that(learnt, "orthogonal", "set", "none where codes do not learn by gradient")?;
            CHECK.that(orthogonal.most != Some(0), "orthogonal.most", 0, "at least 1")?;
        }
        if let Some(Diversity { weight, inverse_temperature }) = self.diversity {
            check_weight(CHECK, "diversity.weight", weight)?;
            let field = "diversity.inverse_temperature";
            CHECK.non_negative(field, inverse_temperature)?;
            CHECK.that(inverse_temperature <= MOST, field, inverse_temperature, "at most 1e12")?;
        }
        if let Some(t) = self.sampling {
            CHECK.positive("sampling", t)?;
            let within = (1.0 / MOST..=MOST).contains(&t);
            CHECK.that(within, "sampling", t, "from 1e-12 to 1e12")?;
        }
        Ok(())
    }
}
