//! Pooling and upsampling.

use seedbed_autodiff::grad;

use super::case::{Case, T, case};

pub(crate) fn cases() -> Vec<Case> {
    // Numbers in a window keep apart, so that no small step changes which is the largest.
    vec![
        case("max_pool1d", &[&[2, 5, 2]], |x| x[0].max_pool1d(2, 2, 0))
            .also(&[&[1, 2, 1]])
            .also(&[&[0, 2, 1]])
            .apart(0.01),
        case("max_pool1d", &[&[1, 4, 1]], |x| x[0].max_pool1d(3, 1, 1)).apart(0.01),
        case("max_pool2d", &[&[2, 4, 3, 1]], |x| x[0].max_pool2d([2, 2], [2, 1], [1, 0]))
            .also(&[&[1, 1, 2, 0]])
            .also(&[&[1, 1, 2, 1]])
            .apart(0.01),
        case("avg_pool1d", &[&[2, 5, 2]], |x| x[0].avg_pool1d(3, 2, 1))
            .also(&[&[1, 1, 1]])
            .also(&[&[0, 2, 1]]),
        case("avg_pool2d", &[&[2, 4, 3, 2]], |x| x[0].avg_pool2d([3, 2], [1, 2], [1, 0]))
            .also(&[&[1, 1, 2, 1]])
            .also(&[&[1, 1, 2, 0]]),
        case("upsample_nearest1d", &[&[2, 3, 2]], |x| x[0].upsample_nearest1d(2))
            .also(&[&[1, 1, 1]])
            .also(&[&[1, 0, 2]]),
        case("upsample_nearest2d", &[&[2, 2, 3, 2]], |x| x[0].upsample_nearest2d([3, 2]))
            .also(&[&[1, 1, 1, 1]])
            .also(&[&[0, 2, 2, 1]])
            .also(&[&[1, 2, 2, 0]]),
    ]
}

/// Overlapping windows that share their largest pixel all send their gradient there.
#[test]
fn gradients_of_overlapping_windows_add_up() {
    let x = T::new(vec![1.0, 5.0, 2.0, 2.0], &[1, 4, 1]);
    let g = grad(&x, |x| x.max_pool1d(2, 1, 0).sum(..));
    assert_eq!(g.to_vec(), [0.0, 2.0, 1.0, 0.0]);
}
