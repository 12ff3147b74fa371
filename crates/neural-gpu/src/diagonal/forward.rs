//! One step, as kernels: what training and inference share, so that they have the same bits.

use std::ops::Range;

use ndarray::{ArrayView2, ArrayViewMut2, ShapeBuilder as _};
use seedbed_autodiff::{Float, Tensor};

use super::Moving;
use crate::packing::Span;
use crate::perturbation::{ByteNoise, Finish, Perturbation, StepBytes};

/// Added to the biases of the reset and of the update gate.
pub(super) const GATE_OFFSETS: [f64; 2] = [0.5, 0.7];

/// Where the saturation cost of a pre-activation begins.
pub(super) const SATURATED: f64 = 0.9;

/// The rows `first` to below `first + rows` of a buffer with their two neighbours, `[rows, 3 · width]`; consecutive ones overlap.
pub(super) fn neighbourhoods<F>(
    buffer: &[F],
    width: usize,
    first: usize,
    rows: usize,
) -> ArrayView2<'_, F> {
    if rows == 0 {
        // Strings without a cell: views that overlap are not made of nothing.
        return ArrayView2::from_shape((0, 3 * width), &[]).expect("no numbers");
    }
    let lent = &buffer[(first - 1) * width..(first + rows + 1) * width];
    ArrayView2::from_shape((rows, 3 * width).strides((width, 1)), lent).expect("rows of the buffer")
}

pub(super) fn matrix<F>(data: &[F], columns: usize) -> ArrayView2<'_, F> {
    ArrayView2::from_shape((data.len() / columns, columns), data).expect("whole rows")
}

pub(super) fn matrix_mut<F>(data: &mut [F], columns: usize) -> ArrayViewMut2<'_, F> {
    ArrayViewMut2::from_shape((data.len() / columns, columns), data).expect("whole rows")
}

/// `out ← a b + beta out`.
pub(super) fn product<F: Float>(
    a: ArrayView2<'_, F>,
    b: ArrayView2<'_, F>,
    beta: F,
    mut out: ArrayViewMut2<'_, F>,
) {
    ndarray::linalg::general_mat_mul(F::one(), &a, &b, beta, &mut out);
}

/// The rule of a step, ready for use.
pub(super) struct Rule<F> {
    pub(super) maps: usize,
    pub(super) moving: Moving,
    pub(super) gate_weight: Vec<F>,
    pub(super) candidate_weight: Vec<F>,
    gate_bias: Vec<F>,
    candidate_bias: Vec<F>,
    pre_activation_noise: ByteNoise<F>,
    pub(super) finish: Finish<F>,
}

impl<F: Float> Rule<F> {
    /// Of weights in the order of [`DiagonalCell`](super::DiagonalCell).
    pub(super) fn new(
        weights: [&Tensor<F>; 4],
        moving: Moving,
        perturbation: Perturbation,
    ) -> Self {
        let [gate_weight, gate_bias, candidate_weight, candidate_bias] = weights;
        let maps = candidate_bias.len();
        let offset = |i: usize| F::of(GATE_OFFSETS[i / maps]);
        let gate_bias = gate_bias.data().iter().enumerate();
        Self {
            maps,
            moving,
            gate_weight: gate_weight.to_vec(),
            candidate_weight: candidate_weight.to_vec(),
            gate_bias: gate_bias.map(|(i, &b)| b + offset(i)).collect(),
            candidate_bias: candidate_bias.to_vec(),
            pre_activation_noise: ByteNoise::new(perturbation.pre_activation),
            finish: Finish::new(perturbation),
        }
    }

    /// Step number `step` on the strings `running`, which lie in the first rows of `state`.
    ///
    /// Returns the saturation cost.
    pub(super) fn step(
        &self,
        step: usize,
        running: &[Span],
        state: &[F],
        bytes: &StepBytes,
        made: Made<'_, F>,
    ) -> F {
        let Made { gates, reset_state, candidate, next, last } = made;
        let maps = self.maps;
        let rows = candidate.len() / maps;
        let inner = maps..(rows - 1) * maps;
        let mut saturation = F::zero();

        product(
            neighbourhoods(state, maps, 1, rows - 2),
            matrix(&self.gate_weight, 2 * maps),
            F::zero(),
            matrix_mut(&mut gates[2 * inner.start..2 * inner.end], 2 * maps),
        );
        for row in running.iter().flat_map(|span| span.rows.clone()) {
            let (units, gates) = (unit_range(row, maps), &mut gates[unit_range(row, 2 * maps)]);
            saturation += self.gates(row, bytes, gates);
            let reset = reset_state[units.clone()].iter_mut().zip(&state[units]).zip(&*gates);
            reset.for_each(|((out, &s), &r)| *out = r * s);
        }

        product(
            neighbourhoods(reset_state, maps, 1, rows - 2),
            matrix(&self.candidate_weight, maps),
            F::zero(),
            matrix_mut(&mut candidate[inner], maps),
        );
        for span in running {
            let next = if span.steps == step + 1 { &mut *last } else { &mut *next };
            for row in span.rows.clone() {
                let units = unit_range(row, maps);
                let (candidate, next) = (&mut candidate[units.clone()], &mut next[units.clone()]);
                saturation += self.candidate(row, bytes, candidate);
                let update = &gates[unit_range(row, 2 * maps)][maps..];
                shift(state, row, maps, self.moving, next);
                self.finish_cell(candidate, update, row, bytes, next);
            }
        }
        saturation
    }

