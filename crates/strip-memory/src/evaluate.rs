use seedbed_autodiff::Rng;
use seedbed_data::DataError;
use seedbed_data::programs::{Program, ProgramScores, ProgramSize, ProgramTask};

use crate::{Batch, StripError, StripMachine};

/// Counts the programs that a machine answers exactly. Programs of one size run together, at most `together` at once, with as many slots as they need, and
/// no fewer than the machine had in training; a machine without a memory has none.
///
/// # Errors
/// If the machine cannot run them.
pub fn score(
    machine: &StripMachine<f32>,
    programs: &[Program],
    together: usize,
) -> Result<ProgramScores, StripError> {
    let mut scores = ProgramScores::default();
    let mut rest = programs;
    while let Some(first) = rest.first() {
        let alike = |p: &&Program| {
            (p.size, p.instructions.len(), p.cells)
                == (first.size, first.instructions.len(), first.cells)
        };
        let n = rest.iter().take(together.max(1)).take_while(alike).count();
        let (now, later) = rest.split_at(n);
        rest = later;
        let slots = machine.config.slots;
        let needed = now.iter().map(Program::slots).max().unwrap_or(0);
        let slots = if slots == 0 { 0 } else { slots.max(needed) };
        let batch = Batch::new(now.to_vec())?;
        let answers = machine.answers(&batch, slots)?;
        now.iter().zip(&answers).for_each(|(program, answers)| scores.add(program, Some(answers)));
    }
    Ok(scores)
}

/// The share of `n` random programs of a size that a machine answers exactly.
///
/// # Errors
/// If the size makes no sense, or the machine cannot run such programs.
pub fn evaluate(
    machine: &StripMachine<f32>,
    task: ProgramTask,
    size: ProgramSize,
    tough: f64,
    n: usize,
    rng: &mut Rng,
) -> Result<f64, crate::train::TrainError> {
    let programs: Result<Vec<Program>, DataError> =
        (0..n).map(|_| task.sample(size, tough, rng)).collect();
    Ok(score(machine, &programs?, 16)?.total().share())
}
