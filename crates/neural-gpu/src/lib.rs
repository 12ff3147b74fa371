#![doc = include_str!("../README.md")]

pub mod automaton;
mod batch;
pub mod certificate;
mod config;
mod diagonal;
pub mod evaluate;
pub mod harness;
mod machine;
mod model;
mod original;
mod packing;
mod perturbation;
mod saved;
pub mod train;

pub use batch::Batch;
pub use config::DiagonalConfig;
pub use diagonal::{DiagonalCell, Moving, Reach, Saturation};
pub use machine::Machine;
pub use model::DiagonalGpu;
pub use original::{BandedCgru, CgruCell, NeuralGpu, NeuralGpuConfig};
pub use packing::{Packing, Span};
pub use perturbation::Perturbation;
