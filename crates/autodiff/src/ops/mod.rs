//! The differentiable primitives, one file a family.

#[macro_use]
mod elementwise;

mod binary;
mod compare;
mod index;
mod operators;
mod reduce;
mod shape;
mod shape_join;
mod shape_slice;
mod softmax;
mod straight_through;
mod unary;
mod unary_activation;

pub use compare::Operand;
