#![doc = include_str!("../README.md")]
#![allow(unsafe_code, reason = "it is what this crate is for: what is unsafe stays here")]

pub mod accumulate;
pub mod attention;
pub mod buffers;
pub mod conv;
pub mod dropout;

mod float;
pub mod gemm;
pub mod half;
pub mod index;
mod lane;
pub mod layout;
pub mod math;
pub mod moments;
pub mod mse;
pub mod norm;
pub mod par;
pub mod pointwise;
pub mod pool;
pub mod reduce;
pub mod reduce_fold;
mod rng;
pub mod rnn;
pub mod rows;
pub mod scan;
mod shared;
pub mod simd;
pub mod softmax;
pub mod sort;
pub mod sums;
mod team;
pub mod update;
pub mod vector;
pub mod xent;

pub use float::{ByElement, Float};
pub use rng::{RNG_STATE_BYTES, Rng};
