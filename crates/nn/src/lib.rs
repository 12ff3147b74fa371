#![doc = include_str!("../README.md")]

// Layers.
mod attention;
mod conv;
mod dropout;
mod embedding;
mod init;
mod linear;
pub mod loss;
pub mod metrics;
mod mlp;
mod norm;
mod positions;
mod recurrent;
mod sequential;
mod summary;
mod transformer;

pub use attention::{MultiHeadAttention, padding_mask};
pub use conv::{Conv, Conv1d, Conv2d, ConvTranspose, ConvTranspose1d, ConvTranspose2d};
pub use dropout::Dropout;
pub use embedding::Embedding;
pub use init::{Fans, Init, UnknownInit};
pub use linear::Linear;
pub use mlp::Mlp;
pub use norm::{BatchNorm, BatchStatistics, GroupNorm, LayerNorm, RmsNorm};
pub use positions::{LearntPositions, Rotary, sinusoidal_positions};
pub use recurrent::{Gru, GruCell, Lstm, LstmCell, LstmState};
pub use seedbed_autodiff::{Activation, AttentionOptions};
pub use sequential::{Layer, Sequential, Window};
pub use summary::{Summary, SummaryRow};
pub use transformer::TransformerBlock;

// Training.
pub mod checkpoint;
pub mod clip;
mod config;
pub mod ema;
pub mod files;
pub mod optim;
pub mod schedule;
mod track;
pub mod train;
mod warn;
pub mod weights;

pub use config::{Check, Checked, Config, ConfigError};
pub use track::Goal;
