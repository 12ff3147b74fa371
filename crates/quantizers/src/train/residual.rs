//! Residual stages that learn.

use std::sync::Arc;

use seedbed_autodiff::{Float, Module, Path, Rng, Role, Tensor};
use serde::{Deserialize, Serialize};

use super::{Learner, Losses, MASKED, Pass, Projection, Quantized, Seen, VectorQuantizer};
use crate::{Beam, Quantizer, QuantizerError, Residual};

/// Training on a random number of stages, so that the first ones are of use by themselves (Zeghidour et al. 2021).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct QuantizeDropout {
    /// Stages that are never left out, less one: the last stage in use is drawn from here on.
    pub from: usize,
    /// The number of stages in use is rounded up to a multiple of this.
    pub multiple_of: usize,
}

impl Default for QuantizeDropout {
    fn default() -> Self {
        Self { from: 0, multiple_of: 1 }
    }
}

/// Stages, each of which learns what the stages before left over: `r₀ = x`, `rᵢ₊₁ = rᵢ − sg qᵢ`; the value is `Σ qᵢ`.
///
/// Without the `sg`, the losses of all stages but the first would have no gradient, and the sum would still have the identity's: nobody would notice.
/// Losses of one name are added up over the stages.
#[derive(Clone, Debug)]
pub struct ResidualLearner<F: Float, L> {
    /// The maps around the stages.
    pub projection: Option<Projection<F>>,
    /// The stages, the coarsest first.
    pub stages: Vec<L>,
    /// Whether and how stages are left out in training.
    pub dropout: Option<QuantizeDropout>,
    /// How many times the one stage is used, where all stages share it.
    shared: Option<usize>,
}

impl<F: Float, L: Learner<F>> Module<F> for ResidualLearner<F, L> {
    fn walk(&self, path: &mut Path, f: &mut dyn FnMut(&Path, Role, &Tensor<F>)) {
        let Self { projection, stages, dropout: _, shared: _ } = self;
        path.field("projection", |path| projection.walk(path, f));
        path.field("stages", |path| stages.walk(path, f));
    }
    fn walk_mut(&mut self, path: &mut Path, f: &mut dyn FnMut(&Path, Role, &mut Tensor<F>)) {
        let Self { projection, stages, dropout: _, shared: _ } = self;
        path.field("projection", |path| projection.walk_mut(path, f));
        path.field("stages", |path| stages.walk_mut(path, f));
    }
}

impl<F: Float, L: Learner<F>> ResidualLearner<F, L> {
    /// These stages.
    ///
    /// # Panics
    /// If there are none, or they take vectors of different dimensions.
    #[track_caller]
    pub fn new(stages: Vec<L>) -> Self {
        assert!(!stages.is_empty(), "ResidualLearner: there are no stages");
        let dim = stages[0].dim();
        assert!(
            stages.iter().all(|stage| stage.dim() == dim),
            "ResidualLearner: the stages take vectors of different dimensions"
        );
        Self { projection: None, stages, dropout: None, shared: None }
    }

    /// One learner as all `stages`: with VQ a codebook that all of them share (Lee et al. 2022). It learns from what each stage saw, one after the other, as in
    /// vector-quantize-pytorch; and begins at the vectors of the first.
    ///
    /// # Panics
    /// If there are no stages.
    #[track_caller]
    pub fn shared(stage: L, stages: usize) -> Self {
        assert!(stages > 0, "ResidualLearner: there are no stages");
        Self { shared: Some(stages), ..Self::new(vec![stage]) }
    }

    /// Whether all stages are one.
    pub fn is_shared(&self) -> bool {
        self.shared.is_some()
    }

    /// How many stages there are.
    pub fn count(&self) -> usize {
        self.shared.unwrap_or(self.stages.len())
    }

    /// The learner of each stage.
    pub(crate) fn each(&self) -> impl Iterator<Item = &L> {
        let last = self.stages.len() - 1;
        (0..self.count()).map(move |i| &self.stages[i.min(last)])
    }

    /// The same with maps from vectors of `dim` numbers to the stages' dimension and back, if they differ.
    #[must_use]
    pub fn projected(mut self, dim: usize, rng: &mut Rng) -> Self {
        self.projection = Projection::between(dim, self.stages[0].dim(), rng);
        self
    }

    /// The same with stages left out in training.
    ///
    /// # Panics
    /// If `from` is not below the number of stages, or `multiple_of` is 0.
    #[must_use]
    #[track_caller]
    pub fn with_dropout(mut self, dropout: QuantizeDropout) -> Self {
        assert!(
            dropout.from < self.count() && dropout.multiple_of > 0,
            "ResidualLearner: dropout from stage {} in multiples of {} of {} stages",
            dropout.from,
            dropout.multiple_of,
            self.count()
        );
        self.dropout = Some(dropout);
        self
    }

    fn stages_in_use(&self, rng: &mut Rng) -> usize {
        let all = self.count();
        let Some(QuantizeDropout { from, multiple_of }) = self.dropout else { return all };
        let last = from + rng.below(all - from);
        (last + 1).next_multiple_of(multiple_of).min(all)
    }

