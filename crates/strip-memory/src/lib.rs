#![doc = include_str!("../README.md")]

mod batch;
mod config;
mod control;
mod digital;
mod error;
mod evaluate;
mod machine;
mod saved;
mod state;
pub mod train;

pub use batch::Batch;
pub use config::{Choosing, Contents, Control, StripConfig};
pub use digital::Digital;
pub use error::StripError;
pub use evaluate::{Addressing, addressing, evaluate, score};
pub use machine::{NO_BIT, StripMachine};
pub use state::MemoryState;
