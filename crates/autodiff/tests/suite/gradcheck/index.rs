//! Positions.

use ndarray::IxDyn;
use seedbed_autodiff::{Indices, Tensor};

use super::case::{Case, T, case};

pub(crate) fn cases() -> Vec<Case> {
    vec![
        case("gather", &[&[2, 3]], |x| x[0].gather(1, &at(&[2, 2], &[2, 0, 1, 1]))),
        case("gather", &[&[3, 2]], |x| x[0].gather(0, &at(&[2, 2], &[2, 0, 2, 1]))),
        case("gather", &[&[2, 3]], |x| x[0].gather(1, &at(&[2, 0], &[]))).also(&[&[2, 1]]),
        case("scatter_add", &[&[3], &[4]], |x| x[0].scatter_add(0, &at(&[4], &[2, 0, 2, 2]), &x[1])),
        case("scatter_add", &[&[2, 2], &[2, 2]], |x| {
            x[0].scatter_add(1, &at(&[2, 2], &[1, 1, 0, 1]), &x[1])
        }),
        case("index_select", &[&[3, 2]], |x| x[0].index_select(0, &[2, 0, 2])),
        case("index_select", &[&[2, 3, 2]], |x| x[0].index_select(1, &[1])).also(&[&[0, 2, 2]]),
        case("index_select", &[&[2, 1]], |x| x[0].index_select(-1, &[])),
        case("index_add", &[&[3, 2], &[2, 2]], |x| x[0].index_add(0, &[1, 1], &x[1])),
        case("index_add", &[&[2, 2], &[2, 2]], |x| x[0].index_add(1, &[1, 0], &x[1])),
    ]
}

fn at(shape: &[usize], positions: &[usize]) -> Indices {
    Indices::from_shape_vec(IxDyn(shape), positions.to_vec()).expect("the test's own shape")
}

#[test]
fn one_hot_has_no_gradient_but_a_value() {
    let (op, y): (_, T) = ("one_hot", Tensor::one_hot(&[2, 0], 3));
    assert_eq!(y.shape(), &[2, 3], "{op}");
    assert_eq!(y.to_vec(), [0.0, 0.0, 1.0, 1.0, 0.0, 0.0]);
}
