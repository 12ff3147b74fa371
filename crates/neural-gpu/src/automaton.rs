//! A rounded network as what it is: a cellular automaton.
//!
//! Where every unit of the state is −1, 0 or 1, a cell has finitely many states, and a step is a rule over neighbourhoods. An [`Automaton`] asks the network for a rule
//! when it first meets a neighbourhood and looks it up from then on; and it visits only cells around which something changed. Both change nothing: the answers are those of
//! [`DiagonalGpu::infer`]. But a run costs what happens in it: the addition of two aligned numbers of n digits about n, where a plain run costs n².
//!
//! ```
//! use std::path::Path;
//!
//! use seedbed_neural_gpu::DiagonalGpu;
//! use seedbed_neural_gpu::automaton::{Automaton, Halt};
//!
//! // Two numbers one below the other, 11 and 10 from the lowest bit on: symbols are 1 + a + 2 b.
//! let (model, _) = DiagonalGpu::load(Path::new("models/add-aligned.safetensors"))?;
//! let run = Automaton::new(&model)?.run(&[4, 2, 1], Halt::WhenSettled { bound: 100 })?;
//! assert_eq!(run.answer, [0, 0, 1]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::collections::HashMap;

use indexmap::IndexSet;
use rustc_hash::FxBuildHasher;
use seedbed_autodiff::Tensor;
use seedbed_nn::Linear;

use crate::DiagonalGpu;
use crate::batch::greatest;
use crate::diagonal::SingleCell;

/// The number of a state; [`BLANK`] lies outside of every string.
pub type StateId = u32;

/// What lies outside of strings: all units are 0, whatever lies beside it.
pub const BLANK: StateId = 0;

/// When a run ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Halt {
    /// After so many steps, as the network was trained: usually as many as the string has cells.
    AfterSteps(usize),
    /// As soon as nothing changes any more; it is an error if something still does after `bound` steps.
    WhenSettled {
        /// The most steps.
        bound: usize,
    },
}

/// What came of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// The symbol of each cell.
    pub answer: Vec<u8>,
    /// The state of each cell.
    pub states: Vec<StateId>,
    /// Steps after which nothing changed any more, or the steps that were asked for.
    pub steps: usize,
    /// Whether it was seen that another step changes nothing.
    pub settled: bool,
    /// How often a cell was looked at.
    pub visits: u64,
}

/// Why a run has no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AutomatonError {
    /// There is nothing to do.
    #[error("the string is empty: it should have at least one symbol")]
    Empty,
    /// A symbol is not of the network's alphabet.
    #[error(
        "symbol {found} at position {position} is none of the network's: they are 1 to {symbols}"
    )]
    UnknownSymbol {
        /// Where it stands.
        position: usize,
        /// What stands there.
        found: u8,
        /// The greatest symbol.
        symbols: usize,
    },
    /// The string does not fit.
    #[error("a string of {cells} cells takes about {bytes} bytes, more than the limit of {limit}")]
    TooLong {
        /// Its cells.
        cells: usize,
        /// The memory that it takes.
        bytes: usize,
        /// The most that is allowed.
        limit: usize,
    },
    /// Something still changes.
    #[error("the states still change after {bound} steps")]
    NotSettled {
        /// The most steps.
        bound: usize,
    },
    /// The network has too many rules to be looked up.
    #[error(
        "more than {limit} neighbourhoods were met: the network has no rule that repeats itself"
    )]
    TooManyRules {
        /// The most that are kept.
        limit: usize,
    },
    /// A weight is not finite, so that a state is not, either.
    #[error("a state of the network is not finite")]
    NotFinite,
    /// Two symbols are equally likely.
    #[error("the network has no single answer for cell {cell}")]
    NoAnswer {
        /// Which cell.
        cell: usize,
    },
}

/// A network whose rules are kept as they are met.
pub struct Automaton {
    cell: SingleCell,
    output: Linear,
    /// The state in which a cell with each symbol starts, from symbol 1.
    starts: Vec<StateId>,
    /// Units of states as −1, 0, 1.
    states: IndexSet<Box<[i8]>, FxBuildHasher>,
    /// Bits of `r ⊙ s`, the update gate and what is held, after each other.
    gated: IndexSet<Box<[u32]>, FxBuildHasher>,
    gate_rules: HashMap<[u32; 3], u32, FxBuildHasher>,
    next_rules: HashMap<[u32; 3], StateId, FxBuildHasher>,
    answers: Vec<Option<u8>>,
    rule_limit: usize,
    byte_limit: usize,
}

/// The most neighbourhoods that are kept, if nothing else is said.
const RULE_LIMIT: usize = 4_000_000;

