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

/// Which neighbours a cell sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reach {
    /// Both.
    #[default]
    Both,
    /// The left one alone: nothing travels to the left. It is enough where what a cell answers depends on cells to its left only, as in the addition of
    /// aligned numbers, and makes networks that can be proved right for every length.
    Left,
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
    /// Which neighbours a cell sees; what it does not see has weights that are taken as 0.
    pub reach: Reach,
}
module!(DiagonalCell<F> { gate_weight, gate_bias, candidate_weight, candidate_bias } config { moving, reach });

impl<F: Float> DiagonalCell<F> {
    /// Random kernels (Glorot, uniform) and biases of 0, for a state of `maps` numbers a cell.
    ///
    /// # Panics
    /// If more channels travel than there are, or some come from a neighbour that is not seen.
    #[track_caller]
    pub fn new(maps: usize, moving: Moving, reach: Reach, rng: &mut Rng) -> Self {
        let Moving { right, left } = moving;
        assert!(right + left <= maps, "DiagonalCell: {right} + {left} of {maps} channels travel");
        assert!(
            reach == Reach::Both || left == 0,
            "DiagonalCell: {left} channels come from the right neighbour, which is not seen"
        );
        let fans = Fans { fan_in: 3 * maps, fan_out: 3 * maps };
        let mut kernel = |outputs| Init::GlorotUniform.draw(&[3, maps, outputs], fans, rng);
        Self {
            gate_weight: kernel(2 * maps),
            gate_bias: Tensor::zeros(&[2 * maps]),
            candidate_weight: kernel(maps),
            candidate_bias: Tensor::zeros(&[maps]),
            moving,
            reach,
        }
    }

    /// The numbers in the state of a cell, u.
    pub fn maps(&self) -> usize {
        self.candidate_bias.len()
    }

    /// The weights as they act, in the order of the fields.
    pub(crate) fn weights(&self) -> [Tensor<F>; 4] {
        let seen = |weight: &Tensor<F>| match self.reach {
            Reach::Both => weight.clone(),
            Reach::Left => weight * Tensor::new(vec![F::one(), F::one(), F::zero()], &[3, 1, 1]),
        };
        [
            seen(&self.gate_weight),
            self.gate_bias.clone(),
            seen(&self.candidate_weight),
            self.candidate_bias.clone(),
        ]
    }
}
