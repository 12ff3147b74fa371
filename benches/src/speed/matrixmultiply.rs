//! The crate `matrixmultiply`, through `ndarray`, with the rows split over plain threads.

use std::hint::black_box;
use std::thread;

use ndarray::linalg::general_mat_mul;
use ndarray::{Array2, Axis};

use super::Work;

/// `c = a b`, all `side × side`.
pub(crate) fn product(side: usize) -> Work {
    let filled =
        |phase: f32| Array2::from_shape_fn((side, side), |(i, j)| wave(i * side + j, phase));
    let (a, b, mut c) = (filled(0.0), filled(1.0), Array2::zeros((side, side)));
    let threads = rayon::current_num_threads();
    let rows = side.div_ceil(threads);
    Box::new(move || {
        thread::scope(|scope| {
            let blocks = c.axis_chunks_iter_mut(Axis(0), rows);
            for (a, mut c) in a.axis_chunks_iter(Axis(0), rows).zip(blocks) {
                let b = &b;
                scope.spawn(move || general_mat_mul(1.0, &a, b, 0.0, &mut c));
            }
        });
        black_box(&c);
    })
}

/// Numbers in −1..1 that are no zeros and no pattern a processor could profit from.
fn wave(i: usize, phase: f32) -> f32 {
    (i as f32 * 0.618 + phase).sin()
}
