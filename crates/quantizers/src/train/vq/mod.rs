//! Vector quantization that learns.

mod affine;
mod codes;
mod config;

pub(super) use config::MOST_DECAY;

pub use affine::AffineMoments;
pub use config::{CodebookInit, CodebookLearning, Diversity, Orthogonal, Revival, VqConfig};

use seedbed_autodiff::{Float, Rng, Tensor, module};
use seedbed_nn::Checked;

use super::convert::to_f32;
use super::estimator::{diveq, rotation, space_filling, straight_through};
use super::{Batch, Estimator, Learner, Losses, Pass, Projection, Quantized, Seen};
use crate::{Clusters, Codebook, Grouped, Heads, Metric, Quantizer, QuantizerError, Vq, kmeans};
use affine::Moments;
use codes::{Codes, unit_rows};

/// Rounds of k-means for a first codebook.
const ITERATIONS: usize = 10;

/// [`Vq`] with its codebook, projections and losses: `commitment`, `codebook`, `orthogonal`, `diversity`.
#[derive(Clone, Debug)]
pub struct VectorQuantizer<F: Float = f32> {
    /// The maps around it.
    pub projection: Option<Projection<F>>,
    /// Codes that learn by gradient, `codebooks × size × dimension`.
    pub learned: Option<Tensor<F>>,
    /// Codes that do not, of the same shape.
    pub fixed: Option<Tensor<F>>,
    /// Running sums of each code's vectors, where codes are averages.
    pub sums: Option<Tensor<F>>,
    /// Running counts of each code's vectors, `codebooks × size`.
    pub sizes: Tensor<F>,
    /// Running moments of vectors and codes, with [`VqConfig::affine`]: `codebooks × 5 × dimension`, the last row 1 once they are known.
    pub moments: Option<Tensor<F>>,
    config: VqConfig,
}
module!(VectorQuantizer<F> { projection, learned } buffers { fixed, sums, sizes, moments } config { config });

/// The codebook of codes that were checked to be finite.
pub(super) fn codebook_of<F: Float>(codes: &Tensor<F>) -> Codebook {
    let dim = codes.shape()[codes.ndim() - 1];
    Codebook::new(to_f32(codes).to_vec(), dim)
        .unwrap_or_else(|error| panic!("the codebook is not what it should be: {error}"))
}

impl<F: Float> VectorQuantizer<F> {
    /// A quantizer of this configuration.
    pub fn new(config: &Checked<VqConfig>, rng: &mut Rng) -> Self {
        let config = VqConfig::clone(config);
        let (codebooks, size, dim) = (config.codebooks(), config.codebook_size, config.code_dim());
        let shape = [codebooks, size, dim];
        let mut codes = match config.init {
            CodebookInit::OverSize => {
                let bound = 1.0 / size as f64;
                Tensor::uniform(&shape, -bound, bound, rng)
            }
            CodebookInit::Reference => {
                let bound = (6.0 / (size * dim) as f64).sqrt();
                Tensor::uniform(&shape, -bound, bound, rng)
            }
            _ => Tensor::normal(&shape, 0.0, 1.0, rng),
        };
        if config.metric == Metric::Cosine {
            codes = unit_rows(&codes);
        }
        let projection = Projection::between(config.dim, dim * config.heads, rng);
        let average = matches!(config.learning, CodebookLearning::Average { .. });
        let sums = average.then(|| codes.clone());
        let (learned, fixed) = match config.learning {
            CodebookLearning::Gradient => (Some(codes), None),
            _ => (None, Some(codes)),
        };
        let sizes = Tensor::ones(&[codebooks, size]);
        let moments = config.affine.map(|_| Tensor::zeros(&[codebooks, affine::ROWS, dim]));
        Self { projection, learned, fixed, sums, sizes, moments, config }
    }

    /// Its configuration.
    pub fn config(&self) -> &VqConfig {
        &self.config
    }

