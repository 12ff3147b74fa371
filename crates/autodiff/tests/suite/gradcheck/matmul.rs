//! Matrix products.

use super::case::{Case, T, case};

pub(crate) fn cases() -> Vec<Case> {
    vec![
        case("matmul", &[&[2, 3], &[3, 4]], |x| x[0].matmul(&x[1]))
            .also(&[&[2, 2], &[2, 2]])
            .also(&[&[1, 1], &[1, 1]])
            .also(&[&[0, 3], &[3, 2]])
            .also(&[&[2, 0], &[0, 3]])
            .also(&[&[2, 3], &[3, 0]]),
        // Vectors, and batches that broadcast in all ways.
        case("matmul", &[&[3], &[3]], |x| x[0].matmul(&x[1]))
            .also(&[&[3], &[3, 2]])
            .also(&[&[2, 3], &[3]])
            .also(&[&[3], &[2, 3, 2]])
            .also(&[&[2, 2, 3], &[3]])
            .also(&[&[2, 2, 3], &[3, 2]])
            .also(&[&[2, 3], &[2, 3, 2]])
            .also(&[&[2, 1, 2, 3], &[3, 3, 1]])
            .also(&[&[2, 2, 2], &[2, 2, 2]])
            .also(&[&[0, 2, 3], &[3, 2]]),
        case("matmul_tn", &[&[3, 2], &[3, 4]], |x| x[0].matmul_tn(&x[1]))
            .also(&[&[2, 3, 2], &[3, 2]])
            .also(&[&[3, 1], &[2, 3, 2]]),
        case("matmul_nt", &[&[2, 3], &[4, 3]], |x| x[0].matmul_nt(&x[1]))
            .also(&[&[2, 3], &[2, 3]])
            .also(&[&[2, 2, 3], &[1, 3]]),
        case("dot", &[&[4], &[4]], |x| x[0].dot(&x[1])).also(&[&[0], &[0]]).also(&[&[1], &[1]]),
        case("einsum", &[&[2, 3, 2], &[2, 2, 3]], |x| T::einsum("bij,bjk->kbi", &[&x[0], &x[1]]))
            .also(&[&[0, 3, 2], &[0, 2, 3]])
            .also(&[&[1, 1, 1], &[1, 1, 1]]),
        case("einsum", &[&[3, 2], &[2, 3], &[3, 3]], |x| {
            T::einsum("ij,jk,kk->i", &[&x[0], &x[1], &x[2]])
        }),
        case("einsum", &[&[2, 3]], |x| T::einsum("ij->ji", &[&x[0]])),
        case("einsum", &[&[2, 3], &[3, 2]], |x| T::einsum("ij,ji->i", &[&x[0], &x[1]])),
        case("einsum", &[&[2, 3], &[2, 4]], |x| T::einsum("ij,ik->jki", &[&x[0], &x[1]])),
        case("einsum", &[&[3, 2], &[3, 2]], |x| T::einsum("ij,ik->j", &[&x[0], &x[1]])),
        case("outer", &[&[3], &[2]], |x| x[0].outer(&x[1])).also(&[&[2], &[2]]).also(&[&[0], &[2]]),
    ]
}

#[test]
fn products_agree_with_their_definition() {
    let (a, b) = (T::arange(24).reshape(&[2, 3, 4]), T::arange(40).reshape(&[2, 4, 5]));
    let y = a.matmul(&b);
    let at = |n: usize, i: usize, j: usize| {
        (0..4).map(|k| a.data()[(n * 3 + i) * 4 + k] * b.data()[(n * 4 + k) * 5 + j]).sum::<f64>()
    };
    let all = (0..30).map(|i| at(i / 15, i / 5 % 3, i % 5));
    assert_eq!((y.shape(), y.to_vec()), (&[2, 3, 5][..], all.collect()));

    let (left, right) = (a.swap_axes(-1, -2), b.swap_axes(-1, -2));
    assert_eq!(left.matmul_tn(&b), y);
    assert_eq!(a.matmul_nt(&right), y);
}
