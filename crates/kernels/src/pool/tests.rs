use approx::abs_diff_eq;
use proptest::prelude::*;

use super::*;
use crate::par::with_threads;

prop_compose! {
    fn pooling()(
        batch in 0..3_usize, input in [0..8_usize, 0..7_usize], kernel in [1..4_usize, 1..4_usize],
        stride in [1..4_usize, 1..3_usize], padding in [0..2_usize, 0..2_usize], channels in 1..4_usize,
    ) -> Pooling {
        let size = |a: usize| {
            (input[a] + 2 * padding[a]).checked_sub(kernel[a]).map_or(0, |n| n / stride[a] + 1)
        };
        Pooling { batch, input, output: [size(0), size(1)], kernel, stride, padding, channels }
    }
}

/// `(output, Some(input))` for every place of every window, `None` outside the image.
fn places(p: &Pooling) -> Vec<(usize, Option<usize>)> {
    let mut all = Vec::new();
    let mut out = 0;
    for n in 0..p.batch {
        for (i, j) in grid(p.output) {
            for c in 0..p.channels {
                for (a, b) in grid(p.kernel) {
                    let row = (i * p.stride[0] + a).checked_sub(p.padding[0]);
                    let col = (j * p.stride[1] + b).checked_sub(p.padding[1]);
                    let inside = row.zip(col).filter(|&(r, c)| r < p.input[0] && c < p.input[1]);
                    all.push((
                        out,
                        inside.map(|(row, col)| {
                            ((n * p.input[0] + row) * p.input[1] + col) * p.channels + c
                        }),
                    ));
                }
                out += 1;
            }
        }
    }
    all
}

fn grid([rows, cols]: [usize; 2]) -> impl Iterator<Item = (usize, usize)> {
    (0..rows).flat_map(move |r| (0..cols).map(move |c| (r, c)))
}

fn near(got: &[f64], want: &[f64]) -> bool {
    abs_diff_eq!(got, want, epsilon = 1e-12)
}

/// Small whole numbers, so that there are ties.
fn numbers(len: usize) -> Vec<f64> {
    (0..len).map(|i| ((i * 7919 + 13) % 11) as f64).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(128) })]

    #[test]
    fn pooling_agrees_with_the_definition(p in pooling()) {
        let (x, dy) = (numbers(p.input_len()), numbers(p.output_len()));
        let places = places(&p);
        let area = (p.kernel[0] * p.kernel[1]) as f64;
        let (mut sum, mut dx) = (vec![0.0; dy.len()], vec![0.0; x.len()]);
        let mut top = vec![(f64::NEG_INFINITY, usize::MAX); dy.len()];
        for (out, at) in places {
            if let Some(at) = at {
                sum[out] += x[at] / area;
                dx[at] += dy[out] / area;
                if x[at] > top[out].0 { top[out] = (x[at], at); }
            }
        }
        let (mut y, mut args) = (vec![f64::NAN; dy.len()], vec![0; dy.len()]);
        max(&p, &x, &mut y, &mut args);
        prop_assert!(top.iter().copied().eq(y.iter().copied().zip(args)));
        mean(&p, &x, &mut y);
        prop_assert!(near(&y, &sum));
        let mut got = vec![f64::NAN; x.len()];
        mean_gradient(&p, &dy, &mut got);
        prop_assert!(near(&got, &dx));
    }

    #[test]
    fn upsampling_agrees_with_the_definition(
        batch in 0..3_usize, size in [0..4_usize, 0..4_usize], channels in 1..4_usize,
        factor in [1..4_usize, 1..4_usize],
    ) {
        let x = numbers(batch * size[0] * size[1] * channels);
        let big = [size[0] * factor[0], size[1] * factor[1]];
        let mut y = vec![f64::NAN; batch * big[0] * big[1] * channels];
        upsample(&x, size, channels, factor, &mut y);
        let dy = numbers(y.len());
        let mut dx = vec![0.0; x.len()];
        for (at, &y) in y.iter().enumerate() {
            let (pixel, c) = (at / channels, at % channels);
            let (col, rest) = (pixel % big[1], pixel / big[1]);
            let (row, n) = (rest % big[0], rest / big[0]);
            let from = (n * size[0] + row / factor[0]) * size[1] + col / factor[1];
            prop_assert_eq!(y, x[from * channels + c]);
            dx[from * channels + c] += dy[at];
        }
        let mut got = vec![f64::NAN; x.len()];
        upsample_gradient(&dy, size, channels, factor, &mut got);
        prop_assert!(near(&got, &dx));
    }
}

#[test]
fn a_nan_is_the_maximum_and_the_first_of_equals_wins() {
    let p = Pooling {
        batch: 1,
        input: [1, 4],
        output: [1, 2],
        kernel: [1, 2],
        stride: [1, 2],
        padding: [0, 0],
        channels: 1,
    };
    let (mut y, mut args) = ([0.0; 2], [0; 2]);
    max(&p, &[1.0, f64::NAN, 2.0, 2.0], &mut y, &mut args);
    assert!(y[0].is_nan() && y[1] == 2.0 && args == [1, 2]);
}

#[test]
fn threads_do_not_change_a_bit() {
    let p = Pooling {
        batch: 16,
        input: [32, 33],
        output: [16, 16],
        kernel: [3, 3],
        stride: [2, 2],
        padding: [1, 0],
        channels: 8,
    };
    let x: Vec<f32> = (0..p.input_len()).map(|i| (i as f32 * 0.7).sin()).collect();
    let run = || {
        let mut y = vec![0.0; p.output_len()];
        let (mut top, mut args, mut dx) = (y.clone(), vec![0; y.len()], vec![0.0; x.len()]);
        mean(&p, &x, &mut y);
        max(&p, &x, &mut top, &mut args);
        mean_gradient(&p, &y, &mut dx);
        (y, top, args, dx)
    };
    let one = with_threads(1, run);
    for threads in [2, 3, 8] {
        assert!(one == with_threads(threads, run), "{threads} threads");
    }
}
