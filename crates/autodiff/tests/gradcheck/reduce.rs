//! Reductions, broadcasts, softmax.

use crate::case::{Case, case};

pub fn cases() -> Vec<Case> {
    const BOX: &[&[usize]] = &[&[2, 3, 2]];
    vec![
        case("sum", BOX, |x| x[0].sum(1)).also(&[&[2, 0, 2]]).also(&[&[2, 1, 1]]),
        case("sum", BOX, |x| x[0].sum(..)).also(&[&[]]).also(&[&[0, 1, 2]]),
        case("sum_keep", BOX, |x| x[0].sum_keep([0, -1])).also(&[&[1, 3, 0]]),
        case("mean", BOX, |x| x[0].mean([0, 1])).also(&[&[1, 1, 2]]),
        case("mean_keep", BOX, |x| x[0].mean_keep(-1)).also(&[&[0, 3, 2]]),
        case("sum_to", BOX, |x| x[0].sum_to(&[3, 1])).also(&[&[0, 3, 1]]),
        case("sum_to", BOX, |x| x[0].sum_to(&[2, 1, 2])),
        case("broadcast_to", &[&[3, 1]], |x| x[0].broadcast_to(&[2, 3, 2])).also(&[&[1]]),
        case("broadcast_to", &[&[]], |x| x[0].broadcast_to(&[0, 2])),
        case("softmax", BOX, |x| x[0].softmax(-1)).also(&[&[2, 0]]).also(&[&[3, 1]]),
        case("softmax", BOX, |x| x[0].softmax(1)).also(&[&[2, 1, 3]]).also(&[&[0, 2, 2]]),
        case("log_softmax", BOX, |x| x[0].log_softmax(2)).also(&[&[1, 2, 0]]).also(&[&[3, 1, 1]]),
        case("log_softmax", BOX, |x| x[0].log_softmax(0)),
    ]
}
