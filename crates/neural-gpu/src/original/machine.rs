use std::sync::Arc;

use seedbed_autodiff::{Float, Module as _, Rng, Tensor, module};
use seedbed_nn::{Check, Checked, Config, ConfigError, Linear};
use serde::{Deserialize, Serialize};

use super::{BandedCgru, CgruCell};
use crate::{Packing, Perturbation};

/// The configuration of a [`NeuralGpu`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct NeuralGpuConfig {
    /// The numbers of a pixel, m.
    pub maps: usize,
    /// The pixels of a cell of the string.
    pub width: usize,
    /// The units that are applied one after the other in a step.
    pub layers: usize,
    /// Copies of the units' weights that take turns: step t uses copy t mod `copies` (*parameter-sharing relaxation*). One means no relaxation.
    pub copies: usize,
    /// How many symbols an input is made of, the blank included.
    pub input_symbols: usize,
    /// How many symbols an answer is made of.
    pub target_symbols: usize,
}

impl Default for NeuralGpuConfig {
    /// The paper's, for binary addition.
    fn default() -> Self {
        Self { maps: 24, width: 4, layers: 2, copies: 6, input_symbols: 4, target_symbols: 2 }
    }
}

/// The most numbers that a configuration's weights may have: 16 GiB in single precision.
const MOST_WEIGHTS: usize = 1 << 32;

impl NeuralGpuConfig {
    /// The numbers of all weights.
    pub(crate) fn elements(&self) -> f64 {
        let [maps, layers, copies, inputs, targets] =
            [self.maps, self.layers, self.copies, self.input_symbols, self.target_symbols]
                .map(|n| n as f64);
        copies * layers * (27.0 * maps + 3.0) * maps
            + (inputs + maps) * maps
            + (maps + 1.0) * targets
    }

    /// The numbers of the banded kernels of all copies; `None` beyond counting.
    fn banded_weights(&self) -> Option<usize> {
        let n = self.width.checked_mul(self.maps)?;
        n.checked_mul(n)?.checked_mul(9)?.checked_mul(self.layers)?.checked_mul(self.copies)
    }
}

impl Config for NeuralGpuConfig {
    fn validate(&self) -> Result<(), ConfigError> {
        let check = Check::of("NeuralGpuConfig");
        for (field, value, least) in [
            ("maps", self.maps, 1),
            ("width", self.width, 1),
            ("layers", self.layers, 1),
            ("copies", self.copies, 1),
            ("input_symbols", self.input_symbols, 2),
            ("target_symbols", self.target_symbols, 2),
        ] {
            check.that(value >= least, field, value, format!("at least {least}"))?;
        }
        for (field, value) in
            [("input_symbols", self.input_symbols), ("target_symbols", self.target_symbols)]
        {
            check.that(value <= 256, field, value, "at most 256: symbols are bytes")?;
        }
        let few = self.banded_weights().is_some_and(|weights| weights <= MOST_WEIGHTS);
        let expected = "so that 9 (width · maps)² · layers · copies is at most 2^32";
        check.that(few, "maps", self.maps, expected)
    }
}

/// The original Neural GPU: an embedding of symbols, [`CgruCell`]s applied again and again, and a linear map to the answer's symbols.
///
/// ```
/// use seedbed_autodiff::Rng;
/// use seedbed_data::strings::{Arithmetic, Operation, StringTask};
/// use seedbed_neural_gpu::{Batch, NeuralGpu, NeuralGpuConfig, Perturbation};
/// use seedbed_nn::Config;
///
/// let rng = &mut Rng::new(0);
/// let gpu = NeuralGpu::<f32>::new(&NeuralGpuConfig::default().check()?, rng);
/// let example = Arithmetic::binary(Operation::Add).sample(9, rng);
/// let batch = Batch::new(&[(example, 9)]);
/// let last = gpu.run(&batch.inputs, &batch.packing, Perturbation::NONE, 0.0, rng);
/// assert_eq!(last.shape(), [11, 4 * 24]); // a row of zeros on either side
/// assert_eq!(gpu.read(&last, &batch.packing).shape(), [9, 2]);
/// # Ok::<(), seedbed_nn::ConfigError>(())
/// ```
#[derive(Clone, Debug)]
pub struct NeuralGpu<F: Float = f32> {
    /// The vector of each symbol, `[input_symbols − 1, m]`: the blank has none.
    pub embedding: Tensor<F>,
    /// From tanh of that to the first pixel of a cell.
    pub input: Linear<F>,
    /// The units, those of a step together, of each copy.
    pub cells: Vec<Vec<CgruCell<F>>>,
    /// From the first pixel of a cell's last state to the logits of its answer.
    pub output: Linear<F>,
    /// The pixels of a cell.
    pub width: usize,
}
module!(NeuralGpu<F> { embedding, input, cells, output } config { width });

impl<F: Float> NeuralGpu<F> {
    /// Random weights; all copies begin with different ones.
    pub fn new(config: &Checked<NeuralGpuConfig>, rng: &mut Rng) -> Self {
        let &NeuralGpuConfig { maps, width, layers, copies, input_symbols, target_symbols } =
            &**config;
        let mut step = || (0..layers).map(|_| CgruCell::new(maps, rng)).collect();
        let cells = (0..copies).map(|_| step()).collect();
        Self {
            embedding: Tensor::uniform(&[input_symbols - 1, maps], -1.7, 1.7, rng),
            input: Linear::new(maps, maps, rng),
            cells,
            output: Linear::new(maps, target_symbols, rng),
            width,
        }
    }