    fn train_stages(&self, x: &Tensor<F>, pass: &mut Pass<'_>) -> Quantized<F> {
        let (rows, tokens) = (x.shape()[0], self.tokens());
        let in_use = self.stages_in_use(pass.rng);
        let (mut residual, mut sum) = (x.clone(), None);
        let mut indices = vec![MASKED; rows * tokens];
        let (mut losses, mut seen, mut start) = (Losses::default(), Seen::default(), 0);
        for stage in self.each().take(in_use) {
            let out = stage.train_rows(&residual, pass);
            residual = residual - out.values.stop_gradient();
            sum = Some(sum.map_or_else(|| out.values.clone(), |sum| sum + &out.values));
            let own = stage.tokens();
            for (row, own_indices) in out.indices.chunks_exact(own).enumerate() {
                indices[row * tokens + start..][..own].copy_from_slice(own_indices);
            }
            start += own;
            losses.merge(out.losses);
            seen.0.extend(out.seen.0);
        }
        Quantized { values: sum.expect("there is a stage"), indices, losses, seen }
    }
}

impl<F: Float> ResidualLearner<F, VectorQuantizer<F>> {
    /// The quantizer as it stands, which finds its codes by [`Beam`] search of this width, with weights as [`Beam::summed`] takes them or by what is left.
    ///
    /// # Errors
    /// If a parameter is not finite, the width is 0, the weights are not right, or stages have heads, projections of their own, or compare by cosine.
    ///
    /// ```
    /// use seedbed_autodiff::Rng;
    /// use seedbed_nn::Config;
    /// use seedbed_quantizers::train::{Learner, ResidualLearner, VectorQuantizer, VqConfig};
    /// let config = VqConfig { dim: 2, codebook_size: 8, ..Default::default() }.check()?;
    /// let residual = ResidualLearner::shared(VectorQuantizer::<f32>::new(&config, &mut Rng::new(0)), 3);
    /// let (greedy, beam) = (residual.freeze()?, residual.freeze_beam(8, None)?);
    /// let x = [0.4, -1.3];
    /// let left = |tokens: &[u64]| -> Result<f32, seedbed_quantizers::QuantizerError> {
    ///     let y = greedy.decode(tokens)?;
    ///     Ok(x.iter().zip(y).map(|(x, y)| (x - y).powi(2)).sum())
    /// };
    /// assert!(left(&beam.encode(&x)?)? <= left(&greedy.encode(&x)?)?);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn freeze_beam(
        &self,
        width: usize,
        weights: Option<&[f32]>,
    ) -> Result<Box<dyn Quantizer>, QuantizerError> {
        let stages = self.each().map(VectorQuantizer::freeze_plain).collect::<Result<_, _>>()?;
        let beam = Beam::new(Residual::new(stages)?, width)?;
        let beam = match weights {
            Some(weights) => beam.summed(weights)?,
            None => beam,
        };
        Projection::freeze(self.projection.as_ref(), beam)
    }
}

/// Updates learners by the batches that each of them saw, one after the other.
pub(super) fn update_each<F: Float, L: Learner<F>>(
    learners: &mut [L],
    seen: &Seen<F>,
    rng: &mut Rng,
) -> usize {
    let (mut from, mut revived) = (0, 0);
    for learner in learners {
        // Stages that were left out saw nothing.
        let Some(own) = seen.0.get(from..from + learner.codebooks()) else { break };
        revived += learner.update(&Seen(own.to_vec()), rng);
        from += own.len();
    }
    revived
}

impl<F: Float, L: Learner<F>> Learner<F> for ResidualLearner<F, L> {
    fn dim(&self) -> usize {
        let inner = self.stages[0].dim();
        self.projection.as_ref().map_or(inner, |maps| maps.into.weight.shape()[0])
    }

    fn tokens(&self) -> usize {
        self.each().map(Learner::tokens).sum()
    }

    fn codebooks(&self) -> usize {
        self.each().map(Learner::codebooks).sum()
    }

    fn train_rows(&self, x: &Tensor<F>, pass: &mut Pass<'_>) -> Quantized<F> {
        Projection::around(self.projection.as_ref(), x, |x| self.train_stages(x, pass))
    }

    fn prepare(&mut self, x: &Tensor<F>, rng: &mut Rng) {
        let rows = x.reshape(&[x.len() / self.dim(), self.dim()]).stop_gradient();
        let mut residual = match &self.projection {
            Some(maps) => maps.into.forward(&rows),
            None => rows,
        };
        if self.is_shared() {
            return self.stages[0].prepare(&residual, rng);
        }
        for stage in &mut self.stages {
            stage.prepare(&residual, rng);
            let out = stage.train_rows(&residual, &mut Pass::new(rng));
            residual = residual - out.values;
        }
    }

    fn update(&mut self, seen: &Seen<F>, rng: &mut Rng) -> usize {
        let Some(stage) = self.stages.first_mut().filter(|_| self.shared.is_some()) else {
            return update_each(&mut self.stages, seen, rng);
        };
        let codebooks = stage.codebooks();
        if codebooks == 0 {
            return stage.update(seen, rng);
        }
        let each = seen.0.chunks(codebooks);
        each.map(|own| stage.update(&Seen(own.to_vec()), rng)).sum()
    }

    fn freeze(&self) -> Result<Box<dyn Quantizer>, QuantizerError> {
        let maps = self.projection.as_ref();
        if let Some(count) = self.shared {
            let stage: Arc<dyn Quantizer> = self.stages[0].freeze()?.into();
            return Projection::freeze(maps, Residual::new(vec![stage; count])?);
        }
        let stages = self.stages.iter().map(Learner::freeze).collect::<Result<_, _>>()?;
        Projection::freeze(maps, Residual::new(stages)?)
    }
}
