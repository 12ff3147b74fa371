use seedbed_autodiff::{Float, Tensor};
use seedbed_data::programs::{Instruction, NAME_BITS, NAMES, Program};

use crate::StripError;

/// Programs of one task that run together: as many instructions each, in as many cells.
#[derive(Clone, Debug)]
pub struct Batch {
    programs: Vec<Program>,
}

/// What is wrong with an instruction, if anything: programs may be made by hand.
fn wrong_with(program: &Program, instruction: &Instruction) -> Option<String> {
    let Instruction { operation, names, number, answer, .. } = instruction;
    let (kinds, cells) = (program.task.operations().len(), program.cells);
    let bits = |bits: &[u8]| bits.iter().all(|&bit| bit <= 1);
    if *operation >= kinds {
        return Some(format!("is of kind {operation}, but should be below {kinds}"));
    }
    if names.len() > NAMES || names.iter().any(|&name| name >> NAME_BITS != 0) {
        let expected = format!("at most {NAMES} below {}", 1 << NAME_BITS);
        return Some(format!("has the names {names:?}, but should have {expected}"));
    }
    if number.len() > cells || !bits(number) {
        let n = number.len();
        return Some(format!("has a number of {n} digits, but should have at most {cells} bits"));
    }
    match answer {
        Some(answer) if answer.len() != cells || !bits(answer) => {
            let n = answer.len();
            Some(format!("asks for a number of {n} digits, but should for {cells} bits"))
        }
        _ => None,
    }
}

impl Batch {
    /// Programs that run together.
    ///
    /// # Errors
    /// If there are none, or they are of different tasks, lengths or numbers of cells; or an instruction is none of its task, or has more names or longer numbers than it may.
    pub fn new(programs: Vec<Program>) -> Result<Self, StripError> {
        let Some(first) = programs.first() else {
            return Err(StripError::Batch { what: "there is no program".into() });
        };
        let sizes = |p: &Program| (p.task, p.instructions.len(), p.cells);
        if let Some(other) = programs.iter().find(|p| sizes(p) != sizes(first)) {
            let what = format!(
                "programs of {:?} and of {:?} (task, instructions, cells) cannot run together",
                sizes(first),
                sizes(other)
            );
            return Err(StripError::Batch { what });
        }
        if first.cells == 0 {
            return Err(StripError::Batch { what: "a program of no cells".into() });
        }
        for (i, program) in programs.iter().enumerate() {
            for (step, instruction) in program.instructions.iter().enumerate() {
                if let Some(what) = wrong_with(program, instruction) {
                    let what = format!("instruction {step} of program {i} {what}");
                    return Err(StripError::Batch { what });
                }
            }
        }
        Ok(Self { programs })
    }

    /// The programs.
    pub fn programs(&self) -> &[Program] {
        &self.programs
    }

    /// How many programs.
    pub fn len(&self) -> usize {
        self.programs.len()
    }

    /// Never: there is at least one program.
    pub fn is_empty(&self) -> bool {
        self.programs.is_empty()
    }

    /// The cells of every program's tape.
    pub fn cells(&self) -> usize {
        self.programs[0].cells
    }

    /// The instructions of a program.
    pub fn steps(&self) -> usize {
        self.programs[0].instructions.len()
    }

    /// The instructions at a step, one a program.
    pub(crate) fn at(&self, step: usize) -> impl Iterator<Item = &Instruction> {
        self.programs.iter().map(move |program| &program.instructions[step])
    }

    /// What the instructions at a step are.
    pub(crate) fn operations(&self, step: usize) -> Vec<usize> {
        self.at(step).map(|i| i.operation).collect()
    }

    /// The names of the instructions at a step, bit by bit as ±1, 0 where there is no name, `[batch · NAMES, NAME_BITS]`.
    pub(crate) fn names<F: Float>(&self, step: usize) -> Tensor<F> {
        let mut bits = vec![F::zero(); self.len() * NAMES * NAME_BITS];
        for (row, instruction) in bits.chunks_exact_mut(NAMES * NAME_BITS).zip(self.at(step)) {
            for (bits, name) in row.chunks_exact_mut(NAME_BITS).zip(&instruction.names) {
                for (i, bit) in bits.iter_mut().enumerate() {
                    *bit = if name >> i & 1 == 1 { F::one() } else { -F::one() };
                }
            }
        }
        Tensor::new(bits, &[self.len() * NAMES, NAME_BITS])
    }

    /// The symbols in the cells at a step, one program after the other: 0 where there is none, else 1 + the bit.
    pub(crate) fn symbols(&self, step: usize) -> Vec<usize> {
        let cells = self.cells();
        let symbols = |i: &Instruction| {
            let number = i.number.iter().map(|&bit| 1 + usize::from(bit));
            number.chain(std::iter::repeat(0)).take(cells).collect::<Vec<_>>()
        };
        self.at(step).flat_map(symbols).collect()
    }

    /// The bits that are asked for at a step: which programs ask, and the bits of their cells.
    pub(crate) fn asked(&self, step: usize) -> (Vec<usize>, Vec<usize>) {
        let (mut programs, mut bits) = (Vec::new(), Vec::new());
        for (program, instruction) in self.at(step).enumerate() {
            if let Some(answer) = &instruction.answer {
                programs.push(program);
                bits.extend(answer.iter().map(|&bit| usize::from(bit)));
            }
        }
        (programs, bits)
    }
}
