//! Lookup-free quantization that learns.

use seedbed_autodiff::{Float, Rng, Tensor, module};
use seedbed_nn::{Check, Checked, Config, ConfigError};
use serde::{Deserialize, Serialize};

use super::convert::{of_f32, to_f32};
use super::estimator::straight_through;
use super::norm::norm;
use super::projection::{check_heads, check_weight, maps};
use super::{Learner, Losses, Pass, Projection, Quantized, Seen, code_entropies};
use crate::{BitOrder, Heads, Lfq, Quantizer, QuantizerError, Scratch};

/// Lookup-free quantization; on the sphere it is binary spherical quantization.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LfqConfig {
    /// Bits of a code.
    pub bits: u32,
    /// Numbers in a vector; by default as many as `codebooks` codes have. Others are projected.
    pub dim: Option<usize>,
    /// How many codes a vector has, side by side.
    pub codebooks: usize,
    /// Which number is which bit of the index.
    pub order: BitOrder,
    /// The size of a code's numbers, or on the sphere its radius.
    pub scale: f64,
    /// Whether vectors are brought to length `scale` first: BSQ (Zhao et al. 2024).
    pub spherical: bool,
    /// τ: how sure soft codes are. The reference's 100, which suits numbers of size 1.
    pub inverse_temperature: f64,
    /// The weight of `entropy of a vector's code − diversity · entropy of the batch's mean code`.
    pub entropy: f64,
    /// γ: the weight of the second beside the first.
    pub diversity: f64,
    /// The most bits whose codes are counted together in the batch's entropy; more are cut into groups.
    pub entropy_bits: usize,
    /// The weight of the mean square between vectors and their codes.
    pub commitment: f64,
    /// `c`: vectors are squashed to `c · tanh(x / c)` first.
    pub soft_clamp: Option<f64>,
    /// A larger weight of the entropies at first.
    pub annealing: Option<Annealing>,
}

/// A weight of the entropies that begins larger and falls: large codebooks need it to come into use, and are better without it later (MAGVIT-v2). At the n-th
/// update the weight is `entropy · (1 + factor · max(0, 1 − n/steps))`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Annealing {
    /// How much more there is at first; the authors of Open-MAGVIT2 take 3.
    pub factor: f64,
    /// Updates until the rest is the weight itself; they take 2000.
    pub steps: u64,
}

impl Default for LfqConfig {
    /// The weights of the reference; the authors' are 0.1 and a commitment of 0.25.
    fn default() -> Self {
        Self {
            bits: 10,
            dim: None,
            codebooks: 1,
            order: BitOrder::default(),
            scale: 1.0,
            spherical: false,
            inverse_temperature: 100.0,
            entropy: 0.1,
            diversity: 1.0,
            entropy_bits: 12,
            commitment: 0.0,
            soft_clamp: None,
            annealing: None,
        }
    }
}

const CHECK: Check = Check::of("LfqConfig");

impl LfqConfig {
    /// The elements of all tensors.
    pub(crate) fn elements(&self) -> f64 {
        maps(self.dim, f64::from(self.bits) * self.codebooks as f64)
    }
}

impl Config for LfqConfig {
    fn validate(&self) -> Result<(), ConfigError> {
        CHECK.that((1..=63).contains(&self.bits), "bits", self.bits, "from 1 to 63")?;
        check_heads(CHECK, "codebooks", self.codebooks)?;
        CHECK.size("dim", self.dim.unwrap_or(1))?;
        CHECK.elements("dim", self.elements())?;
        let positive = [
            ("scale", self.scale),
            ("inverse_temperature", self.inverse_temperature),
            ("soft_clamp", self.soft_clamp.unwrap_or(1.0)),
        ];
        for (field, x) in positive {
            CHECK.positive_f32(field, x)?;
            CHECK.that((1e-12..=1e12).contains(&x), field, x, "from 1e-12 to 1e12")?;
        }
        check_weight(CHECK, "entropy", self.entropy)?;
        check_weight(CHECK, "diversity", self.diversity)?;
        check_weight(CHECK, "commitment", self.commitment)?;
        if let Some(Annealing { factor, steps }) = self.annealing {
            check_weight(CHECK, "annealing.factor", factor)?;
            // Updates are counted in a tensor of the model, which may be of f32.
            let exact = (1..=1 << 24).contains(&steps);
            CHECK.that(exact, "annealing.steps", steps, "from 1 to 2^24")?;
        }
        let bits = self.entropy_bits;
        CHECK.that((1..=24).contains(&bits), "entropy_bits", bits, "from 1 to 24")
    }
}

/// [`Lfq`] with its projections and losses: `entropy-vector`, `entropy-batch` (both in nats; the second has a negative weight, so that it
/// grows) and `commitment`.
///
/// ```
/// use seedbed_autodiff::{Rng, Tensor};
/// use seedbed_nn::Config;
/// use seedbed_quantizers::train::{Learner, LfqConfig, LookupFree};
/// let rng = &mut Rng::new(0);
/// // A codebook of 2⁶⁰ codes: none is ever stored.
/// let lfq = LookupFree::<f32>::new(&LfqConfig { bits: 60, ..Default::default() }.check()?, rng);
/// let out = lfq.forward_train(&Tensor::normal(&[5, 60], 0.0, 1.0, rng), None, rng);
/// assert!(out.losses.get("entropy-batch").unwrap().item() <= 60.0 * 2_f32.ln());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct LookupFree<F: Float = f32> {
    /// The maps around it.
    pub projection: Option<Projection<F>>,
    /// How many updates there were, where the weight of the entropies follows them: one number.
    pub updates: Option<Tensor<F>>,
    config: LfqConfig,
    lfq: Lfq,
}
module!(LookupFree<F> { projection } buffers { updates } config { config, lfq });

