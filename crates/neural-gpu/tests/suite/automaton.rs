//! Automata are the networks they are made of, bit for bit, and say what is wrong with their input.

use seedbed_autodiff::{Module as _, Rng, Tensor};
use seedbed_data::strings::{Arithmetic, Layout, Operation, StringTask as _};
use seedbed_neural_gpu::automaton::{Automaton, AutomatonError, Halt};
use seedbed_neural_gpu::{Batch, DiagonalConfig, DiagonalGpu, Moving, Reach};
use seedbed_nn::Config as _;

/// A network with wild rules.
fn network(maps: usize, moving: Moving, reach: Reach, seed: u64) -> DiagonalGpu {
    let config = DiagonalConfig { maps, moving, reach, ..Default::default() }.check().unwrap();
    let rng = &mut Rng::new(seed);
    let gpu = DiagonalGpu::new(&config, rng);
    gpu.map_params(|x| x * 3.0 + Tensor::uniform(x.shape(), -0.3, 0.3, rng))
}

#[test]
fn a_run_is_that_of_the_network() {
    let task = Arithmetic::binary(Operation::Add);
    for seed in 0..6 {
        let (left, reach) = if seed % 2 == 0 { (2, Reach::Both) } else { (0, Reach::Left) };
        let gpu = network(7, Moving { right: 2, left }, reach, seed);
        let mut automaton = Automaton::new(&gpu).unwrap();
        let rng = &mut Rng::new(100 + seed);
        for (length, steps) in [(3, 0), (3, 1), (9, 9), (25, 60), (41, 41)] {
            let example = task.sample(length, rng);
            let batch = Batch::new(&[(example.clone(), steps)]);
            let start = gpu.start(&batch.inputs);
            let last = gpu.cell.infer(start.data(), &batch.packing, true);
            let Ok(run) = automaton.run(&example.input, Halt::AfterSteps(steps)) else {
                panic!("no answer with seed {seed}")
            };
            // No step is made at all of strings with 0 steps: their start is not even rounded.
            if steps > 0 {
                for (cell, &state) in run.states.iter().enumerate() {
                    let theirs = &last[(cell + 1) * 7..(cell + 2) * 7];
                    let ours = automaton.units(state).iter().map(|&unit| f32::from(unit));
                    assert!(ours.eq(theirs.iter().copied()), "seed {seed}, cell {cell}");
                }
            }
        }
    }
}

#[test]
fn bad_input_is_refused() {
    let gpu = network(6, Moving::thirds(6), Reach::Both, 1);
    let mut automaton = Automaton::new(&gpu).unwrap();
    let mut refused = |symbols: &[u8], halt| automaton.run(symbols, halt).unwrap_err().to_string();
    let halt = Halt::AfterSteps(3);
    assert_eq!(refused(&[], halt), "the string is empty: it should have at least one symbol");
    assert_eq!(
        refused(&[1, 4, 1], halt),
        "symbol 4 at position 1 is none of the network's: they are 1 to 3"
    );
    assert_eq!(
        refused(&[1, 0], halt),
        "symbol 0 at position 1 is none of the network's: they are 1 to 3"
    );
    assert_eq!(
        refused(&[1, 2], Halt::WhenSettled { bound: 0 }),
        "the states still change after 0 steps"
    );
    let mut small = Automaton::new(&gpu).unwrap().with_limits(5, 400);
    let run = |small: &mut Automaton, cells| small.run(&vec![1; cells], halt).unwrap_err();
    assert_eq!(run(&mut small, 11), AutomatonError::TooLong { cells: 11, bytes: 440, limit: 400 });
    assert_eq!(run(&mut small, 10), AutomatonError::TooManyRules { limit: 5 });
    let broken = gpu.map_params(|x| x * f64::NAN);
    assert_eq!(Automaton::new(&broken).err(), Some(AutomatonError::NotFinite));
}

#[test]
fn aligned_numbers_have_their_own_alphabet() {
    let task = Arithmetic { operation: Operation::Add, base: 2, layout: Layout::Aligned };
    assert_eq!(task.symbols(), [5, 2]);
    let example = task.example(&[1, 0], &[1, 1]).unwrap();
    assert_eq!((example.input, example.target), (vec![4, 3, 1], vec![0, 0, 1]));
}
