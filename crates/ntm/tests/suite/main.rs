//! The crate's tests through its public interface, in one program.

mod common;
mod golden;
mod gradcheck;
mod learn;
mod machine;
mod memory;
