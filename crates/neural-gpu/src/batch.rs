use std::sync::Arc;

use seedbed_autodiff::{Float, Tensor};
use seedbed_data::strings::Example;

use crate::Packing;

/// Strings with their answers, of different lengths and numbers of steps, packed for a machine.
#[derive(Clone, Debug)]
pub struct Batch {
    /// How the strings lie.
    pub packing: Arc<Packing>,
    /// The input symbol of each row; 0, the blank, where there is no cell.
    pub inputs: Vec<usize>,
    /// The right answer of each cell, in the order of [`Packing::cells`].
    pub targets: Vec<usize>,
}

impl Batch {
    /// Packs examples, each with the number of steps it runs for.
    ///
    /// # Panics
    /// If an example has an answer of another length than its string.
    #[track_caller]
    pub fn new(examples: &[(Example, usize)]) -> Self {
        for (i, (example, _)) in examples.iter().enumerate() {
            let (cells, answer) = (example.input.len(), example.target.len());
            assert!(
                cells == answer,
                "Batch: example {i} has {cells} cells, but an answer of {answer}"
            );
        }
        let sizes: Vec<_> = examples.iter().map(|(x, steps)| [x.len(), *steps]).collect();
        let packing = Packing::new(&sizes);
        let mut inputs = vec![0; packing.rows()];
        let mut targets = Vec::new();
        for (span, &i) in packing.spans().iter().zip(packing.order()) {
            let example = &examples[i].0;
            for (row, &symbol) in span.rows.clone().zip(&example.input) {
                inputs[row] = symbol.into();
            }
            targets.extend(example.target.iter().map(|&symbol| usize::from(symbol)));
        }
        Self { packing: Arc::new(packing), inputs, targets }
    }

    /// The cross-entropy of logits, `[cells, symbols]`, in nats: the mean over the cells of a string, then over the strings.
    ///
    /// # Panics
    /// If there is not one row of logits a cell.
    #[track_caller]
    pub fn loss<F: Float>(&self, logits: &Tensor<F>) -> Tensor<F> {
        let spans = self.packing.spans();
        let share = |cells: usize| F::of(1.0 / (cells * spans.len()) as f64);
        let weights =
            spans.iter().flat_map(|s| std::iter::repeat_n(share(s.rows.len()), s.rows.len()));
        let weights = Tensor::new(weights.collect(), &[self.targets.len()]);
        (logits.cross_entropy_each(&self.targets) * weights).sum(..)
    }

    /// For each string, in the order of the packing, whether every cell's greatest logit is that of the right answer. A NaN is never right.
    pub fn exact<F: Float>(&self, logits: &Tensor<F>) -> Vec<bool> {
        let symbols = logits.shape()[1];
        let mut cells = logits.data().chunks_exact(symbols).zip(&self.targets);
        let mut string = |length: usize| {
            let right = |(row, &target): (&[F], &usize)| greatest(row) == Some(target);
            // Every cell is looked at, so that the next string starts where this one ends.
            cells.by_ref().take(length).filter(|&cell| right(cell)).count() == length
        };
        self.packing.spans().iter().map(|span| string(span.rows.len())).collect()
    }
}

/// The position of the greatest number, which must be greater than all others.
pub(crate) fn greatest<F: Float>(row: &[F]) -> Option<usize> {
    let above_all = |&i: &usize| row.iter().enumerate().all(|(j, &other)| j == i || row[i] > other);
    (0..row.len()).find(above_all)
}
