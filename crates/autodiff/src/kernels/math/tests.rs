//! Error bounds.