    /// All codes, `codebooks × size × dimension`. With [`VqConfig::affine`] they are in a space of their own.
    pub fn codes(&self) -> &Tensor<F> {
        self.learned.as_ref().or(self.fixed.as_ref()).expect("codes are one or the other")
    }

    /// The codes of one codebook.
    fn codebook(&self, k: usize) -> Tensor<F> {
        self.codes().index(0, k as isize)
    }

    /// The running moments of one codebook, where they are kept.
    fn moments_of(&self, k: usize) -> Option<Moments<F>> {
        self.moments.as_ref().map(|all| Moments(all.index(0, k as isize)))
    }

    /// One codebook as it stands.
    fn freeze_codebook(&self, k: usize) -> Result<Vq, QuantizerError> {
        let codes = self.codebook(k);
        let codes = self.moments_of(k).map_or(codes.clone(), |m| m.to_vectors(&codes));
        let codes = to_f32(&codes).to_vec();
        let codebook = Codebook::new(codes, self.config.code_dim())?;
        Ok(match self.config.metric {
            Metric::Euclidean => Vq::new(codebook),
            Metric::Cosine => Vq::cosine(codebook),
        })
    }

    /// The only codebook as it stands, where nothing is around it.
    pub(super) fn freeze_plain(&self) -> Result<Vq, QuantizerError> {
        if self.projection.is_some() || self.config.heads != 1 {
            let found =
                format!("heads {} and codes of {}", self.config.heads, self.config.code_dim());
            let expected = format!("one head and codes of {}", self.config.dim);
            return Err(QuantizerError::setting("stage", found, expected));
        }
        self.freeze_codebook(0)
    }

    /// Puts codes, sums and counts where these clusters are.
    fn begin_at(&mut self, k: usize, found: &Clusters) {
        let (size, dim) = (self.config.codebook_size, self.config.code_dim());
        let at = k * size * dim..(k + 1) * size * dim;
        let codes = self.learned.as_mut().or(self.fixed.as_mut()).expect("one or the other");
        for (e, &m) in codes.data_mut()[at.clone()].iter_mut().zip(&found.means) {
            *e = F::of(f64::from(m));
        }
        for (n, &count) in self.sizes.data_mut()[k * size..].iter_mut().zip(&found.sizes) {
            *n = F::of(count as f64);
        }
        if let Some(sums) = &mut self.sums {
            let means = found.means.chunks_exact(dim).zip(&found.sizes);
            let new =
                means.flat_map(|(mean, &n)| mean.iter().map(move |&m| f64::from(m) * n as f64));
            sums.data_mut()[at].iter_mut().zip(new).for_each(|(s, m)| *s = F::of(m));
        }
    }

    /// What the codebooks are compared with: a matrix for each, one row a code.
    fn split_heads(&self, x: &Tensor<F>) -> Vec<Tensor<F>> {
        let (heads, dim) = (self.config.heads, self.config.code_dim());
        let parts = if self.config.separate_codebooks {
            x.split(1, &vec![dim; heads])
        } else {
            vec![x.reshape(&[x.shape()[0] * heads, dim])]
        };
        match self.config.metric {
            Metric::Euclidean => parts,
            Metric::Cosine => parts.iter().map(unit_rows).collect(),
        }
    }

    /// The codes of vectors of one codebook: the nearest, or drawn.
    fn choose(&self, x: &Tensor<F>, codes: &Tensor<F>, rng: &mut Rng) -> Vec<u32> {
        if let Some(t) = self.config.sampling {
            let scores = self.scores(&x.stop_gradient(), &codes.stop_gradient());
            // In double precision, so that no temperature makes scores infinite.
            let drawn = |row: &[F]| {
                let mut best = (f64::NEG_INFINITY, 0);
                for (score, k) in row.iter().zip(0..) {
                    let noisy = score.f64() / t + gumbel(rng);
                    if noisy > best.0 {
                        best = (noisy, k);
                    }
                }
                best.1
            };
            return scores.data().chunks_exact(codes.shape()[0]).map(drawn).collect();
        }
        let mut indices = vec![0; x.shape()[0]];
        let codebook = codebook_of(&codes.stop_gradient());
        crate::vq::assign(&codebook, self.config.metric, to_f32(x).data(), &mut indices)
            .unwrap_or_else(|error| panic!("VectorQuantizer: {error}"));
        indices
    }

