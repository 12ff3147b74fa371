//! Kernels with a specification: see [`Fused`](crate::Fused).

mod linear;

pub use linear::Activation;
