//! Proofs that a network is right, for strings of every length.
//!
//! Where the state is rounded, a network is an [automaton](crate::automaton) with a finite table of rules, and its table can be searched to the end. For the addition of
//! [aligned](seedbed_data::strings::Layout::Aligned) numbers by a network whose cells see their [left](crate::Reach::Left) neighbour alone, [`certify_addition`] shows:
//!
//! 1. **Closed.** Starting from every pair of digits and adding what follows from three cells beside each other, again and again, gives a finite set of triples of states: no
//!    string of any length ever contains another one.
//! 2. **Exact.** For every rule of these triples, the numbers before rounding are farther from ±½ than all rounding errors of 32-bit arithmetic, in any order of
//!    summation, can carry them (interval arithmetic). So the table is the same on every machine.
//! 3. **It settles, and is right.** The string is read from its left end, where nothing changes any more, beside an adder that carries from digit to digit. Whatever the next cell
//!    holds, it stops changing within c steps, and its answer is then the adder's digit. All pairs of settled cells and carry that can be reached so are visited; they are
//!    finitely many.
//!
//! Together: a string of n cells stops changing within c · n steps, by induction from the left, and then holds the sum: the network adds any two numbers without error. What is *not* proved: anything about a run that ends earlier (after as many steps as
//! cells, say), and anything about the machine that runs it.

mod margin;
mod table;

pub use table::{Certificate, Refusal, certify_addition};
