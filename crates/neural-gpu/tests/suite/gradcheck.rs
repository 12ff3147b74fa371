//! Derivatives of the cell and of the whole network, against the specification and against differences.

use std::sync::Arc;

use seedbed_autodiff::{GradCheck, Module as _, Rng, Tensor, check_grads};
use seedbed_data::strings::{Arithmetic, Operation, StringTask as _};
use seedbed_neural_gpu::{
    Batch, CgruCell, DiagonalCell, DiagonalConfig, DiagonalGpu, Moving, NeuralGpu, NeuralGpuConfig,
    Packing, Perturbation, Reach,
};
use seedbed_nn::Config as _;

/// A cell whose units are partly saturated, partly not.
fn cell(maps: usize, moving: Moving) -> DiagonalCell<f64> {
    let rng = &mut Rng::new(3);
    let cell = DiagonalCell::new(maps, moving, Reach::Both, rng);
    cell.map_params(|x| x + Tensor::uniform(x.shape(), -0.3, 0.3, rng))
}

#[test]
fn derivatives_are_those_of_differences() {
    let moving = Moving { right: 1, left: 2 };
    let cell = cell(4, moving);
    let packing = Arc::new(Packing::new(&[[2, 3], [3, 1]]));
    let live: Vec<f64> = (0..packing.rows())
        .map(|row| f64::from(u8::from(packing.cells().any(|cell| cell == row))))
        .collect();
    let live = Tensor::new(live, &[packing.rows(), 1]);
    let mut inputs = cell.params();
    inputs.push(Tensor::uniform(&[packing.rows(), 4], -1.0, 1.0, &mut Rng::new(4)));
    // Kinks are everywhere: a smaller step meets fewer of them.
    let check = GradCheck { step: 1e-6, tolerance: 1e-6, order: 2, ..Default::default() };
    for perturbation in
        [Perturbation::NONE, Perturbation { pre_activation: 0.2, state: 0.1, rounding: 0.0 }]
    {
        check_grads(check, &inputs, |x| {
            let cell = DiagonalCell {
                gate_weight: x[0].clone(),
                gate_bias: x[1].clone(),
                candidate_weight: x[2].clone(),
                candidate_bias: x[3].clone(),
                moving,
                reach: Reach::Both,
            };
            let start = &x[4] * &live;
            let (last, saturation) = cell.run(&start, &packing, perturbation, &mut Rng::new(5));
            Tensor::concat(&[last.flatten(), saturation.0.reshape(&[1])], 0)
        });
    }
}

#[test]
fn inference_has_the_bits_of_training() {
    let config =
        DiagonalConfig { maps: 7, moving: Moving { right: 2, left: 1 }, ..Default::default() };
    let gpu = DiagonalGpu::<f32>::new(&config.check().unwrap(), &mut Rng::new(0));
    let task = Arithmetic::binary(Operation::Add);
    let examples = [(5, 9), (9, 9), (3, 4), (7, 0)]
        .map(|(length, steps)| (task.sample(length, &mut Rng::new(length as u64)), steps));
    let batch = Batch::new(&examples);
    for perturbation in [Perturbation::NONE, Perturbation::ROUNDED] {
        let (last, _) = gpu.run(&batch.inputs, &batch.packing, perturbation, &mut Rng::new(1));
        let logits = gpu.read(&last, &batch.packing);
        assert_eq!(gpu.infer(&batch, perturbation == Perturbation::ROUNDED), logits);
        // A string does not know what others lie beside it.
        let alone = Batch::new(&examples[2..3]);
        let rows = gpu.infer(&alone, perturbation == Perturbation::ROUNDED);
        let place = batch.packing.order().iter().position(|&i| i == 2).unwrap();
        let before: usize = batch.packing.spans()[..place].iter().map(|s| s.rows.len()).sum();
        let here = logits.slice(0, before as isize..before as isize + 3);
        for (a, b) in rows.data().iter().zip(here.data()) {
            assert!((a - b).abs() < 1e-5, "{a} alone, {b} beside others");
        }
    }
}

/// The kernels of the unit bend nowhere but where a gate is cut off: third derivatives are checked.
#[test]
fn derivatives_of_the_original_unit_are_those_of_differences() {
    let rng = &mut Rng::new(6);
    let (maps, width) = (2, 2);
    let cell = CgruCell::<f64>::new(maps, rng).map_params(|x| x * 0.5);
    let packing = Arc::new(Packing::new(&[[2, 2], [1, 1]]));
    let mut inputs = cell.params();
    let live: Vec<f64> = (0..packing.rows())
        .map(|row| f64::from(u8::from(packing.cells().any(|cell| cell == row))))
        .collect();
    let live = Tensor::new(live, &[packing.rows(), 1]);
    inputs.push(Tensor::uniform(&[packing.rows(), width * maps], -1.0, 1.0, rng));
    check_grads(GradCheck::default(), &inputs, |x| {
        let cell = CgruCell {
            gate_weight: x[0].clone(),
            gate_bias: x[1].clone(),
            candidate_weight: x[2].clone(),
            candidate_bias: x[3].clone(),
        };
        let state = &x[4] * &live;
        cell.banded(width).step(&state, &packing, 0, Perturbation::NONE, &mut Rng::new(5))
    });
}

#[test]
fn strings_of_the_original_network_do_not_know_of_each_other() {
    let config = NeuralGpuConfig { maps: 5, width: 3, copies: 2, ..Default::default() };
    let gpu = NeuralGpu::<f64>::new(&config.check().unwrap(), &mut Rng::new(0));
    let task = Arithmetic::binary(Operation::Add);
    let examples = [(5, 9), (9, 9), (3, 4), (7, 0)]
        .map(|(length, steps)| (task.sample(length, &mut Rng::new(length as u64)), steps));
    let logits = |examples: &[_]| {
        let batch = Batch::new(examples);
        let rng = &mut Rng::new(1);
        let last = gpu.run(&batch.inputs, &batch.packing, Perturbation::ROUNDED, 0.0, rng);
        (gpu.read(&last, &batch.packing), batch)
    };
    let (together, batch) = logits(&examples);
    let mut before = 0;
    for (span, &i) in batch.packing.spans().iter().zip(batch.packing.order()) {
        let (alone, _) = logits(&examples[i..=i]);
        let here = together.slice(0, before..before + span.rows.len() as isize);
        assert!(alone.data().iter().zip(here.data()).all(|(a, b)| (a - b).abs() < 1e-12));
        before += span.rows.len() as isize;
    }
}

#[test]
fn averaged_copies_have_no_relaxation_cost() {
    let config = NeuralGpuConfig { maps: 2, width: 2, copies: 3, ..Default::default() };
    let gpu = NeuralGpu::<f64>::new(&config.check().unwrap(), &mut Rng::new(0));
    assert!(gpu.relaxation().item() > 1.0);
    assert!(gpu.averaged().relaxation().item() < 1e-20);
}
