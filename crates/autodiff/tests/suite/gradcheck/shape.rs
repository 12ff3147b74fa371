//! Shapes, parts and joints.

use ndarray::Slice;
use seedbed_autodiff::Tensor;

use super::case::{Case, T, case};

pub(crate) fn cases() -> Vec<Case> {
    const BOX: &[&[usize]] = &[&[2, 3, 4]];
    vec![
        case("reshape", BOX, |x| x[0].reshape(&[4, 6])),
        case("reshape", &[&[0, 3]], |x| x[0].reshape(&[5, 0])),
        case("flatten", BOX, |x| x[0].flatten()).also(&[&[]]).also(&[&[2, 0]]),
        case("squeeze", &[&[1, 3, 1]], |x| x[0].squeeze(-1)).also(&[&[0, 2, 1]]),
        case("unsqueeze", BOX, |x| x[0].unsqueeze(1)).also(&[&[0]]),
        case("permute", BOX, |x| x[0].permute(&[2, 0, 1])).also(&[&[1, 3, 2]]).also(&[&[2, 0, 3]]),
        case("permute", BOX, |x| x[0].permute(&[0, -1, 1])),
        case("t", &[&[2, 3]], |x| x[0].t()).also(&[&[0, 3]]).also(&[&[1, 3]]),
        case("swap_axes", BOX, |x| x[0].swap_axes(0, -1)).also(&[&[1, 2, 1]]),
        case("slice", BOX, |x| x[0].slice(1, 1..)).also(&[&[2, 1, 2]]).also(&[&[0, 3, 1]]),
        case("slice", BOX, |x| x[0].slice(0, 1..2)),
        case("slice", &[&[2, 5]], |x| x[0].slice(1, Slice::from(..).step_by(2))).also(&[&[1, 1]]),
        case("slice", &[&[2, 5]], |x| x[0].slice(-1, Slice::from(1..).step_by(-2))),
        case("index", BOX, |x| x[0].index(1, -1)).also(&[&[2, 1, 2]]),
        case("split", BOX, |x| joined(&x[0].split(-1, &[1, 0, 3]))).also(&[&[0, 4]]),
        case("chunk", BOX, |x| joined(&x[0].chunk(-1, 2))).also(&[&[1, 2]]),
        case("tril", BOX, |x| x[0].tril(0)).also(&[&[3, 2]]).also(&[&[2, 0]]).also(&[&[0, 2]]),
        case("tril", &[&[3, 4]], |x| x[0].tril(-1)).also(&[&[2, 2, 2]]),
        case("triu", BOX, |x| x[0].triu(1)).also(&[&[4, 1]]).also(&[&[0, 3, 3]]),
        case("triu", &[&[3, 3]], |x| x[0].triu(-2)),
        case("flip", BOX, |x| x[0].flip([0, 2])).also(&[&[1, 0, 2]]),
        case("pad", &[&[2, 3]], |x| x[0].pad(&[(1, 0), (2, 3)], 0.5)).also(&[&[0, 1]]),
        case("concat", &[&[2, 3], &[2, 1]], |x| T::concat(x, 1))
            .also(&[&[2, 3], &[2, 3]])
            .also(&[&[2, 0], &[2, 3], &[2, 0]]),
        case("stack", &[&[2, 3], &[2, 3]], |x| Tensor::stack(x, -1)).also(&[&[0], &[0]]),
        case("roll", BOX, |x| x[0].roll(1, -4)).also(&[&[2, 1]]).also(&[&[2, 0]]),
    ]
}

/// The parts weighted differently.
fn joined(parts: &[T]) -> T {
    parts.iter().zip(1..).fold(T::scalar(0.0), |s, (x, i)| s + (x * f64::from(i)).sum(..))
}
