//! What a network gets right: exact sequences by length.
//!
//! A string counts only if every symbol of its answer is right. Symbols that are right flatter: at 4,000 symbols a network that
//! gets 99.9 % of them right answers one string in fifty.

use seedbed_autodiff::{Float, Rng, Tensor};
use seedbed_data::strings::{Example, StringTask};
use seedbed_kernels::par;

use crate::{Batch, DiagonalGpu, Machine};

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

/// Rules that one string may have, and all strings of a part, if it is to be worth looking them up: asking the network for a rule costs as much as computing some hundred cells.
const RULES: [usize; 2] = [3_000, 20_000];

/// For each example whether all of its answer is right, after as many steps as it has cells.
///
/// A rounded network with few rules runs as an [`Automaton`](crate::automaton::Automaton), which gives the same answers sooner.
pub fn exact<F: Float, M: Machine<F>>(model: &M, examples: &[Example], rounded: bool) -> Vec<bool> {
    let few_rules = rounded
        && examples
            .first()
            .is_some_and(|x| model.by_rules(std::slice::from_ref(x), RULES[0]).is_some());
    let parts: Vec<_> = examples.chunks(examples.len().div_ceil(PARTS).max(1)).collect();
    let right = par::map(parts.len(), usize::MAX, |i| {
        par::serially(|| {
            let found = if few_rules { model.by_rules(parts[i], RULES[1]) } else { None };
            found.unwrap_or_else(|| computed(model, parts[i], rounded))
        })
    });
    right.concat()
}

/// By computing all cells in every step.
fn computed<F: Float, M: Machine<F>>(model: &M, examples: &[Example], rounded: bool) -> Vec<bool> {
    let mut right = Vec::with_capacity(examples.len());
    let mut rest = examples;
    while let Some(first) = rest.first() {
        let fitting = (CELLS_AT_ONCE / first.len().max(1)).clamp(1, rest.len());
        let (now, later) = rest.split_at(fitting);
        right.extend(together(model, now, rounded));
        rest = later;
    }
    right
}

fn together<F: Float, M: Machine<F>>(model: &M, part: &[Example], rounded: bool) -> Vec<bool> {
    let with_steps: Vec<_> = part.iter().map(|x| (x.clone(), x.len())).collect();
    let batch = Batch::new(&with_steps);
    let exact = batch.exact(&model.logits(&batch, rounded));
    let mut in_order = vec![false; part.len()];
    for (&i, exact) in batch.packing.order().iter().zip(exact) {
        in_order[i] = exact;
    }
    in_order
}

/// The share of examples that are [`exact`].
pub fn share_exact<F: Float, M: Machine<F>>(model: &M, examples: &[Example], rounded: bool) -> f64 {
    let right = exact(model, examples, rounded);
    right.iter().filter(|&&right| right).count() as f64 / right.len().max(1) as f64
}
