#![doc = include_str!("../README.md")]

#[doc(inline)]
pub use seedbed_autodiff as autodiff;
#[cfg(feature = "data")]
#[doc(inline)]
pub use seedbed_data as data;
#[doc(inline)]
pub use seedbed_kernels as kernels;
#[cfg(feature = "mechanisms")]
#[doc(inline)]
pub use seedbed_mechanisms as mechanisms;
#[cfg(feature = "meta")]
#[doc(inline)]
pub use seedbed_meta as meta;
#[cfg(feature = "neural-gpu")]
#[doc(inline)]
pub use seedbed_neural_gpu as neural_gpu;
#[cfg(feature = "nn")]
#[doc(inline)]
pub use seedbed_nn as nn;
#[cfg(feature = "ntm")]
#[doc(inline)]
pub use seedbed_ntm as ntm;
#[cfg(feature = "quantizers")]
#[doc(inline)]
pub use seedbed_quantizers as quantizers;
#[cfg(feature = "rho-selection")]
#[doc(inline)]
pub use seedbed_rho_selection as rho_selection;
#[cfg(feature = "strip-memory")]
#[doc(inline)]
pub use seedbed_strip_memory as strip_memory;

#[cfg(all(feature = "data", feature = "nn"))]
mod feed;
#[cfg(all(feature = "data", feature = "nn"))]
pub use feed::{Feed, Source};

/// What nearly every program needs.
///
/// ```
/// use seedbed::prelude::*;
/// let g = grad(&Tensor::<f32>::scalar(3.0), |x| x * x);
/// assert_eq!(g.item(), 6.0);
/// ```
pub mod prelude {
    pub use seedbed_autodiff::{
        Float, Module, Rng, Tensor, grad, module, par_value_and_grad, value_and_grad,
    };
}
