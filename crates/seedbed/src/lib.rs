#![doc = include_str!("../README.md")]

#[doc(inline)]
pub use seedbed_autodiff as autodiff;
#[cfg(feature = "data")]
#[doc(inline)]
pub use seedbed_data as data;
#[cfg(feature = "nn")]
#[doc(inline)]
pub use seedbed_nn as nn;
#[cfg(feature = "rho-selection")]
#[doc(inline)]
pub use seedbed_rho_selection as rho_selection;
