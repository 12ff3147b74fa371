//! One step of the unit on several strings, as one fused op.

use std::sync::Arc;

use seedbed_autodiff::{Float, Fused, FusedCtx, Tensor};
use seedbed_kernels::accumulate::add_assign;
use seedbed_kernels::gemm::{self, Mat, Store};
use seedbed_kernels::pointwise;
use seedbed_kernels::simd::Lane;

use crate::packing::{Packing, mask};
use crate::perturbation::{ByteNoise, Finish, Perturbation, StepBytes};

/// Added to the biases of both gates.
const GATE_OFFSET: f64 = 1.0;

/// What gates go beyond 0 and 1 before they are cut off.
const BEYOND: f64 = 0.1;

pointwise! {
    /// cut(x) = clamp(1.2 σ(x) − 0.1, 0, 1).
    Cut {} work 12, |x| [((1.0 + 2.0 * BEYOND) * x.sigmoid() - BEYOND).clamp(0.0, 1.0)];
    Tanh {} work 12, |x| [x.tanh()];
    /// The gradients of the pre-activations of update gate and candidate, and what the state gets by itself, where the gradient of the next state is d.
    UpdateSlopes {} work 12, |d, s, g, c| [
        d * (s - c) * cut_slope(g),
        d * (1.0 - g) * (1.0 - c * c),
        d * g,
    ];
    /// The gradients of the pre-activation of the reset gate and of the state, where that of r ⊙ s is d.
    ResetSlopes {} work 8, |d, s, r| [d * s * cut_slope(r), d * r];
}

/// The slope of `cut` where its value is `y`: 1.2 σ (1 − σ), with σ = (y + 0.1) / 1.2.
#[inline(always)]
fn cut_slope<F: Float, const FMA: bool>(y: Lane<F, FMA>) -> Lane<F, FMA> {
    let slope = (y + BEYOND) * (1.0 + BEYOND - y) * (1.0 / (1.0 + 2.0 * BEYOND));
    (y.gt(0.0) & y.lt(1.0)).select(slope, 0.0)
}

/// Step number `step`, of the strings of a packing that still run; inputs are the state `[rows, n]`, which is 0 where there is no cell, the banded kernel
/// `[3 n, 2 n]` and the bias `[2 n]` of both gates, and those of the candidate, `[3 n, n]` and `[n]`.
#[derive(Debug)]
pub(super) struct Step {
    pub(super) packing: Arc<Packing>,
    pub(super) step: usize,
    pub(super) perturbation: Perturbation,
    pub(super) bytes: StepBytes,
}

/// What the gradient needs, of all rows but the first and the last: the gates r and g beside each other, and the candidate.
pub(super) struct Made<F> {
    gates: Vec<F>,
    candidate: Vec<F>,
}

impl Step {
    /// The rows of cells.
    fn cells(&self) -> impl Iterator<Item = usize> {
        self.packing.running(self.step).iter().flat_map(|span| span.rows.clone())
    }

    /// 1 in the rows of cells, 0 elsewhere.
    fn mask<F: Float>(&self, rows: usize) -> Tensor<F> {
        mask(self.packing.running(self.step), rows)
    }
}

impl<F: Float> Fused<F, 5> for Step {
    type Saved = Made<F>;

