use std::sync::Arc;

use seedbed_autodiff::{Float, Rng, Tensor, module};
use seedbed_nn::{Checked, Linear};

use crate::diagonal::Saturation;
use crate::{DiagonalCell, DiagonalConfig, Packing, Perturbation};

/// A diagonal Neural GPU: an embedding of symbols, one [`DiagonalCell`] applied again and again, and a linear map to the answer's symbols.
#[derive(Clone, Debug)]
pub struct DiagonalGpu<F: Float = f32> {
    /// The start state of each symbol before hτ, `[input_symbols − 1, u]`: the blank has none.
    pub embedding: Tensor<F>,
    /// The unit.
    pub cell: DiagonalCell<F>,
    /// From a cell's last state to the logits of its answer.
    pub output: Linear<F>,
}
module!(DiagonalGpu<F> { embedding, cell, output });

impl<F: Float> DiagonalGpu<F> {
    /// Random weights.
    pub fn new(config: &Checked<DiagonalConfig>, rng: &mut Rng) -> Self {
        let &DiagonalConfig { maps, moving, reach, input_symbols, target_symbols, .. } = &**config;
        let bound = (6.0 / (input_symbols + maps) as f64).sqrt();
        Self {
            embedding: Tensor::uniform(&[input_symbols - 1, maps], -bound, bound, rng),
            cell: DiagonalCell::new(maps, moving, reach, rng),
            output: Linear::new(maps, target_symbols, rng),
        }
    }

    /// The start state, `[rows, u]`: hτ of the embedding, and 0 where the symbol is the blank.
    ///
    /// # Panics
    /// If a symbol is not of the alphabet.
    #[track_caller]
    pub fn start(&self, inputs: &[usize]) -> Tensor<F> {
        let table = self.embedding.clamp(-1.0, 1.0).pad(&[(1, 0), (0, 0)], 0.0);
        table.index_select(0, inputs)
    }

    /// The last states, `[rows, u]`, and the saturation cost.
    ///
    /// # Panics
    /// If a symbol is not of the alphabet, or there is not one a row.
    #[track_caller]
    pub fn run(
        &self,
        inputs: &[usize],
        packing: &Arc<Packing>,
        perturbation: Perturbation,
        rng: &mut Rng,
    ) -> (Tensor<F>, Saturation<F>) {
        self.cell.run(&self.start(inputs), packing, perturbation, rng)
    }

    /// The logits of all cells, `[cells, target_symbols]` in the order of [`Packing::cells`], from their states.
    pub fn read(&self, states: &Tensor<F>, packing: &Packing) -> Tensor<F> {
        let cells: Vec<usize> = packing.cells().collect();
        self.output.forward(&states.index_select(0, &cells))
    }
}
