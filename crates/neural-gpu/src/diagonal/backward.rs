//! The gradient of all steps, as kernels.

use seedbed_autodiff::Float;
use seedbed_kernels::accumulate::add_assign;

use super::forward::{Rule, SATURATED, matrix, matrix_mut, neighbourhoods, product, unit_range};
use super::run::Steps;
use crate::packing::{Packing, Span};

/// The walk back through the steps, and what it gathers.
pub(super) struct Backward<'a, F> {
    rule: &'a Rule<F>,
    packing: &'a Packing,
    /// The kernels seen from a cell's output: `[3 · outputs, u]`.
    gate_back: Vec<F>,
    candidate_back: Vec<F>,
    /// The gradients of the weights, in the order of the op's inputs.
    gate_weight: Vec<F>,
    gate_bias: Vec<F>,
    candidate_weight: Vec<F>,
    candidate_bias: Vec<F>,
    /// Of the saturation cost.
    saturation: F,
    // Buffers of all rows. Those of which neighbourhoods are read are 0 in rows that are no cells.
    /// The gradient of the state after a step, then before it.
    state: Vec<F>,
    /// Of what the update gate held, at the cell where it was held.
    held: Vec<F>,
    /// Of the pre-activations of both gates.
    gates: Vec<F>,
    /// Of the candidate's pre-activations.
    candidate: Vec<F>,
    /// `r ⊙ s`, and its gradient.
    reset_state: Vec<F>,
    reset_state_gradient: Vec<F>,
}

impl<'a, F: Float> Backward<'a, F> {
    pub(super) fn new(rule: &'a Rule<F>, packing: &'a Packing) -> Self {
        let maps = rule.maps;
        let zeros = |n: usize| vec![F::zero(); n];
        let units = packing.rows() * maps;
        Self {
            rule,
            packing,
            gate_back: flipped(&rule.gate_weight, maps, 2 * maps),
            candidate_back: flipped(&rule.candidate_weight, maps, maps),
            gate_weight: zeros(rule.gate_weight.len()),
            gate_bias: zeros(2 * maps),
            candidate_weight: zeros(rule.candidate_weight.len()),
            candidate_bias: zeros(maps),
            saturation: F::zero(),
            state: zeros(units),
            held: zeros(units),
            gates: zeros(2 * units),
            candidate: zeros(units),
            reset_state: zeros(units),
            reset_state_gradient: zeros(units),
        }
    }

    /// The gradients of the start state and of the four weights, from that of the op's output.
    pub(super) fn run(mut self, steps: &Steps<F>, output: &[F]) -> [Vec<F>; 5] {
        let (&saturation, last) = output.split_last().expect("the saturation cost");
        self.saturation = saturation;
        let maps = self.rule.maps;
        let units = |span: &Span| span.rows.start * maps..span.rows.end * maps;
        for step in (0..self.packing.steps()).rev() {
            let running = self.packing.running(step);
            for ended in running.iter().rev().take_while(|span| span.steps == step + 1) {
                self.state[units(ended)].copy_from_slice(&last[units(ended)]);
            }
            self.step(running, &steps.states[step], &steps.gates[step], &steps.candidates[step]);
        }
        for still in self.packing.spans().iter().filter(|span| span.steps == 0) {
            self.state[units(still)].copy_from_slice(&last[units(still)]);
        }
        // The products wrote to rows that are no cells.
        let mut start = vec![F::zero(); self.state.len()];
        for span in self.packing.spans() {
            start[units(span)].copy_from_slice(&self.state[units(span)]);
        }
        let Self { gate_weight, gate_bias, candidate_weight, candidate_bias, .. } = self;
        [start, gate_weight, gate_bias, candidate_weight, candidate_bias]
    }

    fn step(&mut self, running: &[Span], state: &[F], gates: &[F], candidate: &[F]) {
        let maps = self.rule.maps;
        let rows = state.len() / maps;
        let inner = maps..(rows - 1) * maps;
        let cells = || running.iter().flat_map(|span| span.rows.clone());

        for row in cells() {
            self.through_update(row, state, gates, candidate);
        }
        product(
            neighbourhoods(&self.candidate, maps, 1, rows - 2),
            matrix(&self.candidate_back, maps),
            F::zero(),
            matrix_mut(&mut self.reset_state_gradient[inner.clone()], maps),
        );
        for row in cells() {
            self.through_reset(row, state, gates);
        }
        product(
            neighbourhoods(&self.gates, 2 * maps, 1, rows - 2),
            matrix(&self.gate_back, maps),
            F::one(),
            matrix_mut(&mut self.state[inner.clone()], maps),
        );
        product(
            neighbourhoods(&self.reset_state, maps, 1, rows - 2).reversed_axes(),
            matrix(&self.candidate[inner.clone()], maps),
            F::one(),
            matrix_mut(&mut self.candidate_weight, maps),
        );
        product(
            neighbourhoods(state, maps, 1, rows - 2).reversed_axes(),
            matrix(&self.gates[2 * inner.start..2 * inner.end], 2 * maps),
            F::one(),
            matrix_mut(&mut self.gate_weight, 2 * maps),
        );
    }

