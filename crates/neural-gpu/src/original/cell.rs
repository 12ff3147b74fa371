use std::sync::Arc;

use seedbed_autodiff::{Float, Rng, Tensor, module};

use super::band::band;
use super::step::Step;
use crate::Packing;
use crate::perturbation::{Perturbation, StepBytes};

/// The weights of one convolutional gated recurrent unit with m maps.
#[derive(Clone, Debug)]
pub struct CgruCell<F: Float = f32> {
    /// K_r and K_g beside each other, `[3, 3, m, 2 m]`: rows, then pixels of a row.
    pub gate_weight: Tensor<F>,
    /// b_r and b_g, `[2 m]`.
    pub gate_bias: Tensor<F>,
    /// K_c, `[3, 3, m, m]`.
    pub candidate_weight: Tensor<F>,
    /// b_c, `[m]`.
    pub candidate_bias: Tensor<F>,
}
module!(CgruCell<F> { gate_weight, gate_bias, candidate_weight, candidate_bias });

impl<F: Float> CgruCell<F> {
    /// Random kernels, uniform with the paper's program's deviation of 1.8 / √(inputs of a unit), and biases of 0.
    ///
    /// # Panics
    /// If there are no maps.
    #[track_caller]
    pub fn new(maps: usize, rng: &mut Rng) -> Self {
        assert!(maps > 0, "CgruCell: needs at least one map");
        let bound = 1.8 * (3.0 / (9 * maps) as f64).sqrt();
        let mut kernel = |outputs| Tensor::uniform(&[3, 3, maps, outputs], -bound, bound, rng);
        Self {
            gate_weight: kernel(2 * maps),
            gate_bias: Tensor::zeros(&[2 * maps]),
            candidate_weight: kernel(maps),
            candidate_bias: Tensor::zeros(&[maps]),
        }
    }

    /// The weights as they act on a state of `width` pixels a row: to be made once, and used for all steps.
    pub fn banded(&self, width: usize) -> BandedCgru<F> {
        let maps = self.candidate_bias.len();
        let halves = self.gate_weight.split(3, &[maps, maps]);
        let along = |bias: &Tensor<F>| Tensor::concat(&vec![bias; width], 0);
        let biases: Vec<_> = self.gate_bias.split(0, &[maps, maps]).iter().map(along).collect();
        let gates: Vec<_> = halves.iter().map(|kernel| band(kernel, width)).collect();
        BandedCgru {
            gate_band: Tensor::concat(&gates, 1),
            gate_bias: Tensor::concat(&biases, 0),
            candidate_band: band(&self.candidate_weight, width),
            candidate_bias: along(&self.candidate_bias),
        }
    }
}

/// A [`CgruCell`] for a state of some width, of which each row is n = width · m numbers.
#[derive(Clone, Debug)]
pub struct BandedCgru<F: Float = f32> {
    /// `[3 n, 2 n]`.
    gate_band: Tensor<F>,
    /// `[2 n]`.
    gate_bias: Tensor<F>,
    /// `[3 n, n]`.
    candidate_band: Tensor<F>,
    /// `[n]`.
    candidate_bias: Tensor<F>,
}

impl<F: Float> BandedCgru<F> {
    /// The next state of the strings that make step number `step`, `[packing.running_rows(step), n]`; rows that are no cells have to be 0 in
    /// `state`, and are in the next one.
    ///
    /// # Panics
    /// If `state` has another shape.
    #[track_caller]
    pub fn step(
        &self,
        state: &Tensor<F>,
        packing: &Arc<Packing>,
        step: usize,
        perturbation: Perturbation,
        rng: &mut Rng,
    ) -> Tensor<F> {
        let shape = [packing.running_rows(step), self.candidate_bias.len()];
        assert!(
            state.shape() == shape,
            "BandedCgru::step: a state of shape {:?}; it should be {shape:?}",
            state.shape()
        );
        let mut bytes = StepBytes::default();
        perturbation.draw(state.len(), &mut bytes, rng);
        let op = Step { packing: packing.clone(), step, perturbation, bytes };
        let Self { gate_band, gate_bias, candidate_band, candidate_bias } = self;
        Tensor::fused(op, [state, gate_band, gate_bias, candidate_band, candidate_bias])
    }
}
