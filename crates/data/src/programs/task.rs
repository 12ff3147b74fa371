use seedbed_kernels::Rng;
use serde::{Deserialize, Serialize};

use super::draw::{Draw, bits, number};
use super::{Instruction, NAME_BITS, Program};
use crate::error::DataError;

/// What programs are about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProgramTask {
    /// Numbers are stored by name, then sums of two of them are asked for.
    KvAdd,
    /// A register machine: registers are loaded, then sums of two go to a third, and at last all are put out.
    Registers,
    /// A linked list: every node has a number and the name of another one. From a start, links are followed, and the numbers of all nodes on the way are
    /// added up.
    Chase,
    /// Accounts are opened with a sum; it is credited and debited; at last all balances are asked for. No balance is ever below 0.
    Ledger,
}

/// How large a program is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProgramSize {
    /// Names: pairs, registers, nodes, accounts.
    pub items: usize,
    /// Sums that are asked for, additions, links that are followed, bookings.
    pub operations: usize,
    /// The bits of a number that is given.
    pub digits: usize,
}

impl ProgramTask {
    /// All four.
    pub const ALL: [Self; 4] = [Self::KvAdd, Self::Registers, Self::Chase, Self::Ledger];

    /// Its name in files.
    pub fn name(self) -> &'static str {
        match self {
            Self::KvAdd => "kv-add",
            Self::Registers => "registers",
            Self::Chase => "chase",
            Self::Ledger => "ledger",
        }
    }

    /// What its instructions can be.
    pub fn operations(self) -> &'static [&'static str] {
        match self {
            Self::KvAdd => &["store", "add"],
            Self::Registers => &["load", "add", "out"],
            Self::Chase => &["store", "start", "hop", "total"],
            Self::Ledger => &["open", "credit", "debit", "balance"],
        }
    }

    /// The room that numbers of a program need: what comes of its additions may be longer than what is given.
    pub fn cells(self, size: ProgramSize) -> usize {
        let log = |n: usize| n.saturating_add(1).ilog2() as usize + 1;
        let growth = match self {
            Self::KvAdd => 1,
            // A register that is added to itself doubles.
            Self::Registers => size.operations,
            Self::Chase | Self::Ledger => log(size.operations),
        };
        size.digits.saturating_add(growth)
    }

    /// A random program. Numbers are uniform, but for a share `tough`, from 0 to 1, of those that networks are known to get wrong: long carries, powers of two, runs.
    /// As many of the names differ from another one in a single bit, so that they are easily mistaken.
    ///
    /// # Errors
    /// If there is no item, or more than half of all names; no operation; no digit; or more bits of all numbers together than 2³⁰.
    pub fn sample(
        self,
        size: ProgramSize,
        tough: f64,
        rng: &mut Rng,
    ) -> Result<Program, DataError> {
        let most = 1 << (NAME_BITS - 1);
        let wrong = |name, found: usize, expected: &str| {
            let (found, expected) = (found.to_string(), expected.into());
            Err(DataError::Invalid { name, found, expected })
        };
        if size.items == 0 || size.items > most {
            return wrong("ProgramSize.items", size.items, &format!("from 1 to {most}"));
        }
        if size.operations == 0 || size.operations > 1 << 20 {
            return wrong("ProgramSize.operations", size.operations, "from 1 to 2^20");
        }
        if size.digits == 0 || size.digits > 1 << 24 {
            return wrong("ProgramSize.digits", size.digits, "from 1 to 2^24");
        }
        let cells = self.cells(size);
        // Each instruction may have a number of its own.
        let bits = (size.items + size.operations).saturating_mul(cells);
        if bits > MOST_BITS {
            return wrong("ProgramSize", bits, "so small that all numbers have at most 2^30 bits");
        }
        let draw = Draw { digits: size.digits, cells, tough };
        let instructions = match self {
            Self::KvAdd => kv_add(size, draw, rng),
            Self::Registers => registers(size, draw, rng),
            Self::Chase => chase(size, draw, rng),
            Self::Ledger => ledger(size, draw, rng),
        };
        Ok(Program { task: self, size, instructions, cells })
    }
}

/// The most bits of all numbers of a program: a byte each in memory.
const MOST_BITS: usize = 1 << 30;

/// An instruction that stores a number under a name that is new.
fn store(slot: usize, names: Vec<u16>, number: Vec<u8>) -> Instruction {
    Instruction { operation: 0, names, number, answer: None, reads: vec![], writes: Some(slot) }
}

