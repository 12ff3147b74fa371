//! The crate's tests through its public interface, in one program.

mod determinism;
mod elementwise;
mod golden;
mod gradcheck;
mod messages;
mod messages_linear;
mod named_axes;
mod numerics;
mod panics;
mod properties;
mod transforms;
mod update;
