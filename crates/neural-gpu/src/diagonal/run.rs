//! All steps on several strings, as one fused op.

use std::sync::Arc;

use seedbed_autodiff::{Float, Fused, FusedCtx, Rng, Tensor};

use super::backward::Backward;
use super::forward::{GATE_OFFSETS, Made, Rule, SATURATED};
use super::{DiagonalCell, Moving};
use crate::packing::{Packing, mask};
use crate::perturbation::{ByteNoise, Perturbation, StepBytes};

/// Σ max(|x| − 0.9, 0) over the pre-activations of gates and candidates, of all units, cells and steps: its gradient brings units back whose saturated
/// non-linearity lets no other gradient through.
#[derive(Clone, Debug)]
pub struct Saturation<F: Float = f32>(pub Tensor<F>);

impl<F: Float> DiagonalCell<F> {
    /// Runs strings from their start state, each for its own number of steps, and gives their last states and the [`Saturation`] cost.
    ///
    /// `start` is `[packing.rows(), u]`, and so is the result; rows that are no cells have to be 0, and are. The perturbation also acts on the start state, but has no
    /// pre-activations there.
    ///
    /// # Panics
    /// If `start` has another shape.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use seedbed_autodiff::{Rng, Tensor};
    /// use seedbed_neural_gpu::{DiagonalCell, Moving, Packing, Perturbation, Reach};
    ///
    /// let cell = DiagonalCell::<f32>::new(6, Moving::thirds(6), Reach::Both, &mut Rng::new(0));
    /// let packing = Arc::new(Packing::new(&[[3, 4], [2, 2]])); // lengths and steps of two strings
    /// let start = Tensor::zeros(&[packing.rows(), 6]);
    /// let (last, _) = cell.run(&start, &packing, Perturbation::NONE, &mut Rng::new(1));
    /// assert_eq!(last.shape(), [8, 6]);
    /// ```
    #[track_caller]
    pub fn run(
        &self,
        start: &Tensor<F>,
        packing: &Arc<Packing>,
        perturbation: Perturbation,
        rng: &mut Rng,
    ) -> (Tensor<F>, Saturation<F>) {
        let shape = [packing.rows(), self.maps()];
        assert!(
            start.shape() == shape,
            "DiagonalCell::run: a start state of shape {:?}; it should be {shape:?}",
            start.shape()
        );
        let op =
            Run { packing: packing.clone(), moving: self.moving, perturbation, rng: rng.split() };
        let [gate_weight, gate_bias, candidate_weight, candidate_bias] = &self.weights();
        let inputs = [start, gate_weight, gate_bias, candidate_weight, candidate_bias];
        let all = Tensor::fused(op, inputs);
        let units = (shape[0] * shape[1]) as isize;
        (
            all.slice(0, 0..units).reshape(&shape),
            Saturation(all.slice(0, units..units + 1).reshape(&[])),
        )
    }
}

/// All steps. The output is one vector: the last states, then the saturation cost.
#[derive(Clone, Debug)]
pub(super) struct Run {
    pub(super) packing: Arc<Packing>,
    pub(super) moving: Moving,
    pub(super) perturbation: Perturbation,
    pub(super) rng: Rng,
}

/// What the gradient needs, of all steps after each other.
pub(super) struct Steps<F> {
    /// The state before each step.
    pub(super) states: Vec<Vec<F>>,
    /// Both gates.
    pub(super) gates: Vec<Vec<F>>,
    /// The candidate.
    pub(super) candidates: Vec<Vec<F>>,
}

impl<F: Float> Fused<F, 5> for Run {
    type Saved = Steps<F>;

