//! The check table: every op stands here by its name, with its values and its derivatives to third order.
//!
//! `cargo xtask tidy` fails where a `pub fn` of `src/ops` or `src/fused` is missing.

mod binary;
mod support;
mod unary;