    /// What was held, in `next`, becomes the next state.
    #[inline(always)]
    pub(super) fn finish_cell(
        &self,
        candidate: &[F],
        update: &[F],
        row: usize,
        bytes: &StepBytes,
        next: &mut [F],
    ) {
        for ((next, &c), &g) in next.iter_mut().zip(candidate).zip(update) {
            *next = g * *next + (F::one() - g) * c;
        }
        self.finish.row(unit_range(row, self.maps), bytes, next);
    }

    /// Pre-activations without bias become gates.
    pub(super) fn gates(&self, row: usize, bytes: &StepBytes, x: &mut [F]) -> F {
        self.biased(row, &bytes.gates, &self.gate_bias, x);
        let saturation = excess(x);
        let half = F::of(0.5);
        x.iter_mut().for_each(|x| *x = clamp(half * *x + half, F::zero(), F::one()));
        saturation
    }

    /// Pre-activations without bias become the candidate.
    pub(super) fn candidate(&self, row: usize, bytes: &StepBytes, x: &mut [F]) -> F {
        self.biased(row, &bytes.candidate, &self.candidate_bias, x);
        let saturation = excess(x);
        x.iter_mut().for_each(|x| *x = clamp(*x, -F::one(), F::one()));
        saturation
    }

    fn biased(&self, row: usize, bytes: &[u8], bias: &[F], x: &mut [F]) {
        x.iter_mut().zip(bias).for_each(|(x, &b)| *x += b);
        if !bytes.is_empty() {
            let bytes = &bytes[unit_range(row, bias.len())];
            let noise = self.pre_activation_noise;
            x.iter_mut().zip(bytes).for_each(|(x, &byte)| *x += noise.at(byte));
        }
    }
}

/// The buffers that a step writes, the rows of cells of each.
pub(super) struct Made<'a, F> {
    /// Both gates beside each other.
    pub(super) gates: &'a mut [F],
    /// `r ⊙ s`. Rows that are no cells have to be 0.
    pub(super) reset_state: &'a mut [F],
    /// The candidate.
    pub(super) candidate: &'a mut [F],
    /// The next state of strings that run on.
    pub(super) next: &'a mut [F],
    /// The next state of strings for which this is the last step.
    pub(super) last: &'a mut [F],
}

/// The units of a row.
#[inline(always)]
pub(super) fn unit_range(row: usize, width: usize) -> Range<usize> {
    row * width..(row + 1) * width
}

#[inline(always)]
pub(super) fn clamp<F: Float>(x: F, low: F, high: F) -> F {
    let x = if x < low { low } else { x };
    if x > high { high } else { x }
}

/// Σ max(|x| − 0.9, 0).
fn excess<F: Float>(x: &[F]) -> F {
    let from = F::of(SATURATED);
    // Several sums, so that the loop is not one chain of additions.
    let mut sums = [F::zero(); 8];
    for x in x.chunks(8) {
        for (sum, &x) in sums.iter_mut().zip(x) {
            let over = x.abs() - from;
            *sum += if over > F::zero() { over } else { F::zero() };
        }
    }
    sums.into_iter().sum()
}

/// `shift(s)` of a row.
#[inline(always)]
pub(super) fn shift<F: Float>(state: &[F], row: usize, maps: usize, moving: Moving, out: &mut [F]) {
    let stay = maps - moving.right - moving.left;
    let to_left = maps - moving.left;
    let at = |row: usize, channels: Range<usize>| {
        &state[row * maps + channels.start..row * maps + channels.end]
    };
    out[..stay].copy_from_slice(at(row, 0..stay));
    out[stay..to_left].copy_from_slice(at(row - 1, stay..to_left));
    out[to_left..].copy_from_slice(at(row + 1, to_left..maps));
}
