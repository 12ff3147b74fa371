#![doc = include_str!("../README.md")]

mod config;
mod error;
mod irreducible;
mod pick;
mod score;
mod selector;
#[cfg(feature = "train")]
pub mod train;

pub use config::{CheckedConfig, SelectionConfig};
pub use error::SelectionError;
pub use irreducible::IrreducibleLosses;
pub use pick::top_k;
pub use score::{Score, reducible_loss};
pub use selector::{Selection, Selector};
