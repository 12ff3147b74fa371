//! The crate's tests through its public interface, in one program.

mod common;
mod errors;
mod golden;
#[cfg(feature = "train")]
mod gradcheck;
#[cfg(feature = "import")]
mod import;
#[cfg(feature = "train")]
mod learn;
mod masks;
#[cfg(feature = "parquet")]
mod parquet;
mod picks;
mod repairs;
mod report;
mod samplers;
mod selector;
mod store;
mod stream;
mod telemetry;
#[cfg(feature = "train")]
mod train;
