#![doc = include_str!("../README.md")]

mod float;
mod kernels;

pub use float::Float;
