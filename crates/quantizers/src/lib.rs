#![doc = include_str!("../README.md")]

mod beam;
mod diagnosis;
mod error;
mod fsq;
mod grouped;
mod indices;
#[cfg(feature = "interop")]
pub mod interop;
mod latent;
mod lfq;
#[cfg(feature = "interop")]
mod numbers;
pub mod pack;
mod projected;
mod quantizer;
mod radix;
mod random_projection;
mod residual;
mod rows;
mod scaled;
mod scratch;
mod summed;
#[cfg(feature = "cli")]
pub mod tokenize;
#[cfg(feature = "train")]
pub mod tokenizer;
#[cfg(feature = "train")]
pub mod train;
pub mod usage;
mod vq;

pub use beam::Beam;
pub use diagnosis::{Cause, Diagnosis, why_dead};
pub use error::QuantizerError;
pub use fsq::{Axis, Dialect, Fsq, ResidualFsq, Squash, StageScale, levels_for_bits};
pub use grouped::{Grouped, Heads};
pub use indices::{Index, Indices, IndicesMut};
pub use latent::Latent;
pub use lfq::{BitOrder, Lfq};
pub use projected::{Affine, Projected};
pub use quantizer::Quantizer;
pub use radix::Radix;
pub use random_projection::RandomProjection;
pub use residual::Residual;
pub use scaled::Scaled;
pub use scratch::Scratch;
pub use summed::Summed;
pub use vq::{Clusters, Codebook, Metric, Vq, kmeans};
