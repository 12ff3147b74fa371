//! The rule of one cell, step by step, for those who look it up instead of computing it for all cells.

use seedbed_autodiff::Tensor;

use super::DiagonalCell;
use super::forward::{Rule, matrix, matrix_mut, product, shift};
use crate::perturbation::{Perturbation, StepBytes};

/// The rule of one cell of a network whose state is rounded.
///
/// A cell's next state depends on itself and two neighbours on each side, in two stages: what its gates let through depends on three states, the next state on what
/// three cells let through. The numbers have the bits of [`DiagonalCell::infer`].
pub(crate) struct SingleCell {
    rule: Rule<f32>,
}

/// What a cell lets through: `r ⊙ s`, the update gate, and what the diagonal gate holds, `shift(s)`; u numbers each.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Gated {
    pub(crate) reset_state: Vec<f32>,
    pub(crate) update: Vec<f32>,
    pub(crate) held: Vec<f32>,
}

impl SingleCell {
    pub(crate) fn new(cell: &DiagonalCell<f32>) -> Self {
        let weights: [Tensor<f32>; 4] = cell.weights();
        Self { rule: Rule::new(weights.each_ref(), cell.moving, Perturbation::ROUNDED) }
    }

    pub(crate) fn maps(&self) -> usize {
        self.rule.maps
    }

    /// The state that a start state is rounded to.
    pub(crate) fn rounded(&self, start: &[f32]) -> Vec<f32> {
        let mut state = start.to_vec();
        self.rule.finish.row(0..state.len(), &StepBytes::default(), &mut state);
        state
    }

    /// What the middle one of three cells lets through, whose states are given after each other.
    pub(crate) fn gated(&self, states: &[f32]) -> Gated {
        let maps = self.rule.maps;
        let mut gates = vec![0.0; 2 * maps];
        product(
            matrix(states, 3 * maps),
            matrix(&self.rule.gate_weight, 2 * maps),
            0.0,
            matrix_mut(&mut gates, 2 * maps),
        );
        self.rule.gates(0, &StepBytes::default(), &mut gates);
        let mut held = vec![0.0; maps];
        shift(states, 1, maps, self.rule.moving, &mut held);
        let (reset, update) = gates.split_at(maps);
        let state = &states[maps..2 * maps];
        let reset_state = reset.iter().zip(state).map(|(&r, &s)| r * s).collect();
        Gated { reset_state, update: update.to_vec(), held }
    }

    /// The next state of the middle one of three cells, from `r ⊙ s` of all three after each other and the rest of what it lets through.
    pub(crate) fn next(&self, reset_states: &[f32], update: &[f32], held: &[f32]) -> Vec<f32> {
        let maps = self.rule.maps;
        let mut candidate = vec![0.0; maps];
        product(
            matrix(reset_states, 3 * maps),
            matrix(&self.rule.candidate_weight, maps),
            0.0,
            matrix_mut(&mut candidate, maps),
        );
        self.rule.candidate(0, &StepBytes::default(), &mut candidate);
        let mut next = held.to_vec();
        self.rule.finish_cell(&candidate, update, 0, &StepBytes::default(), &mut next);
        next
    }
}