/// The most memory of a run, if nothing else is said: 8 GiB.
const BYTE_LIMIT: usize = 8 << 30;

/// About the memory of a run for each cell: two numbers, twice in lists, the symbol and the answer.
const BYTES_A_CELL: usize = 40;

impl Automaton {
    /// The automaton of a network, whose states are rounded whether it is usually used so or not.
    ///
    /// # Errors
    /// If a start state is not finite.
    pub fn new(model: &DiagonalGpu) -> Result<Self, AutomatonError> {
        let cell = SingleCell::new(&model.cell);
        let maps = cell.maps();
        let mut automaton = Self {
            output: model.output.clone(),
            starts: Vec::new(),
            states: IndexSet::default(),
            gated: IndexSet::default(),
            gate_rules: HashMap::default(),
            next_rules: HashMap::default(),
            answers: Vec::new(),
            rule_limit: RULE_LIMIT,
            byte_limit: BYTE_LIMIT,
            cell,
        };
        automaton.state(&vec![0.0; maps])?;
        // An entry that no cell of a string has: what the blank lets through is 0, and its update gate is of no account.
        automaton.gated.insert(vec![f32::NAN.to_bits(); 3 * maps].into());
        let embedding = model.start(&(1..=model.embedding.shape()[0]).collect::<Vec<_>>());
        for start in embedding.data().chunks_exact(maps) {
            let rounded = automaton.cell.rounded(start);
            let id = automaton.state(&rounded)?;
            automaton.starts.push(id);
        }
        Ok(automaton)
    }

    /// With other limits: how many rules are kept, and how many bytes a run may take.
    #[must_use]
    pub fn with_limits(mut self, rules: usize, bytes: usize) -> Self {
        (self.rule_limit, self.byte_limit) = (rules, bytes);
        self
    }

    /// How many states were met, the blank among them.
    pub fn num_states(&self) -> usize {
        self.states.len()
    }

    /// How many rules were met: of what cells let through, and of next states.
    pub fn num_rules(&self) -> [usize; 2] {
        [self.gate_rules.len(), self.next_rules.len()]
    }

    /// The units of a state.
    ///
    /// # Panics
    /// If there is no such state.
    #[track_caller]
    pub fn units(&self, state: StateId) -> &[i8] {
        &self.states[state as usize]
    }

    /// The state in which a cell with this symbol starts.
    ///
    /// # Panics
    /// If the symbol is the blank or is not of the alphabet.
    #[track_caller]
    pub fn start(&self, symbol: u8) -> StateId {
        self.starts[usize::from(symbol) - 1]
    }

    /// The symbol that a cell in this state answers; `None` if several are equally likely.
    pub fn answer(&mut self, state: StateId) -> Option<u8> {
        let units = self.numbers(state);
        self.answers.resize(self.states.len(), None);
        let answer = &mut self.answers[state as usize];
        if answer.is_none() {
            let logits = self.output.forward(&Tensor::new(units.clone(), &[1, units.len()]));
            *answer = greatest(logits.data()).map(|symbol| symbol as u8);
        }
        *answer
    }

    /// Runs a string.
    ///
    /// # Errors
    /// If the string makes no sense, or the run has no answer.
    pub fn run(&mut self, symbols: &[u8], halt: Halt) -> Result<Run, AutomatonError> {
        let cells = symbols.len();
        let bytes = cells.saturating_mul(BYTES_A_CELL);
        if cells == 0 {
            return Err(AutomatonError::Empty);
        }
        if bytes > self.byte_limit || cells >= u32::MAX as usize {
            return Err(AutomatonError::TooLong { cells, bytes, limit: self.byte_limit });
        }
        // Cells are numbered from 1; 0 and the last are blank.
        let mut states = vec![BLANK; cells + 2];
        for (i, &symbol) in symbols.iter().enumerate() {
            let start = usize::from(symbol).checked_sub(1).and_then(|i| self.starts.get(i));
            states[i + 1] = *start.ok_or(AutomatonError::UnknownSymbol {
                position: i,
                found: symbol,
                symbols: self.starts.len(),
            })?;
        }
        let mut gated = vec![0; cells + 2];
        let mut changed: Vec<u32> = (1..=cells as u32).collect();
        let (mut let_through, mut next) = (Vec::new(), Vec::new());
        let bound = match halt {
            Halt::AfterSteps(steps) | Halt::WhenSettled { bound: steps } => steps,
        };
        let (mut steps, mut visits) = (0, 0);
        while steps < bound && !changed.is_empty() {
            let_through.clear();
            for i in with_neighbours(&changed, cells) {
                let new = self.gate_rule([states[i - 1], states[i], states[i + 1]])?;
                if new != gated[i] {
                    gated[i] = new;
                    let_through.push(i as u32);
                }
            }
            next.clear();
            for i in with_neighbours(&let_through, cells) {
                let new = self.next_rule([gated[i - 1], gated[i], gated[i + 1]])?;
                visits += 1;
                if new != states[i] {
                    next.push((i as u32, new));
                }
            }
            changed.clear();
            for &(i, new) in &next {
                states[i as usize] = new;
                changed.push(i);
            }
            steps += usize::from(!changed.is_empty());
        }
        let settled = changed.is_empty();
        if !settled && matches!(halt, Halt::WhenSettled { .. }) {
            return Err(AutomatonError::NotSettled { bound });
        }
        let states = states[1..=cells].to_vec();
        let answer = states
            .iter()
            .enumerate()
            .map(|(cell, &state)| self.answer(state).ok_or(AutomatonError::NoAnswer { cell }));
        let answer = answer.collect::<Result<_, _>>()?;
        Ok(Run { answer, states, steps, settled, visits })
    }

