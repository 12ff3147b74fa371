//! Steps that keep one state only.

use seedbed_autodiff::Float;

use super::DiagonalCell;
use super::forward::{Made, Rule};
use crate::packing::Packing;
use crate::perturbation::{Perturbation, StepBytes};

impl<F: Float> DiagonalCell<F> {
    /// What [`run`](Self::run) gives without noise, in memory that does not grow with the number of steps: the last states, `[rows, u]`.
    ///
    /// # Panics
    /// If there is not one vector a row.
    #[track_caller]
    pub fn infer(&self, start: &[F], packing: &Packing, rounded: bool) -> Vec<F> {
        let maps = self.maps();
        let units = packing.rows() * maps;
        assert!(start.len() == units, "DiagonalCell::infer: {} numbers, not {units}", start.len());
        let perturbation = if rounded { Perturbation::ROUNDED } else { Perturbation::NONE };
        let rule = Rule::new(self.weights().each_ref(), self.moving, perturbation);
        let none = StepBytes::default();
        let zeros = |n: usize| vec![F::zero(); n];

        let mut last = start.to_vec();
        let (mut state, mut next) = (start.to_vec(), zeros(units));
        for row in packing.running(0).iter().flat_map(|span| span.rows.clone()) {
            let units = row * maps..(row + 1) * maps;
            rule.finish.row(units.clone(), &none, &mut state[units]);
        }
        let (mut gates, mut reset_state, mut candidate) =
            (zeros(2 * units), zeros(units), zeros(units));
        for step in 0..packing.steps() {
            let units = packing.running_rows(step) * maps;
            let made = Made {
                gates: &mut gates[..2 * units],
                reset_state: &mut reset_state[..units],
                candidate: &mut candidate[..units],
                next: &mut next,
                last: &mut last,
            };
            rule.step(step, packing.running(step), &state[..units], &none, made);
            std::mem::swap(&mut state, &mut next);
        }
        last
    }
}
