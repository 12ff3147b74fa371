//! Pooling and upsampling.

use std::ops::Range;

use seedbed_autodiff::{Rng, grad};

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
        case("avg_pool1d_inside", &[&[2, 5, 2]], |x| x[0].avg_pool1d_inside(3, 2, 1))
            .also(&[&[1, 1, 1]])
            .also(&[&[0, 2, 1]]),
        case("avg_pool2d_inside", &[&[2, 4, 3, 2]], |x| {
            x[0].avg_pool2d_inside([3, 2], [1, 2], [1, 1])
        })
        .also(&[&[1, 1, 2, 1]])
        .also(&[&[1, 1, 2, 0]]),
        case("adaptive_avg_pool2d", &[&[2, 3, 5, 2]], |x| x[0].adaptive_avg_pool2d([2, 3]))
            .also(&[&[1, 1, 1, 1]])
            .also(&[&[0, 2, 3, 1]]),
        case("adaptive_max_pool2d", &[&[2, 3, 4, 1]], |x| x[0].adaptive_max_pool2d([2, 2]))
            .also(&[&[1, 1, 1, 1]])
            .also(&[&[1, 2, 1, 0]])
            .apart(0.01),
        case("upsample_bilinear2d", &[&[2, 2, 3, 2]], |x| x[0].upsample_bilinear2d([3, 2]))
            .also(&[&[1, 1, 1, 1]])
            .also(&[&[0, 2, 2, 1]])
            .also(&[&[1, 0, 2, 1]]),
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

/// Naive loops over the pixels of each window or part, and of each mean of four.
#[test]
fn means_and_enlargements_are_their_definition() {
    let (h, w) = (5_usize, 7_usize);
    let x = T::uniform(&[1, h, w, 1], -1.0, 1.0, &mut Rng::new(8));
    let at = |i: usize, j: usize| x.data()[i * w + j];
    let over = |rows: Range<usize>, columns: Range<usize>| -> Vec<f64> {
        rows.flat_map(|i| columns.clone().map(move |j| at(i, j))).collect()
    };
    let mean = |all: Vec<f64>| all.iter().sum::<f64>() / all.len() as f64;
    let close = |a: f64, b: f64| assert!((a - b).abs() < 1e-14, "{a}, {b}");

    let y = x.avg_pool2d_inside([3, 4], [2, 3], [1, 2]);
    let &[_, rows, columns, _] = y.shape() else { unreachable!() };
    for (i, &y) in y.data().iter().enumerate() {
        let (r, c) = (i / columns * 2, i % columns * 3);
        assert!(rows > 1);
        let inside = |start: usize, kernel: usize, padding: usize, n: usize| {
            start.saturating_sub(padding)..(start + kernel - padding).min(n)
        };
        close(y, mean(over(inside(r, 3, 1, h), inside(c, 4, 2, w))));
    }
    for size in [[1, 1], [2, 3], [5, 7], [3, 9]] {
        let part = |i: usize, n: usize, l: usize| i * l / n..((i + 1) * l).div_ceil(n);
        let (means, largest) = (x.adaptive_avg_pool2d(size), x.adaptive_max_pool2d(size));
        for i in 0..size[0] * size[1] {
            let all = over(part(i / size[1], size[0], h), part(i % size[1], size[1], w));
            assert_eq!(largest.data()[i], all.iter().copied().fold(f64::MIN, f64::max));
            close(means.data()[i], mean(all));
        }
    }
    for factor in [[1, 1], [2, 3], [4, 1]] {
        let y = x.upsample_bilinear2d(factor);
        assert_eq!(y.shape(), [1, h * factor[0], w * factor[1], 1]);
        for (i, &y) in y.data().iter().enumerate() {
            let place = |i: usize, f: usize, n: usize| {
                let p = ((i as f64 + 0.5) / f as f64 - 0.5).max(0.0).min(n as f64 - 1.0);
                (p as usize, (p as usize + 1).min(n - 1), p.fract())
            };
            let (r, c) = (i / (w * factor[1]), i % (w * factor[1]));
            let ((a, b, s), (d, e, t)) = (place(r, factor[0], h), place(c, factor[1], w));
            let top = at(a, d) * (1.0 - t) + at(a, e) * t;
            let bottom = at(b, d) * (1.0 - t) + at(b, e) * t;
            close(y, top * (1.0 - s) + bottom * s);
        }
    }
    let nan = T::new(vec![1.0, f64::NAN, 3.0, 5.0], &[1, 1, 4, 1]);
    assert_eq!(nan.adaptive_avg_pool2d([1, 2]).to_vec()[1], 4.0, "a part knows of no other");
}
