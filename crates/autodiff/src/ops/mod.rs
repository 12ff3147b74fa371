//! The differentiable primitives, one file a family.

mod arith;
