//! The two machines that this one is made of, as its limits.

use std::sync::Arc;

use seedbed_autodiff::{Module, Rng, Tensor};
use seedbed_data::programs::{ProgramSize, ProgramTask};
use seedbed_neural_gpu::{DiagonalConfig, DiagonalGpu, Moving, Packing, Perturbation, Reach};
use seedbed_nn::Config;
use seedbed_ntm::Sharpening;
use seedbed_ntm::memory::{self, AddressingOptions};
use seedbed_strip_memory::{Batch, Digital, StripConfig, StripMachine};

fn batch(size: ProgramSize, programs: usize) -> Batch {
    let rng = &mut Rng::new(9);
    let one = |_| ProgramTask::KvAdd.sample(size, 0.0, rng).unwrap();
    Batch::new((0..programs).map(one).collect()).unwrap()
}

/// Without slots, and on an empty tape, an instruction is a run of the diagonal Neural GPU: the same bits.
#[test]
fn without_a_memory_it_is_the_diagonal_neural_gpu() {
    let size = ProgramSize { items: 1, operations: 1, digits: 6 };
    let batch = batch(size, 3);
    let config = StripConfig { slots: 0, ..StripConfig::small() };
    let mut machine = StripMachine::<f32>::new(&config.check().unwrap(), &mut Rng::new(1));
    // σ(100) is 1: the instruction lets all of its symbols in.
    machine.gates = Tensor::full(machine.gates.shape(), 100.0);
    let config = DiagonalConfig {
        maps: 24,
        moving: Moving { right: 8, left: 0 },
        reach: Reach::Left,
        input_symbols: 3,
        target_symbols: 2,
        rounded: true,
    };
    let mut gpu = DiagonalGpu::<f32>::new(&config.check().unwrap(), &mut Rng::new(2));
    gpu.embedding = machine.symbols.clone();
    gpu.cell = machine.cell.clone();
    gpu.output = machine.output.clone();

    let cells = batch.cells();
    let packing = Arc::new(Packing::new(&vec![[cells, cells]; batch.len()]));
    let mut inputs = vec![0; packing.rows()];
    for (span, program) in packing.spans().iter().zip(batch.programs()) {
        for (row, &bit) in span.rows.clone().zip(&program.instructions[0].number) {
            inputs[row] = 1 + usize::from(bit);
        }
    }
    for (digital, perturbation) in
        [(Digital::SOFT, Perturbation::NONE), (Digital::EXACT, Perturbation::ROUNDED)]
    {
        let state = machine.reset(batch.len(), 0, cells);
        let (logits, next) = machine.step(&batch, 0, &state, digital, &mut Rng::new(3));
        let (last, _) = gpu.run(&inputs, &packing, perturbation, &mut Rng::new(4));
        let rows: Vec<usize> = packing.cells().collect();
        assert_eq!(next.tape.to_vec(), last.index_select(0, &rows).to_vec());
        assert_eq!(logits.to_vec(), gpu.read(&last, &packing).to_vec());
    }
}

/// One number of a tensor.
fn at(x: &Tensor<f64>, index: &[usize]) -> f64 {
    x.data()[index.iter().zip(x.shape()).fold(0, |place, (i, n)| place * n + i)]
}

/// What the heads do to keys is what the Neural Turing Machine's do to its rows; strips are read and written by the same attention.
#[test]
fn heads_are_those_of_the_neural_turing_machine() {
    let size = ProgramSize { items: 4, operations: 2, digits: 1 };
    let batch = batch(size, 2);
    let config = StripConfig { slots: 5, ..StripConfig::small() };
    let machine = StripMachine::<f64>::new(&config.check().unwrap(), &mut Rng::new(1));
    let parameters: Vec<(String, Tensor<f64>)> =
        machine.named().into_iter().map(|(name, _, x)| (name, x)).collect();
    let named = |name: &str| {
        parameters.iter().find(|(n, _)| n == name).unwrap_or_else(|| panic!("{name}")).1.clone()
    };
    let [codes, operands, links, follow, scalars] =
        ["codes", "operands", "links", "follow", "scalars"].map(|n| named(&format!("decoder.{n}")));
    let options = AddressingOptions {
        shifts: Some(3),
        similarity_eps: 1e-2,
        sharpening: Sharpening::Normalized,
    };
    let (heads, key) = (3, 32);
    let mut state = machine.reset(2, 5, batch.cells());
    for step in 0..batch.steps() {
        // What is decided, worked out here number by number.
        let (mut raw, mut kappa, mut omega) = (Vec::new(), Vec::new(), Vec::new());
        for (i, program) in batch.programs().iter().enumerate() {
            let instruction = &program.instructions[step];
            let o = instruction.operation;
            // A name's bits as ±1 through the codes of a role.
            let code = |role: usize, name: usize, element: usize| -> f64 {
                let Some(name) = instruction.names.get(name) else { return 0.0 };
                let sign = |bit: usize| if name >> bit & 1 == 1 { 1.0 } else { -1.0 };
                (0..12).map(|bit| sign(bit) * at(&codes, &[role, bit, element])).sum()
            };
            let of_names = |to: usize, element: usize| -> f64 {
                (0..6).map(|j| at(&operands, &[o, to, j]) * code(j / 3, j % 3, element)).sum()
            };
            for head in 0..heads {
                for element in 0..key {
                    let followed: f64 = (0..2 * key)
                        .map(|j| {
                            let read = at(&state.read_keys, &[i, j]);
                            at(&links, &[o, head, j / key])
                                * read
                                * at(&follow, &[j % key, element])
                        })
                        .sum();
                    raw.push(of_names(head, element) + followed);
                }
                raw.extend((0..6).map(|j| at(&scalars, &[o, 6 * head + j])));
            }
            kappa.extend((0..key).map(|element| of_names(heads, element)));
            omega.push(at(&scalars, &[o, 6 * heads]));
        }
        let raw = Tensor::new(raw, &[2, heads, key + 6]).clamp(-20.0, 20.0);
        let kappa = Tensor::new(kappa, &[2, 1, key]).clamp(-1.0, 1.0);
        let omega = (Tensor::new(omega, &[2, 1, 1]) * 0.5 + 0.5).clamp(0.0, 1.0);
        let attention = memory::addressing(&state.keys, &raw, &state.attention, options);
        let read = memory::read(&state.keys, &attention.slice(1, 0..2));
        let keys = memory::write(
            &state.keys,
            &attention.slice(1, 2..3),
            &omega.broadcast_to(&[2, 1, key]),
            &(&omega * kappa),
        );
        let (_, next) = machine.step(&batch, step, &state, Digital::SOFT, &mut Rng::new(0));
        let near = |a: &Tensor<f64>, b: &Tensor<f64>| {
            assert_eq!(a.shape(), b.shape());
            for (a, b) in a.data().iter().zip(b.data()) {
                assert!((a - b).abs() < 1e-12, "{a} and {b}");
            }
        };
        near(&next.attention, &attention);
        near(&next.read_keys, &read.reshape(&[2, 2 * key]));
        near(&next.keys, &keys);
        state = next;
    }
}
