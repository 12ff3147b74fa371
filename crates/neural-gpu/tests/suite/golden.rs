//! Values and gradients of an independent implementation: `scripts/golden.py`, PyTorch in double precision.

use std::path::Path;

use seedbed_autodiff::{Module as _, Path as Place, Rng, Tensor, value_and_grad_aux};
use seedbed_data::strings::Example;
use seedbed_neural_gpu::{
    Batch, DiagonalConfig, DiagonalGpu, Moving, Perturbation, Reach, Saturation,
};
use seedbed_nn::Config as _;
use serde_json::Value;

fn tensor(x: &Value) -> Tensor<f64> {
    let list = |key: &str| x[key].as_array().unwrap().iter();
    let shape: Vec<_> = list("shape").map(|n| n.as_u64().unwrap() as usize).collect();
    Tensor::new(list("data").map(|x| x.as_f64().unwrap()).collect(), &shape)
}

#[track_caller]
fn close(what: &str, ours: &[f64], theirs: &[f64]) {
    assert_eq!(ours.len(), theirs.len(), "{what}");
    for (i, (a, b)) in ours.iter().zip(theirs).enumerate() {
        assert!((a - b).abs() <= 1e-11 * (1.0 + b.abs()), "{what}[{i}] is {a}, PyTorch's {b}");
    }
}

fn compare(file: &str, perturbation: Perturbation) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(file);
    let golden: Value = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    let moving: Moving = serde_json::from_value(golden["moving"].clone()).unwrap();
    let config = DiagonalConfig {
        maps: 5,
        moving,
        reach: Reach::Both,
        input_symbols: 4,
        target_symbols: 3,
        rounded: perturbation.rounding == 1.0,
    };
    let mut gpu = DiagonalGpu::<f64>::new(&config.check().unwrap(), &mut Rng::new(0));
    gpu.walk_mut(&mut Place::default(), &mut |path, _, x| {
        *x = tensor(&golden["params"][path.to_string()]);
    });
    let string = |string: &Value| {
        let input: Vec<u8> = serde_json::from_value(string["symbols"].clone()).unwrap();
        let target = vec![0; input.len()];
        (Example { input, target }, string["steps"].as_u64().unwrap() as usize)
    };
    let strings: Vec<_> = golden["strings"].as_array().unwrap().iter().map(string).collect();
    let batch = Batch::new(&strings);
    let weights = |rows: usize| {
        let cosines = (1..=rows * 3).map(|i| (i as f64).cos()).collect();
        Tensor::new(cosines, &[rows, 3])
    };
    let weights: Vec<_> = batch.packing.spans().iter().map(|s| weights(s.rows.len())).collect();
    let weights = Tensor::concat(&weights, 0);
    let (_, (logits, saturation), gradient) = value_and_grad_aux(&gpu, |gpu| {
        let (last, Saturation(saturation)) =
            gpu.run(&batch.inputs, &batch.packing, perturbation, &mut Rng::new(0));
        let logits = gpu.read(&last, &batch.packing);
        let total = (&logits * &weights).sum(..) + &saturation * 0.01;
        (total, (logits.stop_gradient(), saturation.item()))
    });

    close("saturation", &[saturation], &[golden["saturation"].as_f64().unwrap()]);
    let theirs = |&i: &usize| tensor(&golden["logits"][i]).to_vec();
    let theirs: Vec<f64> = batch.packing.order().iter().flat_map(theirs).collect();
    close("logits", logits.data(), &theirs);
    for (name, _, ours) in gradient.named() {
        close(&name, ours.data(), tensor(&golden["gradient"][&name]).data());
    }
}

#[test]
fn a_network_is_that_of_pytorch() {
    compare("plain.json", Perturbation::NONE);
}

#[test]
fn a_rounded_network_is_that_of_pytorch() {
    compare("rounded.json", Perturbation::ROUNDED);
}
