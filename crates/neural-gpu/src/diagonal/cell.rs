use seedbed_autodiff::{Float, Rng, Tensor, module};
use seedbed_nn::{Fans, Init};
use serde::{Deserialize, Serialize};

/// How many channels travel; the others stay where they are.
///
/// Channels are in the order: staying, to the right, to the left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Moving {
    /// Channels that a cell takes from its left neighbour.
    pub right: usize,
    /// Channels that a cell takes from its right neighbour.
    pub left: usize,
}

impl Moving {
    /// A third each way, as in the paper.
    pub fn thirds(maps: usize) -> Self {
        Self { right: maps / 3, left: maps / 3 }
    }
}

/// The weights of the diagonal unit.
#[derive(Clone, Debug)]
pub struct DiagonalCell<F: Float = f32> {
    /// K_r and K_g beside each other, `[3, u, 2 u]`: what the left neighbour, the cell and the right neighbour give.
    pub gate_weight: Tensor<F>,
    /// b_r and b_g, `[2 u]`.
    pub gate_bias: Tensor<F>,
    /// K_c, `[3, u, u]`.
    pub candidate_weight: Tensor<F>,
    /// b_c, `[u]`.
    pub candidate_bias: Tensor<F>,
    /// Which channels travel.
    pub moving: Moving,
}
module!(DiagonalCell<F> { gate_weight, gate_bias, candidate_weight, candidate_bias } config { moving });

impl<F: Float> DiagonalCell<F> {
    /// Random kernels (Glorot, uniform) and biases of 0, for a state of `maps` numbers a cell.
    ///
    /// # Panics
    /// If more channels travel than there are.
    #[track_caller]
    pub fn new(maps: usize, moving: Moving, rng: &mut Rng) -> Self {
        let Moving { right, left } = moving;
        assert!(right + left <= maps, "DiagonalCell: {right} + {left} of {maps} channels travel");
        let fans = Fans { fan_in: 3 * maps, fan_out: 3 * maps };
        let mut kernel = |outputs| Init::GlorotUniform.draw(&[3, maps, outputs], fans, rng);
        Self {
            gate_weight: kernel(2 * maps),
            gate_bias: Tensor::zeros(&[2 * maps]),
            candidate_weight: kernel(maps),
            candidate_bias: Tensor::zeros(&[maps]),
            moving,
        }
    }

    /// The numbers in the state of a cell, u.
    pub fn maps(&self) -> usize {
        self.candidate_bias.len()
    }

    pub(super) fn weights(&self) -> [&Tensor<F>; 4] {
        let Self { gate_weight, gate_bias, candidate_weight, candidate_bias, .. } = self;
        [gate_weight, gate_bias, candidate_weight, candidate_bias]
    }
}
