//! The gates of recurrent cells: all that follows the matrix products of a time step, in one pass.

mod gru;
mod lstm;

pub use gru::{gru, gru_gradients};
pub use lstm::{lstm, lstm_gradients};

use super::rows::Lanes;
use crate::Float;

/// About what an element of the hidden state costs, in scalar operations: forward …
const WORK: usize = 100;
/// … and backward.
const GRADIENT_WORK: usize = 30;

/// σ′ in terms of σ.
#[inline(always)]
fn sigmoid_slope<F: Float, const FMA: bool>(y: Lanes<F, FMA>) -> Lanes<F, FMA> {
    y.map(|y| y * (1.0 - y))
}

/// tanh′ in terms of tanh.
#[inline(always)]
fn tanh_slope<F: Float, const FMA: bool>(y: Lanes<F, FMA>) -> Lanes<F, FMA> {
    y.map(|y| 1.0 - y * y)
}

/// Reads the `k`-th of equal parts of a row, from element `at` on.
#[inline(always)]
fn load<F: Float, const FMA: bool>(row: &[F], k: usize, hidden: usize, at: usize) -> Lanes<F, FMA> {
    Lanes::load(&row[k * hidden..][..hidden], at, F::zero())
}

/// Writes neighbouring parts of a row, from element `at` of each on.
#[inline(always)]
fn store<F: Float, const FMA: bool, const N: usize>(
    parts: [Lanes<F, FMA>; N],
    row: &mut [F],
    hidden: usize,
    at: usize,
) {
    for (k, x) in parts.into_iter().enumerate() {
        x.store(&mut row[k * hidden..][..hidden], at);
    }
}
