//! Loops over slices: no tensors, no graph.
//!
//! This is the only place where `unsafe` and threads live.

pub(crate) mod accumulate;
pub(crate) mod elementwise;
pub(crate) mod lane;
pub(crate) mod math;
pub(crate) mod par;
pub(crate) mod simd;
