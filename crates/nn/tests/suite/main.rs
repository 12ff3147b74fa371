//! The crate's tests through its public interface, in one program.

mod checkpoint;
mod common;
mod edges;
#[cfg(unix)]
mod killed;
mod layers;
mod learn;
mod metrics;
mod names;
mod optim;
#[cfg(unix)]
mod runs;
mod schedule;
mod train;
mod weights;
