use super::*;
use crate::{Rng, check_fused};

fn inputs<F: Float>(shape: &[usize]) -> [Tensor<F>; 3] {
    let rng = &mut Rng::new(1);
    let channels = shape[shape.len() - 1];
    // A mean that is large beside the deviation must not cost accuracy.
    let x = Tensor::normal(shape, 3.0, 0.5, rng);
    let [weight, bias] = std::array::from_fn(|_| Tensor::normal(&[channels], 1.0, 0.5, rng));
    [x, weight, bias]
}

fn fast_equals_reference<F: Float>(tolerance: f64) {
    // Rows, groups and depth around the widths of blocks and the lengths of chunks.
    for (samples, rows, groups, depth) in [
        (1, 7, 3, 1),
        (1, 1, 4, 1),
        (1, 1000, 20, 1),
        (3, 5, 2, 4),
        (2, 9, 5, 1),
        (2, 3, 1, 33),
        (0, 3, 2, 2),
        (2, 0, 2, 2),
    ] {
        let layout = Layout { samples, rows, groups, depth };
        let [x, w, b] = inputs::<F>(&[samples, rows, groups * depth]);
        let op = || Columns::new("columns", &x, layout, 1e-5);
        check_fused(op, [&x, &w, &b], tolerance);
    }
    for (samples, groups, depth) in
        [(1, 1, 1), (4, 1, 16), (5, 1, 100), (3, 4, 3), (300, 2, 17), (0, 1, 5)]
    {
        let [x, w, b] = inputs::<F>(&[samples, groups * depth]);
        let op = || Segments { name: "segments", depth, eps: 1e-5 };
        check_fused(op, [&x, &w, &b], tolerance);
    }
}

#[test]
fn fast_equals_reference_f32() {
    fast_equals_reference::<f32>(2e-4);
}

#[test]
fn fast_equals_reference_f64() {
    fast_equals_reference::<f64>(1e-11);
}

#[test]
fn a_large_mean_does_not_cancel_the_variance() {
    // In one pass by Σx² − n mean², f32 would find no variance at all.
    let x = Tensor::<f32>::new((0..4000).map(|i| 4096.0 + (i % 2) as f32).collect(), &[2000, 2]);
    let x = x.reshape(&[4000, 1]);
    let (_, mean, var) = x.batch_norm(&Tensor::ones(&[1]), &Tensor::zeros(&[1]), 1e-5);
    assert!((mean.item() - 4096.5).abs() < 1e-3, "{mean}");
    assert!((var.item() - 0.25).abs() < 1e-3, "{var}");
}

#[test]
fn groups_are_independent_of_one_another() {
    let [x, w, b] = inputs::<f64>(&[2, 3, 3, 6]);
    let y = x.group_norm(2, &w, &b, 1e-5);
    let [low, high] = [0, 3].map(|c| {
        let part = |p: &Tensor<f64>| p.slice(-1, c..c + 3);
        part(&x).group_norm(1, &part(&w), &part(&b), 1e-5)
    });
    let joined = Tensor::concat(&[low, high], -1);
    assert!(y.data().iter().zip(joined.data()).all(|(a, b)| (a - b).abs() < 1e-12));
}

#[test]
fn an_empty_batch_has_no_statistics() {
    let [x, w, b] = inputs::<f32>(&[0, 3]);
    let (y, mean, var) = x.batch_norm(&w, &b, 1e-5);
    assert_eq!(y.shape(), [0, 3]);
    assert_eq!((mean, var), (Tensor::zeros(&[3]), Tensor::zeros(&[3])));
}

#[test]
#[should_panic(
    expected = "layer_norm: the parameters of an input [2, 3] must have shape [3], got [2]"
)]
fn parameters_of_another_shape_are_refused() {
    let [x, w, b] = inputs::<f32>(&[2, 3]);
    let _ = x.layer_norm(&w.slice(0, 0..2), &b, 1e-5);
}

#[test]
#[should_panic(expected = "group_norm: 3 channels do not split into 2 groups")]
fn groups_must_divide_the_channels() {
    let [x, w, b] = inputs::<f32>(&[2, 3]);
    let _ = x.group_norm(2, &w, &b, 1e-5);
}
