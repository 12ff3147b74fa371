#![doc = include_str!("../README.md")]

mod accumulate;
#[cfg(feature = "approx")]
pub mod approx;
mod attention_options;
mod check;
mod deferred;
mod fused;
mod fusion;
mod graph;
#[cfg(debug_assertions)]
#[doc(hidden)]
pub mod instances;
mod levels;
mod module;
mod ops;
mod shape;
mod storage;
mod tape;
mod tensor;
mod transform;
pub mod update;

use seedbed_kernels as kernels;

pub use attention_options::AttentionOptions;
pub use check::{GradCheck, check_fused, check_grads};
pub use fused::Activation;
pub use fusion::{Fused, FusedCtx};
pub use graph::{Ctx, Grads, Op};
pub use module::{Module, Path, Role};
pub use ops::{ConvOptions, Operand};
pub use seedbed_kernels::{Float, RNG_STATE_BYTES, Rng};
pub use shape::Axes;
pub use tensor::Tensor;
pub use transform::{
    custom_gradient, debug_nan, grad, hessian, hvp, jacobian, jvp, par_value_and_grad, remat,
    value_and_grad, value_and_grad_aux, vjp,
};

/// A set of positions along an axis, as `argmax`, `sort` and `topk` give and `gather` takes.
pub type Indices = ndarray::ArcArray<usize, ndarray::IxDyn>;
