//! Values and gradients of an independent implementation: `scripts/golden.py`, PyTorch in double precision.

use std::path::Path;

use seedbed_autodiff::{Module, Path as Place, Rng, Tensor, value_and_grad_aux};
use seedbed_data::strings::Example;
use seedbed_neural_gpu::{
    Batch, DiagonalConfig, DiagonalGpu, NeuralGpu, NeuralGpuConfig, Perturbation, Reach, Saturation,
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

/// What a file of golden values holds.
struct Golden {
    values: Value,
    batch: Batch,
    /// The weight of each logit in the sum that is differentiated.
    weights: Tensor<f64>,
}

impl Golden {
    fn read(file: &str) -> Self {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(file);
        let values: Value = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
        let string = |string: &Value| {
            let input: Vec<u8> = serde_json::from_value(string["symbols"].clone()).unwrap();
            let target = vec![0; input.len()];
            (Example { input, target }, string["steps"].as_u64().unwrap() as usize)
        };
        let strings: Vec<_> = values["strings"].as_array().unwrap().iter().map(string).collect();
        let batch = Batch::new(&strings);
        let weights = |rows: usize| {
            let cosines = (1..=rows * 3).map(|i| (i as f64).cos()).collect();
            Tensor::new(cosines, &[rows, 3])
        };
        let weights: Vec<_> = batch.packing.spans().iter().map(|s| weights(s.rows.len())).collect();
        Self { values, weights: Tensor::concat(&weights, 0), batch }
    }

    /// The same network, with the parameters of the file.
    fn parameters<M: Module<f64>>(&self, mut gpu: M) -> M {
        gpu.walk_mut(&mut Place::default(), &mut |path, _, x| {
            *x = tensor(&self.values["params"][path.to_string()]);
        });
        gpu
    }

    /// Holds logits, a cost of this name and their gradient against the file's.
    fn compare<M: Module<f64> + Clone>(
        &self,
        gpu: &M,
        cost_name: &str,
        run: impl Fn(&M) -> (Tensor<f64>, Tensor<f64>),
    ) {
        let (_, (logits, cost), gradient) = value_and_grad_aux(gpu, |gpu| {
            let (logits, cost) = run(gpu);
            let total = (&logits * &self.weights).sum(..) + &cost * 0.01;
            (total, (logits.stop_gradient(), cost.item()))
        });
        close(cost_name, &[cost], &[self.values[cost_name].as_f64().unwrap()]);
        let theirs = |&i: &usize| tensor(&self.values["logits"][i]).to_vec();
        let theirs: Vec<f64> = self.batch.packing.order().iter().flat_map(theirs).collect();
        close("logits", logits.data(), &theirs);
        for (name, _, ours) in gradient.named() {
            close(&name, ours.data(), tensor(&self.values["gradient"][&name]).data());
        }
    }
}

fn compare_diagonal(file: &str, perturbation: Perturbation) {
    let golden = Golden::read(file);
    let config = DiagonalConfig {
        maps: 5,
        moving: serde_json::from_value(golden.values["moving"].clone()).unwrap(),
        reach: Reach::Both,
        input_symbols: 4,
        target_symbols: 3,
        rounded: perturbation.rounding == 1.0,
    };
    let gpu = DiagonalGpu::<f64>::new(&config.check().unwrap(), &mut Rng::new(0));
    let Batch { inputs, packing, .. } = &golden.batch;
    golden.compare(&golden.parameters(gpu), "saturation", |gpu| {
        let (last, Saturation(saturation)) =
            gpu.run(inputs, packing, perturbation, &mut Rng::new(0));
        (gpu.read(&last, packing), saturation)
    });
}

#[test]
fn a_network_is_that_of_pytorch() {
    compare_diagonal("plain.json", Perturbation::NONE);
}

#[test]
fn a_rounded_network_is_that_of_pytorch() {
    compare_diagonal("rounded.json", Perturbation::ROUNDED);
}

#[test]
fn an_original_network_is_that_of_pytorch() {
    let golden = Golden::read("original.json");
    let config = NeuralGpuConfig {
        maps: 5,
        width: 3,
        layers: 2,
        copies: 3,
        input_symbols: 4,
        target_symbols: 3,
    };
    let gpu = NeuralGpu::<f64>::new(&config.check().unwrap(), &mut Rng::new(0));
    let Batch { inputs, packing, .. } = &golden.batch;
    golden.compare(&golden.parameters(gpu), "relaxation", |gpu| {
        let last = gpu.run(inputs, packing, Perturbation::NONE, 0.0, &mut Rng::new(0));
        (gpu.read(&last, packing), gpu.relaxation())
    });
}
