#![doc = include_str!("../README.md")]

// Layers.
mod conv;
mod dropout;
mod embedding;
mod init;
mod linear;
pub mod loss;
pub mod metrics;
mod mlp;
mod norm;
mod recurrent;
mod sequential;
mod summary;

pub use conv::{Conv, Conv1d, Conv2d, ConvTranspose, ConvTranspose1d, ConvTranspose2d};
pub use dropout::Dropout;
pub use embedding::Embedding;
pub use init::{Fans, Init, UnknownInit};
pub use linear::Linear;
pub use mlp::Mlp;
pub use norm::{BatchNorm, BatchStatistics, GroupNorm, LayerNorm};
pub use recurrent::{Gru, GruCell, Lstm, LstmCell, LstmState};
pub use seedbed_autodiff::Activation;
pub use sequential::{Layer, Sequential, Window};
pub use summary::{Summary, SummaryRow};

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

pub use config::{Check, Checked, Config, ConfigError};
pub use track::Goal;