impl<F: Float> LookupFree<F> {
    /// A quantizer of this configuration.
    pub fn new(config: &Checked<LfqConfig>, rng: &mut Rng) -> Self {
        let config = LfqConfig::clone(config);
        let inner = config.bits as usize * config.codebooks;
        let dim = config.dim.unwrap_or(inner);
        let scale = config.scale as f32;
        let lfq = Lfq::with_options(config.bits, config.order, scale, config.spherical)
            .expect("the configuration was checked");
        let projection = Projection::between(dim, inner, rng);
        let updates = config.annealing.map(|_| Tensor::zeros(&[1]));
        Self { projection, updates, config: LfqConfig { dim: Some(dim), ..config }, lfq }
    }

    /// Its configuration.
    pub fn config(&self) -> &LfqConfig {
        &self.config
    }

    /// The weight of the entropies at the next pass.
    pub fn entropy_weight(&self) -> f64 {
        let more = match (self.config.annealing, &self.updates) {
            (Some(Annealing { factor, steps }), Some(updates)) => {
                factor * (1.0 - updates.data()[0].f64() / steps as f64).max(0.0)
            }
            _ => 0.0,
        };
        self.config.entropy * (1.0 + more)
    }

    /// The same with another weight of the entropies: to change it by a rule of one's own; see [`Annealing`].
    #[must_use]
    pub fn with_entropy(mut self, weight: f64) -> Self {
        self.config.entropy = weight;
        self
    }

    fn round(&self, x: &Tensor<F>) -> Quantized<F> {
        let config = &self.config;
        let (rows, bits) = (x.shape()[0], config.bits as usize);
        let mut x = x.reshape(&[rows * config.codebooks, bits]);
        if let Some(c) = config.soft_clamp {
            x = (x / c).tanh() * c;
        }
        if config.spherical {
            x = &x / norm(&x, 0.0).maximum(1e-12) * config.scale;
        }
        let mut values = vec![0.0; x.len()];
        let mut indices = vec![0_u64; x.shape()[0]];
        self.lfq
            .quantize_into(
                to_f32(&x).data(),
                Some(&mut values),
                (&mut indices).into(),
                &mut Scratch::new(),
            )
            .unwrap_or_else(|error| panic!("LookupFree: {error}"));
        let code = of_f32(values, x.shape());
        let mut losses = Losses::default();
        if config.entropy > 0.0 && rows > 0 {
            self.entropies(&x, &mut losses);
        }
        if config.commitment > 0.0 && rows > 0 {
            losses.add("commitment", (&x - &code).square().mean(..), config.commitment);
        }
        let values = straight_through(&x, &code).reshape(&[rows, config.codebooks * bits]);
        Quantized { values, indices, losses, seen: Seen::default() }
    }

    fn entropies(&self, x: &Tensor<F>, losses: &mut Losses<F>) {
        let LfqConfig { codebooks, bits, entropy_bits, .. } = self.config;
        // a = 4τ v x: from −v to v the logit 2τ v x moves by twice itself.
        let factor = 4.0 * self.config.inverse_temperature * f64::from(self.lfq.value());
        let (width, codebooks) = (bits as usize, codebooks as isize);
        let x = x.reshape(&[x.len() / (width * codebooks as usize), codebooks as usize * width]);
        for k in 0..codebooks {
            let own = if codebooks == 1 {
                x.clone()
            } else {
                x.slice(1, k * width as isize..(k + 1) * width as isize)
            };
            let both = code_entropies(&own, factor, entropy_bits);
            let weight = self.entropy_weight() / codebooks as f64;
            losses.add("entropy-vector", both.index(0, 0), weight);
            losses.add("entropy-batch", both.index(0, 1), -weight * self.config.diversity);
        }
    }
}

impl<F: Float> Learner<F> for LookupFree<F> {
    fn dim(&self) -> usize {
        self.config.dim.expect("set by new")
    }

    fn tokens(&self) -> usize {
        self.config.codebooks
    }

    fn train_rows(&self, x: &Tensor<F>, _: &mut Pass<'_>) -> Quantized<F> {
        Projection::around(self.projection.as_ref(), x, |x| self.round(x))
    }

    fn update(&mut self, _: &Seen<F>, _: &mut Rng) -> usize {
        if let (Some(Annealing { steps, .. }), Some(updates)) =
            (self.config.annealing, &mut self.updates)
        {
            // Counting ends where nothing follows from it: beyond 2²⁴, n + 1 is n.
            let n = updates.data()[0].f64() + 1.0;
            *updates = Tensor::new(vec![F::of(n.min(steps as f64))], &[1]);
        }
        0
    }

    fn freeze(&self) -> Result<Box<dyn Quantizer>, QuantizerError> {
        let maps = self.projection.as_ref();
        if self.config.codebooks == 1 {
            return Projection::freeze(maps, self.lfq.clone());
        }
        Projection::freeze(maps, Heads::new(self.lfq.clone(), self.config.codebooks)?)
    }
}
