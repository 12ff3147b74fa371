//! Kernels with a specification: see [`Fused`](crate::Fused).
