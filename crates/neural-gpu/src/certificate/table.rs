use std::collections::{BTreeMap, BTreeSet, VecDeque};

use seedbed_autodiff::{Module as _, Rng};
use seedbed_data::strings::{Arithmetic, Layout, Operands, Operation, StringTask as _};
use serde::{Deserialize, Serialize};

use super::margin::Margins;
use crate::automaton::{Automaton, AutomatonError, BLANK, Halt, StateId};
use crate::{DiagonalGpu, Reach};

/// What was shown: see [the module](super).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Certificate {
    /// The units of each state that a cell can have.
    pub states: Vec<Vec<i8>>,
    /// The rules: the states of a cell's second and first left neighbour and its own, as positions in `states` (`None` outside of the string), and its next state.
    pub rules: Vec<([Option<u32>; 3], u32)>,
    /// The answer of each state.
    pub answers: Vec<u8>,
    /// The least distance from ±½ of a number before rounding.
    pub margin: f64,
    /// Steps within which a cell stops changing after its neighbours did.
    pub settles_within: usize,
    /// The pairs of settled cells and carry that were visited.
    pub visited: usize,
}

/// Why a network could not be certified.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// The proof is for another kind of network or task.
    #[error("{0}")]
    NotCovered(&'static str),
    /// The automaton has an error of its own, such as too many rules.
    #[error(transparent)]
    Automaton(#[from] AutomatonError),
    /// There are too many triples of states.
    #[error("more than {limit} triples of states follow from each other: the search was given up")]
    TooManyTriples {
        /// The most that are searched.
        limit: usize,
    },
    /// Rounding errors may change a rule.
    #[error(
        "a number comes so near to ½ before rounding that rounding errors may decide the rule of {rule:?}"
    )]
    NoMargin {
        /// The states of two left neighbours and the cell.
        rule: [Vec<i8>; 3],
    },
    /// A cell never stops changing.
    #[error("a cell may go on changing beside neighbours that do not: {rule:?}")]
    NeverSettles {
        /// The states of two left neighbours and the cell.
        rule: [Vec<i8>; 3],
    },
    /// Numbers that the network adds wrongly.
    #[error(
        "the network adds {a:?} and {b:?} (least significant digit first) wrongly, or does not come to rest"
    )]
    CounterExample {
        /// The digits of one number.
        a: Vec<u8>,
        /// The digits of the other.
        b: Vec<u8>,
    },
    /// The search met a wrong answer that no run shows.
    #[error(
        "the search met a wrong answer at {a:?} + {b:?}, but the network adds these rightly: the triples that were searched are too many for a proof"
    )]
    Undecided {
        /// The digits of one number.
        a: Vec<u8>,
        /// The digits of the other.
        b: Vec<u8>,
    },
}

/// A cell's state with the symbol that it started from; `None` outside of the string.
type Cell = Option<(u8, StateId)>;

/// The last two cells that were read, both settled, and the adder's carry behind them.
type Place = ([Cell; 2], bool);

/// The most triples that are searched.
const TRIPLE_LIMIT: usize = 50_000;

/// Numbers of up to so many digits are tried first.
const TRIED: usize = 40;

/// Proves that a network adds aligned numbers of every length, or says why not.
///
/// # Errors
/// A [`Refusal`]; where there is one, with numbers that are added wrongly.
pub fn certify_addition(model: &DiagonalGpu, task: &Arithmetic) -> Result<Certificate, Refusal> {
    if (task.operation, task.layout) != (Operation::Add, Layout::Aligned) {
        return Err(Refusal::NotCovered("the proof is for the addition of aligned numbers"));
    }
    if model.cell.reach != Reach::Left {
        return Err(Refusal::NotCovered(
            "the proof is for cells that see their left neighbours alone",
        ));
    }
    if task.check().is_err() {
        return Err(Refusal::NotCovered(
            "the task makes no sense: its base should be from 2 to 15",
        ));
    }
    let symbols = [model.embedding.shape()[0] + 1, model.output.weight.shape()[1]];
    if symbols != task.symbols() {
        return Err(Refusal::NotCovered("the network has other symbols than the task"));
    }
    if model.params().iter().any(|x| x.data().iter().any(|x| !x.is_finite())) {
        return Err(AutomatonError::NotFinite.into());
    }
    let mut search = Search { automaton: Automaton::new(model)?, task, triples: BTreeMap::new() };
    search.try_some()?;
    search.close()?;
    let margin = search.margin(&Margins::new(&model.cell))?;
    let (settles_within, visited) = search.compare_with_adder()?;
    search.certificate(margin, settles_within, visited)
}

