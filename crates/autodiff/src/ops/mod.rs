//! The differentiable primitives, one file a family.

#[macro_use]
mod elementwise;

mod binary;
mod compare;
mod conv;
mod einsum;
mod index;
mod matmul;
mod operators;
mod pool;
mod pool_adaptive;
mod power;
mod reduce;
mod reduce_fold;
mod reduce_moments;
mod reduce_norm;
mod scan;
mod shape;
mod shape_join;
mod shape_slice;
mod softmax;
mod sort;
mod straight_through;
mod triangle;
mod unary;
mod unary_activation;
mod upsample;

pub use compare::Operand;
pub use conv::ConvOptions;
pub(crate) use elementwise::of_slices;
