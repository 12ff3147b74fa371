//! What a network gets right: exact sequences by length.
//!
//! A string counts only if every symbol of its answer is right. Symbols that are right flatter: at 4,000 symbols a network that
//! gets 99.9 % of them right answers one string in fifty.

use std::any::Any;

use seedbed_autodiff::{Float, Rng, Tensor};
use seedbed_data::strings::{Example, StringTask};
use seedbed_kernels::par;

use crate::automaton::{Automaton, AutomatonError, Halt};
use crate::{Batch, DiagonalGpu};

/// About the most cells that are computed at once: more would not stay in the cache.
const CELLS_AT_ONCE: usize = 640;

impl<F: Float> DiagonalGpu<F> {
    /// The logits of a batch, as [`run`](Self::run) and [`read`](Self::read) without noise have them, in memory that does not grow with the number of steps.
    ///
    /// # Panics
    /// If a symbol is not of the alphabet.
    #[track_caller]
    pub fn infer(&self, batch: &Batch, rounded: bool) -> Tensor<F> {
        let start = self.start(&batch.inputs);
        let last = self.cell.infer(start.data(), &batch.packing, rounded);
        let maps = self.cell.maps();
        let cells = batch.packing.cells().flat_map(|row| &last[row * maps..(row + 1) * maps]);
        let cells: Vec<F> = cells.copied().collect();
        self.output.forward(&Tensor::new(cells, &[batch.targets.len(), maps]))
    }
}

/// Examples of one length, of which some share is tough.
///
/// # Panics
/// If the task has no example of this length.
#[track_caller]
pub fn draw(
    task: &dyn StringTask,
    length: usize,
    examples: usize,
    tough: f64,
    rng: &mut Rng,
) -> Vec<Example> {
    let draw = |_| match rng.bernoulli(tough) {
        true => task.sample_tough(length, rng),
        false => task.sample(length, rng),
    };
    (0..examples).map(draw).collect()
}

/// Parts into which examples are divided, to be looked at beside each other; each part looks its rules up itself.
const PARTS: usize = 4;

/// Rules that are worth keeping; a network that has more is computed plainly.
const RULES: usize = 200_000;

/// For each example whether all of its answer is right, after as many steps as it has cells.
///
/// A rounded network runs as an [`Automaton`], which gives the same answers sooner.
pub fn exact<F: Float>(model: &DiagonalGpu<F>, examples: &[Example], rounded: bool) -> Vec<bool> {
    let parts: Vec<_> = examples.chunks(examples.len().div_ceil(PARTS).max(1)).collect();
    let right = par::map(parts.len(), usize::MAX, |i| {
        par::serially(|| {
            let looked_up = if rounded { exact_looked_up(model, parts[i]) } else { None };
            looked_up.unwrap_or_else(|| exact_computed(model, parts[i], rounded))
        })
    });
    right.concat()
}

/// By looking rules up; `None` if there are too many, or the network is not one of 32 bits.
fn exact_looked_up<F: Float>(model: &DiagonalGpu<F>, examples: &[Example]) -> Option<Vec<bool>> {
    let model = (model as &dyn Any).downcast_ref::<DiagonalGpu<f32>>()?;
    let mut automaton = Automaton::new(model).ok()?.with_limits(RULES, usize::MAX);
    let right = |x: &Example| match automaton.run(&x.input, Halt::AfterSteps(x.len())) {
        Ok(run) => Some(run.answer == x.target),
        // A tie is no answer.
        Err(AutomatonError::NoAnswer { .. }) => Some(false),
        Err(_) => None,
    };
    examples.iter().map(right).collect()
}

/// By computing all cells in every step.
fn exact_computed<F: Float>(
    model: &DiagonalGpu<F>,
    examples: &[Example],
    rounded: bool,
) -> Vec<bool> {
    let mut right = Vec::with_capacity(examples.len());
    let mut rest = examples;
    while let Some(first) = rest.first() {
        let together = (CELLS_AT_ONCE / first.len().max(1)).clamp(1, rest.len());
        let (now, later) = rest.split_at(together);
        right.extend(exact_together(model, now, rounded));
        rest = later;
    }
    right
}

fn exact_together<F: Float>(model: &DiagonalGpu<F>, part: &[Example], rounded: bool) -> Vec<bool> {
    let with_steps: Vec<_> = part.iter().map(|x| (x.clone(), x.len())).collect();
    let batch = Batch::new(&with_steps);
    let exact = batch.exact(&model.infer(&batch, rounded));
    let mut in_order = vec![false; part.len()];
    for (&i, exact) in batch.packing.order().iter().zip(exact) {
        in_order[i] = exact;
    }
    in_order
}

/// The share of examples that are [`exact`].
pub fn share_exact<F: Float>(model: &DiagonalGpu<F>, examples: &[Example], rounded: bool) -> f64 {
    let right = exact(model, examples, rounded);
    right.iter().filter(|&&right| right).count() as f64 / right.len().max(1) as f64
}
