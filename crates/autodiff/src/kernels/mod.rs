//! Loops over slices: no tensors, no graph.
//!
//! This is the only place where `unsafe` and threads live.

pub(crate) mod accumulate;
pub(crate) mod conv;
mod crew;
pub(crate) mod dropout;
pub(crate) mod elementwise;
pub(crate) mod gemm;
pub(crate) mod index;
pub(crate) mod lane;
pub(crate) mod layout;
pub(crate) mod math;
pub(crate) mod memory;
pub(crate) mod mse;
pub(crate) mod norm;
pub(crate) mod par;
pub(crate) mod pool;
pub(crate) mod reduce;
pub(crate) mod reduce_fold;
pub(crate) mod rnn;
pub(crate) mod rows;
pub(crate) mod scan;
pub(crate) mod simd;
pub(crate) mod softmax;
pub(crate) mod sort;
pub(crate) mod update;
pub(crate) mod xent;
