//! Orders, extremes and where they stand.

use seedbed_autodiff::Tensor;

use super::case::{Case, T, case};

/// Differences must not change an order.
const APART: f64 = 0.02;

pub(crate) fn cases() -> Vec<Case> {
    const BOX: &[&[usize]] = &[&[2, 3, 2]];
    let case = |op, shapes, f: fn(&[T]) -> T| case(op, shapes, f).apart(APART);
    vec![
        case("max", BOX, |x| x[0].max(1)).also(&[&[2, 1, 2]]).also(&[&[0, 3, 1]]),
        case("max", BOX, |x| x[0].max([0, 2])),
        case("max_keepdim", BOX, |x| x[0].max_keepdim(..)).also(&[&[]]),
        case("min", BOX, |x| x[0].min(-1)).also(&[&[3, 1]]),
        case("min_keepdim", BOX, |x| x[0].min_keepdim([0, 1])),
        case("sort", BOX, |x| x[0].sort(1).0).also(&[&[2, 1]]).also(&[&[2, 0]]),
        case("sort", BOX, |x| x[0].sort(-1).0),
        case("topk", BOX, |x| x[0].topk(1, 2).0).also(&[&[1, 2, 0]]),
        case("topk", &[&[2, 3]], |x| x[0].topk(0, 0).0),
    ]
}

#[test]
fn positions_have_no_gradient_but_values() {
    let x = T::new(vec![2.0, f64::NAN, 7.0, 7.0, 1.0, 1.0], &[2, 3]);
    for (op, at, expected) in [
        ("argmax", x.argmax(1), vec![1, 0]),
        ("argmin", x.argmin(1), vec![1, 1]),
        ("argmax", x.argmax(0), vec![1, 0, 0]),
        ("argmin", x.argmin(0), vec![0, 0, 1]),
        ("argsort", x.argsort(1), vec![0, 2, 1, 1, 2, 0]),
    ] {
        assert_eq!(at.iter().copied().collect::<Vec<_>>(), expected, "{op}");
    }
    assert_eq!(x.topk(1, 2).1.iter().copied().collect::<Vec<_>>(), [1, 2, 0, 1]);
    assert!(x.max(1).to_vec()[0].is_nan() && x.min(..).item().is_nan());
    assert_eq!(Tensor::<f32>::zeros(&[0, 2]).argsort(0).shape(), &[0, 2]);
}
