#![doc = include_str!("../README.md")]

pub mod bilevel;
mod error;
pub mod fewshot;
pub mod search;

pub use error::MetaError;