    fn name(&self) -> &'static str {
        "cgru_step"
    }

    fn reference(
        &self,
        [state, gate_band, gate_bias, candidate_band, candidate_bias]: [&Tensor<F>; 5],
    ) -> Tensor<F> {
        let &[rows, n] = state.shape() else { panic!("a state of rows") };
        let mask = self.mask(rows);
        let state = &(state * &mask);
        let noise = ByteNoise::new(self.perturbation.pre_activation);
        let noise = |bytes: &[u8], width: usize| match bytes.is_empty() {
            true => Tensor::scalar(0.0),
            false => noise.tensor(bytes, &[rows, width]),
        };
        let convolution = |x: &Tensor<F>, band: &Tensor<F>| {
            let padded = x.pad(&[(1, 1), (0, 0)], 0.0);
            let seen = [0, 1, 2].map(|t| padded.slice(0, t..t + rows as isize));
            Tensor::concat(&seen, 1).matmul(band)
        };
        let x = convolution(state, gate_band) + gate_bias + GATE_OFFSET;
        let x = x + noise(&self.bytes.gates, 2 * n);
        let gates = (x.sigmoid() * (1.0 + 2.0 * BEYOND) - BEYOND).clamp(0.0, 1.0).split(1, &[n, n]);
        let (reset, update) = (&gates[0], &gates[1]);
        let x = convolution(&(reset * state), candidate_band) + candidate_bias;
        let candidate = (x + noise(&self.bytes.candidate, n)).tanh();
        let next = update * state + (1.0 - update) * candidate;
        self.perturbation.finished(next, &self.bytes) * mask
    }

    fn forward(
        &self,
        [state, gate_band, gate_bias, candidate_band, candidate_bias]: [&Tensor<F>; 5],
    ) -> (Tensor<F>, Made<F>) {
        let &[rows, n] = state.shape() else { panic!("a state of rows") };
        let Some(inner) = rows.checked_sub(2) else {
            return (state.clone(), Made { gates: Vec::new(), candidate: Vec::new() });
        };
        let s = state.data();
        let noise = ByteNoise::new(self.perturbation.pre_activation);
        let biased =
            |bias: &[F], offset: f64, bytes: &[u8], row: usize, col: usize, part: &mut [F]| {
                let offset = F::of(offset);
                part.iter_mut().zip(&bias[col..]).for_each(|(x, &b)| *x += b + offset);
                if !bytes.is_empty() {
                    // The first inner row is row 1.
                    let bytes = &bytes[(row + 1) * bias.len() + col..];
                    part.iter_mut().zip(bytes).for_each(|(x, &byte)| *x += noise.at(byte));
                }
            };

        let (seen, band) = (Mat::new(s, n), Mat::new(gate_band.data(), 2 * n));
        let mut gates = gemm::product_then([inner, 2 * n, 3 * n], seen, band, |row, col, part| {
            biased(gate_bias.data(), GATE_OFFSET, &self.bytes.gates, row, col, part);
        });
        pointwise::map_in_place(Cut {}, &mut gates, []);

        let reset_state = reset_state(s, &gates, n);
        let (seen, band) = (Mat::new(&reset_state, n), Mat::new(candidate_band.data(), n));
        let mut candidate = gemm::product_then([inner, n, 3 * n], seen, band, |row, col, part| {
            biased(candidate_bias.data(), 0.0, &self.bytes.candidate, row, col, part);
        });
        pointwise::map_in_place(Tanh {}, &mut candidate, []);

        let finish = Finish::new(self.perturbation);
        let mut next = vec![F::zero(); rows * n];
        for row in self.cells() {
            let (units, of_cell) = (row * n..(row + 1) * n, (row - 1) * n..row * n);
            let update = &gates[2 * of_cell.start + n..2 * of_cell.end];
            let next = &mut next[units.clone()];
            let held = s[units.clone()].iter().zip(update).zip(&candidate[of_cell]);
            for (next, ((&s, &g), &c)) in next.iter_mut().zip(held) {
                *next = g * s + (F::one() - g) * c;
            }
            finish.row(units, &self.bytes, next);
        }
        (Tensor::new(next, &[rows, n]), Made { gates, candidate })
    }

    fn vjp(&self, c: &FusedCtx<'_, F, Made<F>, 5>, g: Tensor<F>) -> [Option<Tensor<F>>; 5] {
        let state = c.x(0);
        let &[rows, n] = state.shape() else { panic!("a state of rows") };
        let mut parts = [0, 1, 2, 3, 4].map(|i| c.gradient(i));
        let Some(inner) = rows.checked_sub(2) else {
            return parts.map(Some);
        };
        let (s, Made { gates, candidate }) = (state.data(), c.saved());
        let [d_state, d_gate_band, d_gate_bias, d_candidate_band, d_candidate_bias] =
            parts.each_mut().map(Tensor::data_mut);

        // The rows that are no cells stay 0: products read them as neighbours.
        let zeros = |width: usize| vec![F::zero(); rows * width];
        let (mut d_gates, mut d_candidate) = (zeros(2 * n), zeros(n));
        let mut held = vec![F::zero(); n];
        for row in self.cells() {
            let (units, of_cell) = (row * n..(row + 1) * n, (row - 1) * n..row * n);
            let out = [
                &mut d_gates[2 * units.start + n..2 * units.end],
                &mut d_candidate[units.clone()],
                &mut held[..],
            ];
            let update = &gates[2 * of_cell.start + n..2 * of_cell.end];
            let x = [&g.data()[units.clone()], &s[units.clone()], update, &candidate[of_cell]];
            pointwise::map_into(UpdateSlopes {}, out, x);
            add_assign(&mut d_state[units], &held);
        }
        let d_reset_state = back([inner, n, n], &d_candidate, c.x(3).data());
        for row in self.cells() {
            let (units, of_cell) = (row * n..(row + 1) * n, (row - 1) * n..row * n);
            let reset = &gates[2 * of_cell.start..2 * of_cell.end - n];
            let out = [&mut d_gates[2 * units.start..2 * units.end - n], &mut held[..]];
            let x = [&d_reset_state[of_cell], &s[units.clone()], reset];
            pointwise::map_into(ResetSlopes {}, out, x);
            add_assign(&mut d_state[units], &held);
        }
        let from_gates = back([inner, 2 * n, n], &d_gates, c.x(1).data());
        // What reaches rows that are no cells is nobody's.
        for row in self.cells() {
            add_assign(&mut d_state[row * n..(row + 1) * n], &from_gates[(row - 1) * n..row * n]);
        }

        let reset_state = reset_state(s, gates, n);
        let weigh = |seen: &[F], d: &[F], width: usize, band: &mut [F], bias: &mut [F]| {
            let d = &d[width..(rows - 1) * width];
            let dims = [3 * n, width, inner];
            gemm::gemm(dims, Mat::new(seen, n).t(), Mat::new(d, width), band, Store::Add);
            for row in d.chunks_exact(width) {
                add_assign(bias, row);
            }
        };
        weigh(s, &d_gates, 2 * n, d_gate_band, d_gate_bias);
        weigh(&reset_state, &d_candidate, n, d_candidate_band, d_candidate_bias);
        parts.map(Some)
    }
}

