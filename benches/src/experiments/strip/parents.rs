//! The machines that a strip machine is made of, each by itself on the same programs and for the same time.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use seedbed::autodiff::{Rng, Tensor, value_and_grad};
use seedbed::data::programs::{NAME_BITS, NAMES, Program, ProgramSize, ProgramTask};
use seedbed::data::strings::{Arithmetic, Operation, StringTask};
use seedbed::neural_gpu::train::{Recipe as GpuRecipe, Trainer};
use seedbed::neural_gpu::{DiagonalConfig, evaluate};
use seedbed::nn::Config as _;
use seedbed::nn::clip::clip_global_norm;
use seedbed::nn::optim::{Adam, AdamConfig};
use seedbed::ntm::{Ntm, NtmConfig};
use seedbed::strip_memory::train::Recipe;

use super::TEST_SEED;
use super::flat::Flat;

/// Programs that a parent is tested on: a Neural GPU takes time that grows with the square of what it reads.
const TESTED: usize = 8;

/// A diagonal Neural GPU that reads programs as strings: the share of exact answers.
pub(super) fn neural_gpu(
    task: ProgramTask,
    seed: u64,
    seconds: f64,
    tested: ProgramSize,
) -> Result<f64> {
    let Recipe { first, full, .. } = Recipe::of(task);
    let flat = Flat::new(task, first, full);
    let [first_length, full_length] = [first, full].map(|size| flat.length(size));
    let [input_symbols, target_symbols] = flat.symbols();
    let config = DiagonalConfig { input_symbols, target_symbols, ..Default::default() };
    let recipe = GpuRecipe {
        shards: 2,
        first_length: 2 * first_length,
        ramp_length: full_length,
        full_length,
        gate_from: full_length,
        validation: vec![[full_length, 16]],
        discard_after: 0,
        ..GpuRecipe::of(&Arithmetic::binary(Operation::Add), config.maps)
    };
    let mut trainer = Trainer::new(config.check()?, recipe.check()?, flat, seed)?;
    let until = Instant::now() + Duration::from_secs_f64(seconds);
    while Instant::now() < until {
        trainer.step()?;
    }
    let model = trainer.best().map_or(trainer.model(), |(model, _)| model);
    let rng = &mut Rng::new(TEST_SEED);
    let examples = (0..TESTED)
        .map(|i| Ok(Flat::example(&task.sample(tested, f64::from(u8::from(i % 2 == 1)), rng)?)))
        .collect::<Result<Vec<_>>>()?;
    Ok(evaluate::share_exact(model, &examples, true))
}

/// A program as a sequence: at a step the operation and the names of an instruction or a bit of its number, and blank ones for the bits of its answer.
struct Sequence {
    /// `[steps, inputs]`.
    inputs: Vec<f32>,
    /// The steps that are asked for, and their bits.
    asked: Vec<(usize, u8)>,
    steps: usize,
}

fn inputs_of(task: ProgramTask) -> usize {
    task.operations().len() + NAMES * NAME_BITS + 3
}

fn sequence(program: &Program) -> Sequence {
    let operations = program.task.operations().len();
    let width = inputs_of(program.task);
    let mut sequence = Sequence { inputs: vec![], asked: vec![], steps: 0 };
    let mut push = |set: &[(usize, f32)]| {
        let mut row = vec![0.0; width];
        set.iter().for_each(|&(at, x)| row[at] = x);
        sequence.inputs.extend(row);
        sequence.steps += 1;
        sequence.steps - 1
    };
    let mut asked = Vec::new();
    for instruction in &program.instructions {
        let mut set = vec![(instruction.operation, 1.0)];
        for (n, name) in instruction.names.iter().enumerate() {
            let bit = |bit: usize| if name >> bit & 1 == 1 { 1.0 } else { -1.0 };
            set.extend((0..NAME_BITS).map(|i| (operations + n * NAME_BITS + i, bit(i))));
        }
        push(&set);
        for &bit in &instruction.number {
            push(&[(width - 3, 1.0), (width - 2, f32::from(bit))]);
        }
        for &bit in instruction.answer.iter().flatten() {
            asked.push((push(&[(width - 1, 1.0)]), bit));
        }
    }
    sequence.asked = asked;
    sequence
}

/// The logits of the bits that are asked for.
fn logits(ntm: &Ntm, sequence: &Sequence) -> Tensor {
    let width = sequence.inputs.len() / sequence.steps;
    let inputs = Tensor::new(sequence.inputs.clone(), &[sequence.steps, 1, width]);
    let steps: Vec<usize> = sequence.asked.iter().map(|&(step, _)| step).collect();
    ntm.forward(&inputs).index_select(0, &steps).flatten()
}

/// A Neural Turing Machine that reads programs bit by bit: the share of exact answers.
pub(super) fn turing_machine(
    task: ProgramTask,
    seed: u64,
    seconds: f64,
    tested: ProgramSize,
) -> Result<f64> {
    let Recipe { first, full, .. } = Recipe::of(task);
    let rng = &mut Rng::new(seed);
    let config = NtmConfig { inputs: inputs_of(task), outputs: 1, ..Default::default() };
    let mut ntm = Ntm::<f32>::new(&config.check()?, rng);
    let mut adam = Adam::new(&ntm, AdamConfig { lr: 1e-3, ..Default::default() }.check()?);
    let until = Instant::now() + Duration::from_secs_f64(seconds);
    while Instant::now() < until {
        let between = |low: usize, high: usize, rng: &mut Rng| low + rng.below(high - low + 1);
        let size = ProgramSize {
            items: between(first.items, full.items, rng),
            operations: between(first.operations, full.operations, rng),
            digits: between(first.digits, full.digits, rng),
        };
        let sequence = sequence(&task.sample(size, 0.3, rng)?);
        let bits: Vec<f32> = sequence.asked.iter().map(|&(_, bit)| f32::from(bit)).collect();
        let bits = Tensor::new(bits.clone(), &[bits.len()]);
        let (loss, mut gradient) =
            value_and_grad(&ntm, |ntm| logits(ntm, &sequence).bce_with_logits(&bits));
        ensure!(loss.item().is_finite(), "the loss is not finite");
        clip_global_norm(&mut gradient, 1.0);
        adam.step(&mut ntm, &gradient);
    }
    let slots = 128.max(tested.items * (tested.digits + 2)).min(4096);
    let ntm = ntm.with_slots(slots)?;
    let test = &mut Rng::new(TEST_SEED);
    let mut exact = 0;
    for i in 0..TESTED {
        let sequence = sequence(&task.sample(tested, f64::from(u8::from(i % 2 == 1)), test)?);
        let right = |(x, (_, bit)): (&f32, &(usize, u8))| (*x > 0.0) == (*bit == 1);
        exact += usize::from(logits(&ntm, &sequence).data().iter().zip(&sequence.asked).all(right));
    }
    Ok(exact as f64 / TESTED as f64)
}