    /// From the next state to what was held, to the update gate and to the candidate.
    fn through_update(&mut self, row: usize, state: &[F], gates: &[F], candidate: &[F]) {
        let maps = self.rule.maps;
        let units = unit_range(row, maps);
        let gate_units = unit_range(row, 2 * maps);
        let next = &self.state[units.clone()];
        let (held, update_x) =
            (&mut self.held[units.clone()], &mut self.gates[gate_units.clone()][maps..]);
        let candidate_x = &mut self.candidate[units.clone()];
        let (update, candidate) = (&gates[gate_units][maps..], &candidate[units]);

        // For now what was held, s shifted.
        super::forward::shift(state, row, maps, self.rule.moving, held);
        let inputs = next.iter().zip(update).zip(candidate);
        let outputs = held.iter_mut().zip(update_x).zip(candidate_x);
        for (((&d, &g), &c), ((held, update_x), candidate_x)) in inputs.zip(outputs) {
            *update_x = gate_gradient(g, d * (*held - c)) + gate_saturation(g, self.saturation);
            *candidate_x = candidate_gradient(c, d * (F::one() - g), self.saturation);
            *held = d * g;
        }
        add_assign(&mut self.gate_bias[maps..], &self.gates[unit_range(row, 2 * maps)][maps..]);
        add_assign(&mut self.candidate_bias, &self.candidate[unit_range(row, maps)]);
    }

    /// From `r ⊙ s` to the reset gate and to the state, which also gets what was held.
    fn through_reset(&mut self, row: usize, state: &[F], gates: &[F]) {
        let maps = self.rule.maps;
        let units = unit_range(row, maps);
        let gate_units = unit_range(row, 2 * maps);
        let (reset, state) = (&gates[gate_units.clone()][..maps], &state[units.clone()]);
        let before = &mut self.state[units.clone()];
        shift_back(&self.held, row, maps, self.rule.moving, before);
        let inputs = reset.iter().zip(state).zip(&self.reset_state_gradient[units.clone()]);
        let outputs = before.iter_mut().zip(&mut self.gates[gate_units.clone()][..maps]);
        let outputs = outputs.zip(&mut self.reset_state[units]);
        for (((&r, &s), &d), ((before, reset_x), reset_state)) in inputs.zip(outputs) {
            *reset_x = gate_gradient(r, d * s) + gate_saturation(r, self.saturation);
            *before += d * r;
            *reset_state = r * s;
        }
        add_assign(&mut self.gate_bias[..maps], &self.gates[gate_units][..maps]);
    }
}

/// Through hσ, whose value is `gate`.
#[inline(always)]
fn gate_gradient<F: Float>(gate: F, d: F) -> F {
    let slope = if gate > F::zero() && gate < F::one() { F::of(0.5) } else { F::zero() };
    slope * d
}

/// Of the saturation cost with respect to the pre-activation of a gate with this value.
#[inline(always)]
fn gate_saturation<F: Float>(gate: F, weight: F) -> F {
    // |x| > 0.9 where hσ(x) is outside of 0.05 to 0.95.
    let edge = F::of(0.5 * SATURATED);
    let centred = gate - F::of(0.5);
    let up = if centred > edge { weight } else { F::zero() };
    let down = if centred < -edge { weight } else { F::zero() };
    up - down
}

/// Through hτ, whose value is `candidate`, and of the saturation cost.
#[inline(always)]
fn candidate_gradient<F: Float>(candidate: F, d: F, weight: F) -> F {
    let inside = candidate > -F::one() && candidate < F::one();
    let through = if inside { d } else { F::zero() };
    let edge = F::of(SATURATED);
    let up = if candidate > edge { weight } else { F::zero() };
    let down = if candidate < -edge { weight } else { F::zero() };
    through + (up - down)
}

/// A kernel `[3, inputs, outputs]` as one from outputs to inputs, `[3, outputs, inputs]`: the output of the left neighbour has seen
/// a cell as its right one.
fn flipped<F: Float>(kernel: &[F], inputs: usize, outputs: usize) -> Vec<F> {
    let taps = kernel.chunks_exact(inputs * outputs).rev();
    let at = |tap: &[F], o: usize, i: usize| tap[i * outputs + o];
    taps.flat_map(|tap| (0..outputs).flat_map(move |o| (0..inputs).map(move |i| at(tap, o, i))))
        .collect()
}

/// The transpose of `shift`: what was held elsewhere comes back to the cell it came from.
fn shift_back<F: Float>(held: &[F], row: usize, maps: usize, moving: super::Moving, out: &mut [F]) {
    let stay = maps - moving.right - moving.left;
    let to_left = maps - moving.left;
    let at = |row: usize, channels: std::ops::Range<usize>| {
        &held[row * maps + channels.start..row * maps + channels.end]
    };
    out[..stay].copy_from_slice(at(row, 0..stay));
    out[stay..to_left].copy_from_slice(at(row + 1, stay..to_left));
    out[to_left..].copy_from_slice(at(row - 1, to_left..maps));
}