struct Search<'a> {
    automaton: Automaton,
    task: &'a Arithmetic,
    /// Triples of cells beside each other, and the next state of the last one.
    triples: BTreeMap<[Cell; 3], StateId>,
}

impl Search<'_> {
    fn symbols(&self) -> std::ops::RangeInclusive<u8> {
        1..=(self.task.symbols()[0] - 1) as u8
    }

    /// Tries some numbers: most networks that are wrong are found so at once, and the proof of a network without a rule would take long to fail.
    fn try_some(&mut self) -> Result<(), Refusal> {
        let mut rng = Rng::new(0);
        for digits in (1..=TRIED).flat_map(|digits| [digits; 3]) {
            let kind = Operands::TOUGH[rng.below(Operands::TOUGH.len())];
            let [a, b] = kind.draw(digits, self.task.base, &mut rng);
            if !self.is_right(&a, &b) {
                return Err(Refusal::CounterExample { a, b });
            }
        }
        Ok(())
    }

    /// Whether a run comes to rest, at the sum.
    fn is_right(&mut self, a: &[u8], b: &[u8]) -> bool {
        let example = self.task.example(a, b).expect("digits of the base");
        let bound = 20 * example.len() + 100;
        let run = self.automaton.run(&example.input, Halt::WhenSettled { bound });
        run.is_ok_and(|run| run.answer == example.target)
    }

    /// The next state of the last of three cells.
    fn next(&mut self, [far, near, cell]: [Cell; 3]) -> Result<StateId, AutomatonError> {
        let state = |cell: Cell| cell.map_or(BLANK, |(_, state)| state);
        // What lies to the right has weights of 0.
        let near_gated = match near {
            Some(_) => self.automaton.gate_rule([state(far), state(near), BLANK])?,
            None => 0,
        };
        let gated = self.automaton.gate_rule([state(near), state(cell), BLANK])?;
        self.automaton.next_rule([near_gated, gated, 0])
    }

    fn add(&mut self, triple: [Cell; 3]) -> Result<bool, Refusal> {
        if self.triples.contains_key(&triple) {
            return Ok(false);
        }
        if self.triples.len() >= TRIPLE_LIMIT {
            return Err(Refusal::TooManyTriples { limit: TRIPLE_LIMIT });
        }
        let next = self.next(triple)?;
        self.triples.insert(triple, next);
        Ok(true)
    }

    /// Adds the triples of start states, then all that follow from five cells beside each other of which every three are known.
    fn close(&mut self) -> Result<(), Refusal> {
        let starts: Vec<Cell> =
            self.symbols().map(|symbol| Some((symbol, self.automaton.start(symbol)))).collect();
        for &cell in &starts {
            self.add([None, None, cell])?;
            for &near in &starts {
                self.add([None, near, cell])?;
                for &far in &starts {
                    self.add([far, near, cell])?;
                }
            }
        }
        loop {
            let mut following: BTreeMap<[Cell; 2], Vec<(Cell, StateId)>> = BTreeMap::new();
            for (&[far, near, cell], &next) in &self.triples {
                following.entry([far, near]).or_default().push((cell, next));
            }
            let after = |cell: Cell, next: StateId| cell.map(|(symbol, _)| (symbol, next));
            let mut found = BTreeSet::new();
            for (&[_, near, cell], &next) in &self.triples {
                // What follows this triple, and what follows that.
                for &(second, second_next) in following.get(&[near, cell]).into_iter().flatten() {
                    let third = following.get(&[cell, second]).into_iter().flatten();
                    found.extend(third.map(|&(third, third_next)| {
                        [after(cell, next), after(second, second_next), after(third, third_next)]
                    }));
                }
            }
            // At the left end there are fewer cells.
            for &(first, first_next) in following.get(&[None, None]).into_iter().flatten() {
                let first_after = after(first, first_next);
                found.insert([None, None, first_after]);
                let second = following.get(&[None, first]).into_iter().flatten();
                found
                    .extend(second.map(|&(second, next)| [None, first_after, after(second, next)]));
            }
            let mut any = false;
            for triple in found {
                any |= self.add(triple)?;
            }
            if !any {
                return Ok(());
            }
        }
    }

    fn units(&self, triple: [Cell; 3]) -> [Vec<i8>; 3] {
        triple.map(|cell| self.automaton.units(cell.map_or(BLANK, |(_, state)| state)).to_vec())
    }

    /// The least margin of all rules.
    fn margin(&self, margins: &Margins) -> Result<f64, Refusal> {
        let mut least = f64::INFINITY;
        for (&triple, &next) in &self.triples {
            let [far, near, cell] =
                triple.map(|cell| cell.map(|(_, state)| self.automaton.units(state)));
            let margin = margins.of([far, near, cell, None, None], self.automaton.units(next));
            let rule = || Refusal::NoMargin { rule: self.units(triple) };
            least = least.min(margin.ok_or_else(rule)?);
        }
        Ok(least)
    }

    /// The state in which a cell stops changing beside neighbours that do not change, and after how many steps.
    fn settle(&mut self, triple: [Cell; 3]) -> Result<(Cell, usize), Refusal> {
        let [far, near, mut cell] = triple;
        let mut seen = BTreeSet::new();
        loop {
            let next = self.next([far, near, cell])?;
            let after = cell.map(|(symbol, _)| (symbol, next));
            if after == cell {
                return Ok((cell, seen.len()));
            }
            if !seen.insert(after) {
                return Err(Refusal::NeverSettles { rule: self.units(triple) });
            }
            cell = after;
        }
    }

    /// Goes through all that a string can settle to, from its left end, beside an adder; gives the most steps that a cell takes to settle after its neighbours, and the number of
    /// places that were visited.
    fn compare_with_adder(&mut self) -> Result<(usize, usize), Refusal> {
        let mut following: BTreeMap<[Cell; 2], Vec<Cell>> = BTreeMap::new();
        for &[far, near, cell] in self.triples.keys() {
            following.entry([far, near]).or_default().push(cell);
        }
        let start: Place = ([None, None], false);
        // Where each place was reached from, and by which symbol.
        let mut reached = BTreeMap::from([(start, None)]);
        let mut queue = VecDeque::from([start]);
        let mut most = 0;
        while let Some(place) = queue.pop_front() {
            let ([far, near], carry) = place;
            for &cell in following.get(&[far, near]).into_iter().flatten() {
                let (settled, steps) = self.settle([far, near, cell])?;
                most = most.max(steps);
                let (symbol, state) = settled.expect("a cell of the string");
                let [a, b] = self.digits(symbol);
                let sum = a + b + u8::from(carry);
                let base = self.task.base;
                if self.automaton.answer(state) != Some(sum % base) {
                    return Err(self.wrong(place, symbol, &reached));
                }
                let next = ([near, settled], sum >= base);
                reached.entry(next).or_insert_with(|| {
                    queue.push_back(next);
                    Some((place, symbol))
                });
            }
        }
        Ok((most, reached.len()))
    }

    fn digits(&self, symbol: u8) -> [u8; 2] {
        [(symbol - 1) % self.task.base, (symbol - 1) / self.task.base]
    }

    /// The numbers that lead to a wrong answer, tried.
    fn wrong(
        &mut self,
        mut place: Place,
        symbol: u8,
        reached: &BTreeMap<Place, Option<(Place, u8)>>,
    ) -> Refusal {
        let mut symbols = vec![symbol];
        while let Some((before, symbol)) = reached[&place] {
            symbols.push(symbol);
            place = before;
        }
        symbols.reverse();
        let [a, b]: [Vec<u8>; 2] =
            [0, 1].map(|i| symbols.iter().map(|&symbol| self.digits(symbol)[i]).collect());
        match self.is_right(&a, &b) {
            true => Refusal::Undecided { a, b },
            false => Refusal::CounterExample { a, b },
        }
    }

    fn certificate(
        &mut self,
        margin: f64,
        settles_within: usize,
        visited: usize,
    ) -> Result<Certificate, Refusal> {
        let of_triple = |(triple, &next): (&[Cell; 3], &StateId)| {
            triple.iter().flatten().map(|&(_, state)| state).chain([next]).collect::<Vec<_>>()
        };
        let used: BTreeSet<StateId> = self.triples.iter().flat_map(of_triple).collect();
        let number: BTreeMap<StateId, u32> = used.iter().zip(0..).map(|(&s, i)| (s, i)).collect();
        let rule = |(triple, next): (&[Cell; 3], &StateId)| {
            (triple.map(|cell| cell.map(|(_, state)| number[&state])), number[next])
        };
        let rules: BTreeSet<_> = self.triples.iter().map(rule).collect();
        let states = used.iter().map(|&state| self.automaton.units(state).to_vec()).collect();
        let answer =
            |(cell, &state)| self.automaton.answer(state).ok_or(AutomatonError::NoAnswer { cell });
        let answers = used.iter().enumerate().map(answer).collect::<Result<_, _>>()?;
        let rules = rules.into_iter().collect();
        Ok(Certificate { states, rules, answers, margin, settles_within, visited })
    }
}
