//! All tests of the crate's public face, in one program: it is linked once.

mod automaton;
mod extremes;
mod golden;
mod gradcheck;
mod harness;
mod learn;
mod relaxed;
mod train;
