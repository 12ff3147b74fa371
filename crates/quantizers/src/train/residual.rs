//! Residual stages that learn.

use seedbed_autodiff::{Float, Module, Path, Rng, Role, Tensor};
use serde::{Deserialize, Serialize};

use super::{Learner, Losses, MASKED, Pass, Projection, Quantized, Seen};
use crate::{Quantizer, QuantizerError, Residual};

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
}

impl<F: Float, L: Learner<F>> Module<F> for ResidualLearner<F, L> {
    fn walk(&self, path: &mut Path, f: &mut dyn FnMut(&Path, Role, &Tensor<F>)) {
        let Self { projection, stages, dropout: _ } = self;
        path.field("projection", |path| projection.walk(path, f));
        path.field("stages", |path| stages.walk(path, f));
    }
    fn walk_mut(&mut self, path: &mut Path, f: &mut dyn FnMut(&Path, Role, &mut Tensor<F>)) {
        let Self { projection, stages, dropout: _ } = self;
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
        Self { projection: None, stages, dropout: None }
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
            dropout.from < self.stages.len() && dropout.multiple_of > 0,
            "ResidualLearner: dropout from stage {} in multiples of {} of {} stages",
            dropout.from,
            dropout.multiple_of,
            self.stages.len()
        );
        self.dropout = Some(dropout);
        self
    }

    fn stages_in_use(&self, rng: &mut Rng) -> usize {
        let all = self.stages.len();
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
        for stage in &self.stages[..in_use] {
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
        self.stages.iter().map(Learner::tokens).sum()
    }

    fn codebooks(&self) -> usize {
        self.stages.iter().map(Learner::codebooks).sum()
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
        for stage in &mut self.stages {
            stage.prepare(&residual, rng);
            let out = stage.train_rows(&residual, &mut Pass::new(rng));
            residual = residual - out.values;
        }
    }

    fn update(&mut self, seen: &Seen<F>, rng: &mut Rng) -> usize {
        update_each(&mut self.stages, seen, rng)
    }

    fn freeze(&self) -> Result<Box<dyn Quantizer>, QuantizerError> {
        let stages = self.stages.iter().map(Learner::freeze).collect::<Result<_, _>>()?;
        Projection::freeze(self.projection.as_ref(), Residual::new(stages)?)
    }
}
