//! The crate's tests through its public interface, in one program.

mod extremes;
mod golden;
mod gradcheck;
mod learn;
mod refused;
