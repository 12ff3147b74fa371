#![doc = include_str!("../README.md")]

mod baseline;
mod config;
pub mod controller;
mod described;
pub mod dnc;
mod error;
mod head_options;
mod heads;
pub mod interop;
mod kernels;
mod machine;
pub mod memory;
mod picture;
mod resize;
mod saved;
mod sequence;
mod start;
mod trace;
pub mod train;

pub use baseline::LstmBaseline;
pub use config::{
    AddActivation, Addressing, ControllerConfig, FirstAttention, FirstRead, HeadOrder, MemoryInit,
    NtmConfig, Sharpening,
};
pub use controller::{Controller, FeedForward, LstmController, StandardController};
pub use dnc::{Dnc, DncConfig, DncOptions, DncState};
pub use error::NtmError;
pub use heads::Heads;
pub use machine::{Ntm, NtmState};
pub use picture::Picture;
pub use sequence::SequenceModel;
pub use start::Start;
pub use trace::{AddressingSnapshot, Snapshot, Trace};
