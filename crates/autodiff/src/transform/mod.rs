//! Functions of functions: derivatives, recomputation, data parallelism.

mod custom;
mod debug_nan;
mod grad;
mod jacobian;
mod parallel;
mod products;
mod remat;

pub use custom::custom_gradient;
pub use debug_nan::debug_nan;
pub(crate) use debug_nan::{look_for_nan, look_for_nan_in_gradient};
pub use grad::{grad, value_and_grad, value_and_grad_aux};
pub use jacobian::{hessian, jacobian};
pub use parallel::par_value_and_grad;
pub use products::{hvp, jvp, vjp};
pub use remat::remat;
