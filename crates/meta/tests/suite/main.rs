//! The crate's tests through its public interface, in one program.

mod darts;
mod extremes;
mod fewshot;
mod golden;
mod gradcheck;
mod learn;
mod record;
mod search;
