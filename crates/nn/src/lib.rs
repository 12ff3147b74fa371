#![doc = include_str!("../README.md")]

pub mod checkpoint;
pub mod clip;
mod config;
pub mod ema;
pub mod optim;
pub mod schedule;
mod track;
pub mod train;

pub use config::{Checked, Config, ConfigError};
pub use track::Goal;