/// r ⊙ s of all rows; the first and the last are 0.
fn reset_state<F: Float>(state: &[F], gates: &[F], n: usize) -> Vec<F> {
    let mut out = vec![F::zero(); state.len()];
    let rows = out.chunks_exact_mut(n).zip(state.chunks_exact(n)).skip(1);
    for ((out, state), gates) in rows.zip(gates.chunks_exact(2 * n)) {
        out.iter_mut().zip(state).zip(gates).for_each(|((out, &s), &r)| *out = r * s);
    }
    out
}

/// The gradient of what a convolution saw, of all rows but the first and the last, from that of its output, which is 0 in rows that are no cells: tap t of the row behind
/// by 1 − t saw a row.
fn back<F: Float>([inner, width, n]: [usize; 3], d: &[F], band: &[F]) -> Vec<F> {
    let mut out = vec![F::zero(); inner * n];
    for t in 0..3 {
        let d = Mat::new(&d[(2 - t) * width..], width);
        let tap = Mat::new(&band[t * n * width..(t + 1) * n * width], width).t();
        gemm::gemm([inner, n, width], d, tap, &mut out, Store::Add);
    }
    out
}

#[cfg(test)]
mod tests {
    use seedbed_autodiff::{Rng, check_fused};

    use super::*;

    #[test]
    fn the_fast_path_is_the_specification() {
        let rng = &mut Rng::new(0);
        let n = 6;
        let packing = Arc::new(Packing::new(&[[4, 6], [2, 6], [3, 2], [1, 0], [2, 1]]));
        let normal = |shape: &[usize], rng: &mut Rng| Tensor::<f64>::normal(shape, 0.0, 0.7, rng);
        for (step, [pre_activation, state, rounding]) in
            [[0.0, 0.0, 0.0], [0.25, 0.1, 0.0], [0.25, 0.0, 0.6], [0.0, 0.1, 1.0]]
                .into_iter()
                .enumerate()
        {
            let rows = packing.running_rows(step);
            let perturbation = Perturbation { pre_activation, state, rounding };
            let op = || {
                let mut bytes = StepBytes::default();
                perturbation.draw(rows * n, &mut bytes, &mut Rng::new(3));
                Step { packing: packing.clone(), step, perturbation, bytes }
            };
            // Gates are shut, open and between.
            let state = normal(&[rows, n], rng) * op().mask(rows);
            let inputs = [
                state,
                normal(&[3 * n, 2 * n], rng) * 2.0,
                normal(&[2 * n], rng),
                normal(&[3 * n, n], rng),
                normal(&[n], rng),
            ];
            check_fused(op, inputs.each_ref(), 1e-11);
        }
    }
}
