//! The crate's tests through its public interface, in one program.

mod determinism;
mod elementwise;
mod golden;
mod gradcheck;
mod messages_linear;
mod numerics;
mod properties;
mod transforms;
mod update;
