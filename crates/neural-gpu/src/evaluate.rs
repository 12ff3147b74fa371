//! What a network gets right: exact sequences by length.
//!
//! A string counts only if every symbol of its answer is right. Symbols that are right flatter: at 4,000 symbols a network that
//! gets 99.9 % of them right answers one string in fifty.

use seedbed_autodiff::{Float, Rng, Tensor};
use seedbed_data::strings::{Example, StringTask};
use seedbed_kernels::par;

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

/// For each example whether all of its answer is right, after as many steps as it has cells.
pub fn exact<F: Float>(model: &DiagonalGpu<F>, examples: &[Example], rounded: bool) -> Vec<bool> {
    let mut parts = Vec::new();
    let mut rest = examples;
    while let Some(first) = rest.first() {
        let together = (CELLS_AT_ONCE / first.len().max(1)).clamp(1, rest.len());
        let (now, later) = rest.split_at(together);
        parts.push(now);
        rest = later;
    }
    let right = par::map(parts.len(), usize::MAX, |i| {
        par::serially(|| exact_together(model, parts[i], rounded))
    });
    right.concat()
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
