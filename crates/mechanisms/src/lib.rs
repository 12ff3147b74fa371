#![doc = include_str!("../README.md")]

pub mod competition;
mod error;
pub mod evaluate;
mod experts;
pub mod mechanism;
pub mod network;
pub mod regimes;
pub mod rims;
pub mod samples;
#[cfg(feature = "cli")]
pub mod table;
pub mod train;

pub use error::MechanismsError;
pub use experts::{Experts, Restored};
