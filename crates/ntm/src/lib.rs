#![doc = include_str!("../README.md")]

mod baseline;
mod config;
pub mod controller;
pub mod dnc;
mod error;
mod heads;
pub mod interop;
mod machine;
mod picture;
mod resize;
mod saved;
mod sequence;
mod start;
mod trace;
pub mod train;

pub use baseline::LstmBaseline;
pub use config::{
    AddActivation, Addressing, ControllerConfig, FirstAttention, HeadOrder, MemoryInit, NtmConfig,
};
pub use controller::{Controller, FeedForward, LstmController, StandardController};
pub use dnc::{Dnc, DncConfig, DncState};
pub use error::NtmError;
pub use heads::{Heads, Place};
pub use machine::{Ntm, NtmState};
pub use picture::Picture;
pub use sequence::SequenceModel;
pub use start::Start;
pub use trace::{PlaceSnapshot, Snapshot, Trace};
