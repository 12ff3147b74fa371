//! Loops over slices: no tensors, no graph.
//!
//! This is the only place where `unsafe` and threads live.

pub(crate) mod accumulate;
pub(crate) mod par;
