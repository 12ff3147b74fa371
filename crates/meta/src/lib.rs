#![doc = include_str!("../README.md")]

pub mod bilevel;
mod error;
pub mod fewshot;
mod normed_conv;
pub mod search;

pub use error::MetaError;
pub use normed_conv::NormedConv;