    fn name(&self) -> &'static str {
        "diagonal_run"
    }

    fn reference(
        &self,
        [start, gate_weight, gate_bias, candidate_weight, candidate_bias]: [&Tensor<F>; 5],
    ) -> Tensor<F> {
        let maps = candidate_bias.len();
        let rows = self.packing.rows();
        let spec = Specification { run: self, rows, maps };
        let (mut rng, mut bytes) = (self.rng.clone(), StepBytes::default());

        // Rows behind the last running string get no bytes.
        self.perturbation.draw_start(self.packing.running_rows(0) * maps, &mut bytes, &mut rng);
        let mut state = spec.finish(start.clone(), &bytes, 0);
        let mut last = spec.select(start, |span| span.steps == 0);
        let mut saturation = Tensor::scalar(0.0);
        for step in 0..self.packing.steps() {
            self.perturbation.draw(self.packing.running_rows(step) * maps, &mut bytes, &mut rng);
            let x = spec.convolution(&state, gate_weight, gate_bias);
            let offsets = (0..2 * maps).map(|i| F::of(GATE_OFFSETS[i / maps])).collect();
            let x = x + Tensor::new(offsets, &[2 * maps]) + spec.noise(&bytes.gates, 2 * maps);
            saturation = saturation + spec.saturation(&x, step);
            let gates = (x * 0.5 + 0.5).clamp(0.0, 1.0).split(1, &[maps, maps]);
            let (reset, update) = (&gates[0], &gates[1]);

            let x = spec.convolution(&(reset * &state), candidate_weight, candidate_bias);
            let x = x + spec.noise(&bytes.candidate, maps);
            saturation = saturation + spec.saturation(&x, step);
            let candidate = x.clamp(-1.0, 1.0);

            let next = update * spec.shift(&state) + (1.0 - update) * candidate;
            let next = spec.finish(next, &bytes, step);
            last = last + spec.select(&next, |span| span.steps == step + 1);
            state = spec.select(&next, |span| span.steps > step + 1);
        }
        Tensor::concat(&[last.flatten(), saturation.reshape(&[1])], 0)
    }

    fn forward(&self, [start, weights @ ..]: [&Tensor<F>; 5]) -> (Tensor<F>, Steps<F>) {
        let rule = Rule::new(weights, self.moving, self.perturbation);
        let (packing, maps) = (&*self.packing, rule.maps);
        let (mut rng, mut bytes) = (self.rng.clone(), StepBytes::default());
        let steps = packing.steps();
        let units = |step| packing.running_rows(step) * maps;
        let mut saved = Steps {
            states: Vec::with_capacity(steps),
            gates: Vec::with_capacity(steps),
            candidates: Vec::with_capacity(steps),
        };

        // The strings without a step are at their end.
        let mut last = start.to_vec();
        self.perturbation.draw_start(units(0), &mut bytes, &mut rng);
        let mut state = start.data()[..units(0)].to_vec();
        for row in packing.running(0).iter().flat_map(|span| span.rows.clone()) {
            let units = row * maps..(row + 1) * maps;
            rule.finish.row(units.clone(), &bytes, &mut state[units]);
        }
        let mut reset_state = vec![F::zero(); state.len()];
        let mut saturation = F::zero();
        for step in 0..steps {
            self.perturbation.draw(units(step), &mut bytes, &mut rng);
            let mut gates = vec![F::zero(); 2 * units(step)];
            let mut candidate = vec![F::zero(); units(step)];
            let mut next = vec![F::zero(); units(step + 1)];
            let made = Made {
                gates: &mut gates,
                reset_state: &mut reset_state,
                candidate: &mut candidate,
                next: &mut next,
                last: &mut last,
            };
            saturation += rule.step(step, packing.running(step), &state, &bytes, made);
            saved.states.push(std::mem::replace(&mut state, next));
            saved.gates.push(gates);
            saved.candidates.push(candidate);
        }
        last.push(saturation);
        let shape = [last.len()];
        (Tensor::new(last, &shape), saved)
    }

    fn vjp(&self, c: &FusedCtx<'_, F, Steps<F>, 5>, g: Tensor<F>) -> [Option<Tensor<F>>; 5] {
        let weights = [c.x(1), c.x(2), c.x(3), c.x(4)];
        let rule = Rule::new(weights, self.moving, self.perturbation);
        let [start, gradients @ ..] = Backward::new(&rule, &self.packing).run(c.saved(), g.data());
        let weights = gradients.into_iter().zip(weights);
        let mut weights = weights.map(|(g, w)| Some(Tensor::new(g, w.shape())));
        let mut next = || weights.next().expect("four weights");
        [Some(Tensor::new(start, c.x(0).shape())), next(), next(), next(), next()]
    }
}

/// The parts of the specification.
struct Specification<'a> {
    run: &'a Run,
    rows: usize,
    maps: usize,
}

