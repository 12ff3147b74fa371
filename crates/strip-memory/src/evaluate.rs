use seedbed_autodiff::Rng;
use seedbed_data::DataError;
use seedbed_data::programs::{Program, ProgramScores, ProgramSize, ProgramTask};

use crate::digital::foremost;
use crate::{Batch, Digital, StripError, StripMachine};

/// How often a machine's heads were at the right slots, everything rounded.
///
/// Which slot a machine takes for a new item is free, but no other item may be there; after that the item is looked for where it was put. Which head reads which of two
/// items is free, too.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Addressing {
    /// Items that were read where they are …
    pub reads: usize,
    /// … of so many that had to be.
    pub reads_due: usize,
    /// Items that were written to a free slot, or to their own …
    pub writes: usize,
    /// … of so many that had to be.
    pub writes_due: usize,
}

/// Follows the heads of a machine through programs of one size, with so many slots.
///
/// # Errors
/// If the machine cannot run them.
pub fn addressing(
    machine: &StripMachine<f32>,
    programs: &[Program],
    slots: usize,
) -> Result<Addressing, StripError> {
    let batch = Batch::new(programs.to_vec())?;
    machine.check(&batch, slots)?;
    let mut state = machine.reset(batch.len(), slots, batch.cells());
    let mut counts = Addressing::default();
    let heads = machine.config.read_heads + 1;
    // Where each item of each program was put.
    let mut places: Vec<Vec<Option<usize>>> =
        programs.iter().map(|program| vec![None; program.slots()]).collect();
    for step in 0..batch.steps() {
        state = machine.step(&batch, step, &state, Digital::EXACT, &mut Rng::new(0)).1;
        if slots == 0 {
            continue;
        }
        let attention = state.attention.data().chunks_exact(heads * slots);
        for ((attention, places), instruction) in attention.zip(&mut places).zip(batch.at(step)) {
            let at: Vec<_> = attention.chunks_exact(slots).map(foremost).collect();
            for &item in &instruction.reads {
                counts.reads_due += 1;
                counts.reads +=
                    usize::from(places[item].is_some() && at[..heads - 1].contains(&places[item]));
            }
            if let Some(item) = instruction.writes {
                let to = at[heads - 1];
                let right = match places[item] {
                    Some(place) => to == Some(place),
                    None => to.is_some() && !places.contains(&to),
                };
                places[item] = to;
                counts.writes_due += 1;
                counts.writes += usize::from(right);
            }
        }
    }
    Ok(counts)
}

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
