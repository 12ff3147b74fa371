#![doc = include_str!("../README.md")]

mod candidates;
mod config;
mod error;
mod math;
pub mod pick;
pub mod report;
mod required;
mod rows;
mod schedule;
pub mod score;
mod selector;
mod stale;
pub mod store;
mod stream;
mod subset;
mod telemetry;
#[cfg(feature = "train")]
pub mod train;

pub use candidates::{Candidates, Known};
pub use config::{CheckedConfig, NotFinite, Off, SelectionConfig};
pub use error::{Example, SelectionError};
pub use pick::{Picked, Policy, top_k};
pub use rows::Rows;
pub use schedule::Schedule;
pub use score::{Repair, Score, reducible_loss};
pub use seedbed_kernels::Rng;
pub use selector::{Selection, Selector, SelectorState};
pub use stale::StaleLosses;
pub use store::{IrreducibleLosses, Origin, StoreError};
pub use stream::{StreamConfig, StreamSelection, StreamSelector};
pub use telemetry::{LossShare, Quantiles, Share, Telemetry, TelemetryWriter};