impl Specification<'_> {
    /// The rows of some strings; 0 elsewhere.
    fn select<F: Float>(
        &self,
        x: &Tensor<F>,
        wanted: impl Fn(&crate::packing::Span) -> bool,
    ) -> Tensor<F> {
        x * mask(self.run.packing.spans().iter().filter(|span| wanted(span)), self.rows)
    }

    /// Each row's neighbour: that of the row before (−1) or behind (1), 0 outside.
    fn neighbour<F: Float>(&self, x: &Tensor<F>, by: isize) -> Tensor<F> {
        let rows = self.rows as isize;
        match by {
            -1 => x.slice(0, 0..rows - 1).pad(&[(1, 0), (0, 0)], 0.0),
            1 => x.slice(0, 1..rows).pad(&[(0, 1), (0, 0)], 0.0),
            _ => x.clone(),
        }
    }

    fn convolution<F: Float>(
        &self,
        x: &Tensor<F>,
        weight: &Tensor<F>,
        bias: &Tensor<F>,
    ) -> Tensor<F> {
        let tap = |i: isize| self.neighbour(x, i - 1).matmul(&weight.index(0, i));
        tap(0) + tap(1) + tap(2) + bias
    }

    fn shift<F: Float>(&self, x: &Tensor<F>) -> Tensor<F> {
        let Moving { right, left } = self.run.moving;
        let parts = x.split(1, &[self.maps - right - left, right, left]);
        let moved = [parts[0].clone(), self.neighbour(&parts[1], -1), self.neighbour(&parts[2], 1)];
        Tensor::concat(&moved, 1)
    }

    fn noise<F: Float>(&self, bytes: &[u8], width: usize) -> Tensor<F> {
        let noise = ByteNoise::new(self.run.perturbation.pre_activation);
        self.all_rows(noise.tensor(bytes, &[bytes.len() / width, width]))
    }

    /// With rows of zeros below, up to all rows.
    fn all_rows<F: Float>(&self, x: Tensor<F>) -> Tensor<F> {
        let missing = self.rows - x.shape()[0];
        x.pad(&[(0, missing), (0, 0)], 0.0)
    }

    fn saturation<F: Float>(&self, x: &Tensor<F>, step: usize) -> Tensor<F> {
        let over = (x.abs() - SATURATED).relu();
        self.select(&over, |span| span.steps > step).sum(..)
    }

    /// Noise and rounding, through which gradients pass as they are.
    fn finish<F: Float>(&self, x: Tensor<F>, bytes: &StepBytes, step: usize) -> Tensor<F> {
        let x = self.run.perturbation.finished(x, bytes);
        self.select(&x, |span| span.steps > step)
    }
}

#[cfg(test)]
mod tests {
    use seedbed_autodiff::check_fused;

    use super::*;

    #[test]
    fn the_fast_path_is_the_specification() {
        let rng = &mut Rng::new(0);
        let maps = 6;
        let cell = DiagonalCell::<f64>::new(
            maps,
            Moving { right: 1, left: 2 },
            super::super::Reach::Both,
            rng,
        );
        let packing = Arc::new(Packing::new(&[[4, 6], [2, 6], [3, 2], [1, 0], [2, 1]]));
        let mut start = vec![0.0; packing.rows() * maps];
        for row in packing.cells() {
            start[row * maps..(row + 1) * maps].fill_with(|| rng.uniform() * 2.0 - 1.0);
        }
        let start = Tensor::new(start, &[packing.rows(), maps]);
        let bias = |n| Tensor::uniform(&[n], -1.0, 1.0, &mut Rng::new(7));
        let (gate_bias, candidate_bias) = (bias(2 * maps), bias(maps));
        let inputs =
            [&start, &cell.gate_weight, &gate_bias, &cell.candidate_weight, &candidate_bias];
        for [pre_activation, state, rounding] in
            [[0.0, 0.0, 0.0], [0.25, 0.1, 0.0], [0.25, 0.0, 0.6], [0.0, 0.1, 1.0], [0.0, 0.0, 1.0]]
        {
            let perturbation = Perturbation { pre_activation, state, rounding };
            let run = || Run {
                packing: packing.clone(),
                moving: cell.moving,
                perturbation,
                rng: Rng::new(9),
            };
            check_fused(run, inputs, 1e-11);
        }
    }
}
