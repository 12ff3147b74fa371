#![doc = include_str!("../README.md")]

mod config;
mod model;
mod task;

pub use config::TemplateModelConfig;
pub use model::TemplateModel;
pub use task::ring;