    /// `−‖x − e‖`, or `x · e`, of all vectors and codes.
    fn scores(&self, x: &Tensor<F>, codes: &Tensor<F>) -> Tensor<F> {
        if self.config.metric == Metric::Cosine {
            return x.matmul_nt(codes);
        }
        // From where the codes are: squares of what is far from 0 would leave nothing of the differences.
        let centre = codes.stop_gradient().mean(0);
        let (x, codes) = (&(x - &centre), &(codes - &centre));
        let products = x.matmul_nt(codes);
        let squares = |t: &Tensor<F>| t.square().sum(-1);
        let sum = squares(x).unsqueeze(1) + squares(codes).unsqueeze(0);
        -((sum - products * 2.0).maximum(1e-8).sqrt())
    }

    /// The training pass of one codebook.
    fn train_codebook(
        &self,
        k: usize,
        x: &Tensor<F>,
        pass: &mut Pass<'_>,
        losses: &mut Losses<F>,
    ) -> (Tensor<F>, Vec<u32>) {
        let config = &self.config;
        let kept = self.codebook(k);
        // With the moments that `update` will keep.
        let codes = match (self.moments_of(k), config.affine) {
            (Some(moments), Some(decay)) if !x.is_empty() => {
                moments.after(x, &kept, decay).to_vectors(&kept)
            }
            (Some(moments), _) => moments.to_vectors(&kept),
            _ => kept.clone(),
        };
        let codes = &codes;
        let indices = self.choose(x, codes, pass.rng);
        let at: Vec<usize> = indices.iter().map(|&k| k as usize).collect();
        let q = codes.index_select(0, &at);
        let share = 1.0 / config.codebooks() as f64;
        let is_diveq =
            matches!(config.estimator, Estimator::Diveq { .. } | Estimator::SpaceFilling { .. });
        // Of no vectors there is no mean: their part in the losses is left out.
        let some = !x.is_empty();
        if some && config.commitment > 0.0 && !is_diveq {
            let loss = (x - q.stop_gradient()).square().mean(..);
            losses.add("commitment", loss * share, config.commitment);
        }
        if some && config.codebook > 0.0 && self.learned.is_some() && !is_diveq {
            let loss = (x.stop_gradient() - &q).square().mean(..);
            losses.add("codebook", loss * share, config.codebook);
        }
        if let Some(orthogonal) = config.orthogonal.filter(|of| some || !of.active_only) {
            let loss = orthogonal_loss(&kept, &indices, orthogonal, pass.rng);
            losses.add("orthogonal", loss * share, orthogonal.weight);
        }
        if let Some(Diversity { weight, inverse_temperature }) = config.diversity.filter(|_| some) {
            let scores = self.scores(x, codes);
            // The highest first taken off: no temperature makes all of a row infinite.
            let scores = &scores - scores.stop_gradient().max_keepdim(1);
            let soft = (scores * inverse_temperature).softmax(1).mean(0);
            let entropy = -(&soft * soft.maximum(F::min_positive_value().f64()).ln()).sum(..);
            losses.add("diversity", -entropy * share, weight);
        }
        let values = match config.estimator {
            Estimator::StraightThrough => straight_through(x, &q),
            Estimator::Rotation => rotation(x, &q),
            Estimator::Diveq { variance } => diveq(x, &q, variance, pass.rng),
            Estimator::SpaceFilling { variance } => on_segments(x, codes, variance, pass.rng),
        };
        (values, indices)
    }

