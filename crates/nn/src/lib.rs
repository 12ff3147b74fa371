#![doc = include_str!("../README.md")]

pub mod clip;
mod config;
pub mod optim;

pub use config::{Checked, Config, ConfigError};