    /// The number of what the middle one of three cells lets through.
    ///
    /// # Errors
    /// If there are too many rules.
    pub(crate) fn gate_rule(&mut self, states: [StateId; 3]) -> Result<u32, AutomatonError> {
        if let Some(&known) = self.gate_rules.get(&states) {
            return Ok(known);
        }
        self.check_limit(self.gate_rules.len())?;
        let numbers = states.map(|state| self.numbers(state)).concat();
        let gated = self.cell.gated(&numbers);
        let parts = [gated.reset_state, gated.update, gated.held];
        let bits = parts.iter().flatten().map(|x| x.to_bits()).collect();
        let id = self.gated.insert_full(bits).0 as u32;
        self.gate_rules.insert(states, id);
        Ok(id)
    }

    /// The next state of the middle one of three cells, from the numbers of what they let through.
    pub(crate) fn next_rule(&mut self, gated: [u32; 3]) -> Result<StateId, AutomatonError> {
        if let Some(&known) = self.next_rules.get(&gated) {
            return Ok(known);
        }
        self.check_limit(self.next_rules.len())?;
        let maps = self.cell.maps();
        let reset_states = gated.map(|id| self.let_through(id, 0)).concat();
        let [update, held] = [1, 2].map(|part| self.let_through(gated[1], part));
        debug_assert_eq!(update.len(), maps);
        let next = self.cell.next(&reset_states, &update, &held);
        let id = self.state(&next)?;
        self.next_rules.insert(gated, id);
        Ok(id)
    }

    fn check_limit(&self, rules: usize) -> Result<(), AutomatonError> {
        match rules < self.rule_limit {
            true => Ok(()),
            false => Err(AutomatonError::TooManyRules { limit: self.rule_limit }),
        }
    }

    /// A part of what a cell lets through; that of the blank is 0.
    fn let_through(&self, id: u32, part: usize) -> Vec<f32> {
        let maps = self.cell.maps();
        match id {
            0 => vec![0.0; maps],
            _ => {
                let bits = &self.gated[id as usize][part * maps..(part + 1) * maps];
                bits.iter().map(|&bits| f32::from_bits(bits)).collect()
            }
        }
    }

    fn numbers(&self, state: StateId) -> Vec<f32> {
        self.units(state).iter().map(|&unit| f32::from(unit)).collect()
    }

    /// The number of a state.
    fn state(&mut self, units: &[f32]) -> Result<StateId, AutomatonError> {
        // A NaN would become a 0.
        if units.iter().any(|unit| unit.is_nan()) {
            return Err(AutomatonError::NotFinite);
        }
        let units = units.iter().map(|&unit| unit as i8).collect();
        Ok(self.states.insert_full(units).0 as StateId)
    }
}

/// The given cells and their neighbours among cells 1 to `cells`, each once, in order; those given are in order, too.
fn with_neighbours(given: &[u32], cells: usize) -> impl Iterator<Item = usize> {
    let mut done = 0;
    given.iter().flat_map(move |&i| {
        let i = i as usize;
        let from = (i - 1).max(done + 1);
        let to = (i + 1).min(cells);
        done = done.max(to);
        from..=to
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_come_once_and_in_order() {
        let of = |given: &[u32]| with_neighbours(given, 9).collect::<Vec<_>>();
        assert_eq!(of(&[1]), [1, 2]);
        assert_eq!(of(&[1, 2, 5, 9]), [1, 2, 3, 4, 5, 6, 8, 9]);
        assert_eq!(of(&[3, 5, 6]), [2, 3, 4, 5, 6, 7]);
        assert!(of(&[]).is_empty());
    }
}