    /// Moves the running moments, if there are any, and gives vectors where codes are kept: there are their averages, and there dead ones are revived.
    fn in_space_of_codes(&mut self, seen: &Seen<F>) -> Seen<F> {
        let Some(decay) = self.config.affine else { return seen.clone() };
        let mut all = Vec::new();
        let mut batches = Vec::new();
        for k in 0..self.config.codebooks() {
            let Some(moments) = self.moments_of(k) else { return seen.clone() };
            let batch = seen.0.get(k).filter(|batch| !batch.codes.is_empty());
            let moments = match batch {
                Some(batch) => moments.after(&batch.vectors, &self.codebook(k), decay),
                None => moments,
            };
            if let Some(Batch { vectors, codes }) = seen.0.get(k) {
                let vectors = moments.to_codes(vectors);
                batches.push(Batch { vectors, codes: codes.clone() });
            }
            all.push(moments.0);
        }
        self.moments = Some(Tensor::stack(&all, 0));
        Seen(batches)
    }

    fn train_heads(&self, x: &Tensor<F>, pass: &mut Pass<'_>) -> Quantized<F> {
        let (rows, heads) = (x.shape()[0], self.config.heads);
        let mut losses = Losses::default();
        let mut seen = Seen::default();
        let mut values = Vec::new();
        for (k, x) in self.split_heads(x).iter().enumerate() {
            let (value, indices) = self.train_codebook(k, x, pass, &mut losses);
            values.push(value);
            seen.0.push(Batch { vectors: x.stop_gradient(), codes: indices });
        }
        let values = match &values[..] {
            [one] => one.reshape(&[rows, heads * self.config.code_dim()]),
            parts => Tensor::concat(parts, 1),
        };
        let codebooks = self.config.codebooks();
        let own = heads / codebooks;
        let mut indices = vec![0; rows * heads];
        for (k, batch) in seen.0.iter().enumerate() {
            for (i, &code) in batch.codes.iter().enumerate() {
                indices[i / own * heads + k * own + i % own] = u64::from(code);
            }
        }
        Quantized { values, indices, losses, seen }
    }
}

/// Vectors moved to the nearest of random points, one on each segment from a code to the next: `(1 − λₖ) eₖ + λₖ eₖ₊₁` with λ uniform on [0, 1).
fn on_segments<F: Float>(
    x: &Tensor<F>,
    codes: &Tensor<F>,
    variance: f64,
    rng: &mut Rng,
) -> Tensor<F> {
    let segments = codes.shape()[0] - 1;
    let lambda = Tensor::uniform(&[segments, 1], 0.0, 1.0, rng);
    let fixed = codes.stop_gradient();
    let (from, to) = (fixed.slice(0, ..-1), fixed.slice(0, 1..));
    let points = codebook_of(&(&from + (to - &from) * &lambda));
    let mut nearest = vec![0; x.shape()[0]];
    crate::vq::assign(&points, Metric::Euclidean, to_f32(x).data(), &mut nearest)
        .unwrap_or_else(|error| panic!("VectorQuantizer: {error}"));
    let first: Vec<usize> = nearest.iter().map(|&k| k as usize).collect();
    let second: Vec<usize> = first.iter().map(|k| k + 1).collect();
    let ends = [codes.index_select(0, &first), codes.index_select(0, &second)];
    space_filling(x, [&ends[0], &ends[1]], &lambda.index_select(0, &first), variance, rng)
}

/// A draw from the standard Gumbel distribution, −ln(−ln u).
fn gumbel(rng: &mut Rng) -> f64 {
    let u = rng.uniform().clamp(f64::MIN_POSITIVE, 1.0 - f64::EPSILON / 2.0);
    -(-u.ln()).ln()
}

