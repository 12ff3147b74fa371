//! The differentiable primitives, one file a family.

#[macro_use]
mod elementwise;

mod arith;
mod binary;
mod compare;
mod operators;
mod straight_through;
mod unary;
mod unary_activation;

pub use compare::Operand;
