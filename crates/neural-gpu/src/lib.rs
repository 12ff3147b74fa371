#![doc = include_str!("../README.md")]

mod batch;
mod config;
mod diagonal;
pub mod evaluate;
mod model;
mod packing;
mod perturbation;
mod saved;
pub mod train;

pub use batch::Batch;
pub use config::DiagonalConfig;
pub use diagonal::{DiagonalCell, Moving, Saturation};
pub use model::DiagonalGpu;
pub use packing::{Packing, Span};
pub use perturbation::Perturbation;