fn kv_add(size: ProgramSize, draw: Draw, rng: &mut Rng) -> Vec<Instruction> {
    let names = draw.names(size.items, rng);
    let numbers = draw.numbers(size.items, rng);
    let mut program: Vec<Instruction> =
        (0..size.items).map(|i| store(i, vec![names[i]], numbers[i].clone())).collect();
    for _ in 0..size.operations {
        let (i, j) = draw.two(size.items, rng);
        let sum = number(&numbers[i]) + number(&numbers[j]);
        program.push(Instruction {
            operation: 1,
            names: vec![names[i], names[j]],
            number: vec![],
            answer: Some(bits(&sum, draw.cells)),
            reads: vec![i, j],
            writes: None,
        });
    }
    program
}

fn registers(size: ProgramSize, draw: Draw, rng: &mut Rng) -> Vec<Instruction> {
    let names = draw.names(size.items, rng);
    let numbers = draw.numbers(size.items, rng);
    let mut program: Vec<Instruction> =
        (0..size.items).map(|i| store(i, vec![names[i]], numbers[i].clone())).collect();
    let mut values: Vec<_> = numbers.iter().map(|x| number(x)).collect();
    for _ in 0..size.operations {
        let (i, j) = draw.two(size.items, rng);
        let to = rng.below(size.items);
        values[to] = &values[i] + &values[j];
        program.push(Instruction {
            operation: 1,
            names: vec![names[i], names[j], names[to]],
            number: vec![],
            answer: None,
            reads: vec![i, j],
            writes: Some(to),
        });
    }
    program.extend(ask(2, &names, &values, draw, rng));
    program
}

fn chase(size: ProgramSize, draw: Draw, rng: &mut Rng) -> Vec<Instruction> {
    let names = draw.names(size.items, rng);
    let numbers = draw.numbers(size.items, rng);
    let next: Vec<usize> = (0..size.items).map(|_| rng.below(size.items)).collect();
    let node = |i: usize| store(i, vec![names[i], names[next[i]]], numbers[i].clone());
    let mut program: Vec<Instruction> = (0..size.items).map(node).collect();
    let mut at = rng.below(size.items);
    let mut sum = number(&numbers[at]);
    let step = |operation, names, at| Instruction {
        operation,
        names,
        number: vec![],
        answer: None,
        reads: vec![at],
        writes: None,
    };
    program.push(step(1, vec![names[at]], at));
    for _ in 0..size.operations {
        at = next[at];
        sum += number(&numbers[at]);
        program.push(step(2, vec![], at));
    }
    let answer = Some(bits(&sum, draw.cells));
    program.push(Instruction { answer, reads: vec![], ..step(3, vec![], at) });
    program
}

fn ledger(size: ProgramSize, draw: Draw, rng: &mut Rng) -> Vec<Instruction> {
    let names = draw.names(size.items, rng);
    let numbers = draw.numbers(size.items, rng);
    let mut program: Vec<Instruction> =
        (0..size.items).map(|i| store(i, vec![names[i]], numbers[i].clone())).collect();
    let mut balances: Vec<_> = numbers.iter().map(|x| number(x)).collect();
    for _ in 0..size.operations {
        let of = rng.below(size.items);
        let amount = draw.booking(&balances[of], rng);
        let value = number(&amount);
        let debit = value <= balances[of] && rng.bernoulli(0.5);
        if debit {
            balances[of] -= value;
        } else {
            balances[of] += value;
        }
        program.push(Instruction {
            operation: if debit { 2 } else { 1 },
            names: vec![names[of]],
            number: amount,
            answer: None,
            reads: vec![of],
            writes: Some(of),
        });
    }
    program.extend(ask(3, &names, &balances, draw, rng));
    program
}

/// Asks for all values, in random order.
fn ask(
    operation: usize,
    names: &[u16],
    values: &[num_bigint::BigUint],
    draw: Draw,
    rng: &mut Rng,
) -> Vec<Instruction> {
    let mut order: Vec<usize> = (0..names.len()).collect();
    rng.shuffle(&mut order);
    let one = |i: usize| Instruction {
        operation,
        names: vec![names[i]],
        number: vec![],
        answer: Some(bits(&values[i], draw.cells)),
        reads: vec![i],
        writes: None,
    };
    order.into_iter().map(one).collect()
}
