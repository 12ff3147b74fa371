use proptest::prelude::*;

use super::*;
use crate::gemm::no_epilogue;
use crate::par::with_threads;
use crate::rng::numbers;

/// Calls `f(index in x, index in w, index in y)` for every product in the definition.
fn every_product(g: &Geometry, mut f: impl FnMut(usize, usize, usize)) {
    let (gi, go) = (g.group_in(), g.group_out());
    for n in 0..g.batch {
        for (i, j) in pairs(g.output) {
            for (a, b) in pairs(g.kernel) {
                let row = (i * g.stride[0] + a * g.dilation[0]).checked_sub(g.padding[0]);
                let col = (j * g.stride[1] + b * g.dilation[1]).checked_sub(g.padding[1]);
                let (Some(row), Some(col)) = (row, col) else { continue };
                if row >= g.input[0] || col >= g.input[1] {
                    continue;
                }
                for o in 0..g.out_channels {
                    for c in 0..gi {
                        let x = ((n * g.input[0] + row) * g.input[1] + col) * g.in_channels;
                        let w = ((a * g.kernel[1] + b) * gi + c) * g.out_channels + o;
                        let y = ((n * g.output[0] + i) * g.output[1] + j) * g.out_channels + o;
                        f(x + o / go * gi + c, w, y);
                    }
                }
            }
        }
    }
}

fn pairs([rows, cols]: [usize; 2]) -> impl Iterator<Item = (usize, usize)> {
    (0..rows).flat_map(move |r| (0..cols).map(move |c| (r, c)))
}

/// Compares every kernel and path with the definition, in one element type.
fn check<F: Float>(g: &Geometry, tolerance: f64) {
    let of = |v: &[f64]| v.iter().map(|&x| F::of(x)).collect::<Vec<F>>();
    let (x, w, dy) =
        (numbers(g.input_len(), 1), numbers(g.weight_len(), 2), numbers(g.output_len(), 3));
    let (mut y, mut dx, mut dw) = (vec![0.0; dy.len()], vec![0.0; x.len()], vec![0.0; w.len()]);
    every_product(g, |i, k, o| {
        y[o] += x[i] * w[k];
        dx[i] += dy[o] * w[k];
        dw[k] += x[i] * dy[o];
    });
    let (x, w, dy) = (of(&x), of(&w), of(&dy));
    let near = |name: &str, want: &[f64], run: &dyn Fn(&mut [F])| {
        let mut got = vec![F::nan(); want.len()];
        run(&mut got);
        for (i, (got, want)) in got.iter().zip(want).enumerate() {
            let error = (got.f64() - want).abs();
            assert!(error <= tolerance, "{name}[{i}] is {got}, not {want}: {g:?}");
        }
    };
    near("forward", &y, &|out| forward(g, &x, &w, out));
    near("input gradient", &dx, &|out| input_gradient(g, &dy, &w, out));
    near("weight gradient", &dw, &|out| weight_gradient(g, &x, &dy, out));
    if g.is_depthwise() || g.input_len() == 0 || g.output_len() == 0 {
        return;
    }
    let portable = |side, source: &[F], out: &mut [F]| {
        gather::Gather::new(g, side, source, &w).portable(out, no_epilogue);
    };
    near("portable forward", &y, &|out| portable(table::Side::Output, &x, out));
    near("portable input gradient", &dx, &|out| portable(table::Side::Input, &dy, out));
    near("portable weight gradient", &dw, &|out| weight::portable(g, &x, &dy, out));
}

/// The size of the output along one axis.
fn out_len(input: usize, kernel: usize, stride: usize, padding: usize, dilation: usize) -> usize {
    (input + 2 * padding).checked_sub(dilation * (kernel - 1) + 1).map_or(0, |n| n / stride + 1)
}

prop_compose! {
    fn geometry()(
        batch in 0..4_usize, input in [0..9_usize, 0..7_usize], kernel in [1..4_usize, 1..4_usize],
        stride in [1..4_usize, 1..3_usize], padding in [0..3_usize, 0..3_usize], dilation in [1..3_usize, 1..3_usize],
        per_group in [1..5_usize, 1..20_usize], groups in 1..4_usize,
    ) -> Geometry {
        let size = |a: usize| out_len(input[a], kernel[a], stride[a], padding[a], dilation[a]);
        Geometry {
            batch, input, output: [size(0), size(1)], kernel, stride, padding, dilation,
            in_channels: groups * per_group[0], out_channels: groups * per_group[1], groups,
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(128) })]

    #[test]
    fn agrees_with_the_definition(g in geometry()) {
        check::<f32>(&g, 2e-4);
        check::<f64>(&g, 1e-12);
    }
}

/// A 3×3 window with one row and column of zeros around the image.
fn same(batch: usize, size: [usize; 2], channels: [usize; 2], groups: usize) -> Geometry {
    let [in_channels, out_channels] = channels;
    let (kernel, stride, padding, dilation) = ([3, 3], [1, 1], [1, 1], [1, 1]);
    Geometry {
        batch,
        input: size,
        output: size,
        kernel,
        stride,
        padding,
        dilation,
        in_channels,
        out_channels,
        groups,
    }
}

#[test]
fn agrees_on_wide_and_grouped_channels() {
    check::<f32>(&same(3, [11, 4], [24, 24], 1), 2e-4);
    check::<f32>(&same(2, [7, 5], [64, 70], 1), 5e-4);
    check::<f64>(&same(2, [5, 4], [24, 36], 3), 1e-12);
    check::<f32>(&same(2, [6, 6], [40, 40], 40), 2e-4);
    check::<f32>(&same(1, [4, 3], [450, 2], 1), 2e-3);
}

#[test]
fn threads_do_not_change_a_bit() {
    for g in
        [same(8, [12, 4], [24, 24], 1), same(6, [9, 5], [16, 40], 2), same(8, [16, 16], [8, 8], 8)]
    {
        let of = |len, seed| numbers::<f32>(len, seed);
        let (x, w, dy) = (of(g.input_len(), 1), of(g.weight_len(), 2), of(g.output_len(), 3));
        let run = || {
            let mut all = [vec![0.0; dy.len()], vec![0.0; x.len()], vec![0.0; w.len()]];
            forward(&g, &x, &w, &mut all[0]);
            input_gradient(&g, &dy, &w, &mut all[1]);
            weight_gradient(&g, &x, &dy, &mut all[2]);
            all
        };
        let one = with_threads(1, run);
        for threads in [2, 3, 8] {
            assert!(one == with_threads(threads, run), "{g:?} on {threads} threads");
        }
    }
}

#[test]
fn the_epilogue_sees_every_number_once() {
    for g in [same(3, [9, 4], [4, 12], 2), same(3, [9, 4], [6, 6], 6)] {
        let (x, w) = (vec![0.0_f32; g.input_len()], vec![0.0; g.weight_len()]);
        let mut y = vec![0.0; g.output_len()];
        forward_then(&g, &x, &w, &mut y, |pixel, channel, part| {
            for (c, y) in part.iter_mut().enumerate() {
                *y += (pixel * g.out_channels + channel + c) as f32;
            }
        });
        assert!(y.iter().enumerate().all(|(i, &y)| y == i as f32));
    }
}