    /// The start state, `[rows, n]`: the first pixel of a cell is W tanh(E) + b of its symbol, all else is 0.
    ///
    /// # Panics
    /// If a symbol is not of the alphabet.
    #[track_caller]
    pub fn start(&self, inputs: &[usize]) -> Tensor<F> {
        let maps = self.embedding.shape()[1];
        let pixels = self.input.forward(&self.embedding.tanh());
        let table = pixels.pad(&[(1, 0), (0, (self.width - 1) * maps)], 0.0);
        table.index_select(0, inputs)
    }

    /// The last states, `[rows, n]`: each string runs for its own number of steps.
    ///
    /// With some probability, `dropout`, each number of the state is dropped after a step; those that stay are made greater accordingly.
    ///
    /// # Panics
    /// If a symbol is not of the alphabet, or there is not one a row.
    #[track_caller]
    pub fn run(
        &self,
        inputs: &[usize],
        packing: &Arc<Packing>,
        perturbation: Perturbation,
        dropout: f64,
        rng: &mut Rng,
    ) -> Tensor<F> {
        self.go_on(&self.start(inputs), packing, perturbation, dropout, rng)
    }

    /// [`run`](Self::run) from states that there are already.
    ///
    /// # Panics
    /// If `start` has another shape.
    #[track_caller]
    pub fn go_on(
        &self,
        start: &Tensor<F>,
        packing: &Arc<Packing>,
        perturbation: Perturbation,
        dropout: f64,
        rng: &mut Rng,
    ) -> Tensor<F> {
        let shape = [packing.rows(), self.width * self.embedding.shape()[1]];
        assert!(
            start.shape() == shape,
            "NeuralGpu: a start state of shape {:?}; it should be {shape:?}",
            start.shape()
        );
        let banded = |cell: &CgruCell<F>| cell.banded(self.width);
        let copies: Vec<Vec<BandedCgru<F>>> =
            self.cells.iter().map(|cells| cells.iter().map(banded).collect()).collect();
        // Between the units of a step the state is not yet what it is to be.
        let within = Perturbation { state: 0.0, rounding: 0.0, ..perturbation };

        // Strings that run longest lie first: those that have ended are cut off behind the others.
        let mut ended = Vec::new();
        let mut cut = |state: Tensor<F>, rows: usize| {
            let (rows, all) = (rows as isize, state.shape()[0] as isize);
            if rows == all {
                return state;
            }
            ended.push(state.slice(0, rows..all));
            state.slice(0, 0..rows)
        };
        let mut state = cut(start.dropout(dropout, rng), packing.running_rows(0));
        for step in 0..packing.steps() {
            let cells = &copies[step % copies.len()];
            for (i, cell) in cells.iter().enumerate() {
                let now = if i + 1 == cells.len() { perturbation } else { within };
                state = cell.step(&state, packing, step, now, rng);
            }
            state = cut(state.dropout(dropout, rng), packing.running_rows(step + 1));
        }
        ended.push(state);
        ended.reverse();
        Tensor::concat(&ended, 0)
    }

    /// The logits of all cells, `[cells, target_symbols]` in the order of [`Packing::cells`], from their states.
    pub fn read(&self, states: &Tensor<F>, packing: &Packing) -> Tensor<F> {
        let maps = self.embedding.shape()[1] as isize;
        let cells: Vec<usize> = packing.cells().collect();
        self.output.forward(&states.slice(1, 0..maps).index_select(0, &cells))
    }

    /// Σ (θ − mean θ)² over the copies of all weights: multiplied with a growing *pull* and added to the loss, it makes the copies one.
    pub fn relaxation(&self) -> Tensor<F> {
        let all = (0..self.cells[0].len()).flat_map(|layer| self.copies_of(layer));
        let spread = |copies: Tensor<F>| (&copies - copies.mean_keepdim(0)).square().sum(..);
        all.map(spread).fold(Tensor::scalar(0.0), |sum, x| sum + x)
    }

    /// The same network with all copies at their mean.
    #[must_use]
    pub fn averaged(&self) -> Self {
        let mean = |(layer, cell): (usize, &CgruCell<F>)| {
            let mut means = self.copies_of(layer).into_iter().map(|copies| copies.mean(0));
            cell.map_params(|_| means.next().expect("a mean of each weight"))
        };
        let step: Vec<_> = self.cells[0].iter().enumerate().map(mean).collect();
        Self { cells: vec![step; self.cells.len()], ..self.clone() }
    }

    /// The weights of a layer, each with all of its copies, `[copies, …]`.
    fn copies_of(&self, layer: usize) -> Vec<Tensor<F>> {
        let params: Vec<_> = self.cells.iter().map(|cells| cells[layer].params()).collect();
        let copies = |i: usize| params.iter().map(|of_copy| &of_copy[i]).collect::<Vec<_>>();
        (0..params[0].len()).map(|i| Tensor::stack(&copies(i), 0)).collect()
    }
}