/// `Σ cos²(eᵢ, eⱼ) / K² − 1/K` over all pairs of codes, or of some.
fn orthogonal_loss<F: Float>(
    codes: &Tensor<F>,
    indices: &[u32],
    options: Orthogonal,
    rng: &mut Rng,
) -> Tensor<F> {
    let mut kept: Vec<usize> = (0..codes.shape()[0]).collect();
    if options.active_only {
        let mut used = vec![false; kept.len()];
        indices.iter().for_each(|&k| used[k as usize] = true);
        kept.retain(|&k| used[k]);
    }
    if let Some(most) = options.most.filter(|&most| most < kept.len()) {
        rng.shuffle(&mut kept);
        kept.truncate(most);
    }
    let unit = unit_rows(&codes.index_select(0, &kept));
    let n = kept.len() as f64;
    unit.matmul_nt(&unit).square().sum(..) / (n * n) - 1.0 / n
}

impl<F: Float> Learner<F> for VectorQuantizer<F> {
    fn dim(&self) -> usize {
        self.config.dim
    }

    fn tokens(&self) -> usize {
        self.config.heads
    }

    fn codebooks(&self) -> usize {
        self.config.codebooks()
    }

    fn train_rows(&self, x: &Tensor<F>, pass: &mut Pass<'_>) -> Quantized<F> {
        Projection::around(self.projection.as_ref(), x, |x| self.train_heads(x, pass))
    }

    fn prepare(&mut self, x: &Tensor<F>, rng: &mut Rng) {
        let iterations = match self.config.init {
            CodebookInit::KMeans => ITERATIONS,
            CodebookInit::Data => 0,
            _ => return,
        };
        let rows = x.reshape(&[x.len() / self.config.dim, self.config.dim]).stop_gradient();
        let rows = match &self.projection {
            Some(maps) => maps.into.forward(&rows),
            None => rows,
        };
        for (k, x) in self.split_heads(&rows).iter().enumerate() {
            let (size, metric) = (self.config.codebook_size, self.config.metric);
            let x = to_f32(x);
            let found = kmeans(x.data(), self.config.code_dim(), size, iterations, metric, rng)
                .unwrap_or_else(|error| panic!("prepare: {error}"));
            let sizes = if iterations > 0 { found.sizes } else { vec![1; size] };
            self.begin_at(k, &Clusters { sizes, ..found });
        }
    }

    fn update(&mut self, seen: &Seen<F>, rng: &mut Rng) -> usize {
        let config = &self.config;
        let (size, dim) = (config.codebook_size, config.code_dim());
        // Counts of codes that learn by gradient move as fast as those of averages by default do.
        let (decay, epsilon) = match config.learning {
            CodebookLearning::Average { decay, epsilon } => (decay, epsilon),
            CodebookLearning::Gradient => (0.99, 0.0),
            CodebookLearning::Frozen => return 0,
        };
        let seen = self.in_space_of_codes(seen);
        let config = &self.config;
        let codes = self.learned.as_mut().or(self.fixed.as_mut()).expect("one or the other");
        let (codes, sizes) = (codes.data_mut(), self.sizes.data_mut());
        let mut sums = self.sums.as_mut().map(Tensor::data_mut);
        let mut revived = 0;
        for (k, batch) in seen.0.iter().enumerate() {
            let at = k * size * dim..(k + 1) * size * dim;
            let mut own = Codes {
                codes: &mut codes[at.clone()],
                sums: sums.as_deref_mut().map(|sums| &mut sums[at]),
                sizes: &mut sizes[k * size..(k + 1) * size],
                dim,
                metric: config.metric,
            };
            own.follow(batch, decay, epsilon);
            if let Some(revival) = config.revival {
                revived += own.revive(batch, revival, rng);
            }
        }
        revived
    }

    fn freeze(&self) -> Result<Box<dyn Quantizer>, QuantizerError> {
        let frozen = |k| self.freeze_codebook(k);
        let maps = self.projection.as_ref();
        match (self.config.heads, self.config.separate_codebooks) {
            (1, _) => Projection::freeze(maps, frozen(0)?),
            (heads, false) => Projection::freeze(maps, Heads::new(frozen(0)?, heads)?),
            (heads, true) => {
                let parts = (0..heads).map(frozen).collect::<Result<_, _>>()?;
                Projection::freeze(maps, Grouped::new(parts)?)
            }
        }
    }
}
