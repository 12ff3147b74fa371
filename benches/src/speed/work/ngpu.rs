//! `ngpu-train`, `dngpu-train` and `ngpu-infer`: steps of training, and inference, of the original and the diagonal Neural GPU.

use std::hint::black_box;

use seedbed::autodiff::{Rng, par_value_and_grad};
use seedbed::data::strings::{Arithmetic, Operation, StringTask};
use seedbed::neural_gpu::train::{ClippedAdaMax, ClippedAdaMaxConfig};
use seedbed::neural_gpu::{
    Batch, DiagonalConfig, DiagonalGpu, Moving, NeuralGpu, NeuralGpuConfig, Perturbation,
    Saturation,
};
use seedbed::nn::Config;
use seedbed::nn::clip::clip_global_norm;
use seedbed::nn::optim::{Adam, AdamConfig};

use crate::speed::Work;

/// Cells of a string of training, and its steps. A build that is not optimised times nothing: its tests only see that the work can be done.
const LENGTH: usize = if cfg!(debug_assertions) { 9 } else { 41 };
const BATCH: usize = 32;
/// Maps, pixels a cell and units a step of the original network.
const MAPS: usize = 24;
const WIDTH: usize = 4;
const LAYERS: usize = 2;
/// Numbers a cell of the diagonal network.
const DIAGONAL_MAPS: usize = 96;
/// Cells and steps of the string of `ngpu-infer`.
const LONG: usize = if cfg!(debug_assertions) { 9 } else { 401 };
/// Parts of a batch that are computed beside each other: strings enough for a product of some size, few enough to stay in the cache.
const SHARDS: usize = 8;
/// The weight of the saturation cost.
const SATURATION: f64 = 1e-4;

/// For the peers.
pub(super) fn sizes() -> serde_json::Value {
    serde_json::json!({
        "length": LENGTH, "batch": BATCH, "maps": MAPS, "width": WIDTH, "layers": LAYERS, "diagonal_maps": DIAGONAL_MAPS,
        "long": LONG, "symbols": [4, 2], "saturation": SATURATION,
    })
}

/// Floating-point operations of the convolutions of the original network on one string.
const fn original_flops(length: usize) -> usize {
    length * length * WIDTH * LAYERS * 2 * 9 * MAPS * 3 * MAPS
}

/// Of a training step: forward and twice backward.
pub const ORIGINAL_FLOPS: f64 = (3 * BATCH * original_flops(LENGTH)) as f64;

/// Of a long string.
pub const INFER_FLOPS: f64 = original_flops(LONG) as f64;

/// Of a training step of the diagonal network.
pub const DIAGONAL_FLOPS: f64 =
    (3 * BATCH * LENGTH * LENGTH * 2 * 3 * DIAGONAL_MAPS * 3 * DIAGONAL_MAPS) as f64;

fn batches(length: usize, strings: usize, parts: usize) -> Vec<Batch> {
    let task = Arithmetic::binary(Operation::Multiply);
    let rng = &mut Rng::new(1);
    let mut part = || {
        let strings = (0..strings / parts).map(|_| (task.sample(length, rng), length));
        Batch::new(&strings.collect::<Vec<_>>())
    };
    (0..parts).map(|_| part()).collect()
}

fn original() -> NeuralGpu {
    let config = NeuralGpuConfig {
        maps: MAPS,
        width: WIDTH,
        layers: LAYERS,
        copies: 1,
        ..NeuralGpuConfig::default()
    };
    NeuralGpu::new(&config.check().expect("the paper's sizes"), &mut Rng::new(1))
}

/// Loss, gradient, global clip, Adam.
pub fn train_original() -> Work {
    let mut model = original();
    let config = AdamConfig { eps: 1e-4, ..AdamConfig::default() };
    let mut optimizer = Adam::new(&model, config.check().expect("the paper's rates"));
    let parts = batches(LENGTH, BATCH, SHARDS);
    Box::new(move || {
        let (loss, mut gradient) = par_value_and_grad(&model, &parts, |model, batch| {
            let rng = &mut Rng::new(0);
            let last = model.run(&batch.inputs, &batch.packing, Perturbation::NONE, 0.0, rng);
            batch.loss(&model.read(&last, &batch.packing))
        });
        black_box(loss);
        clip_global_norm(&mut gradient, 1.0);
        optimizer.step(&mut model, &gradient);
    })
}

/// Loss with the saturation cost, gradient, AdaMax with its relative clip.
pub fn train_diagonal() -> Work {
    let config = DiagonalConfig {
        maps: DIAGONAL_MAPS,
        moving: Moving::thirds(DIAGONAL_MAPS),
        ..DiagonalConfig::default()
    };
    let config = config.check().expect("sizes that fit");
    let mut model = DiagonalGpu::<f32>::new(&config, &mut Rng::new(1));
    let config = ClippedAdaMaxConfig { lr: 0.005, weight_decay: 0.0 };
    let mut optimizer = ClippedAdaMax::new(&model, config.check().expect("a usual rate"));
    let parts = batches(LENGTH, BATCH, SHARDS);
    Box::new(move || {
        let (loss, gradient) = par_value_and_grad(&model, &parts, |model, batch| {
            let rng = &mut Rng::new(0);
            let (last, Saturation(cost)) =
                model.run(&batch.inputs, &batch.packing, Perturbation::NONE, rng);
            batch.loss(&model.read(&last, &batch.packing)) + cost * SATURATION
        });
        black_box(loss);
        optimizer.step_scaled(&mut model, &gradient, 1.0);
    })
}

/// One long string through the original network.
pub fn infer_original() -> Work {
    let model = original();
    let parts = batches(LONG, 1, 1);
    Box::new(move || {
        let batch = &parts[0];
        let rng = &mut Rng::new(0);
        let last = model.run(&batch.inputs, &batch.packing, Perturbation::NONE, 0.0, rng);
        black_box(model.read(&last, &batch.packing));
    })
}
