//! What holds of quantizers, without the engine and with it.

mod bad_input;
mod beam;
mod compose;
mod dependencies;
mod diagnosis;
mod extremes;
mod fsq;
#[cfg(all(feature = "train", feature = "interop"))]
mod golden;
#[cfg(feature = "train")]
mod gradcheck;
mod latent;
#[cfg(feature = "train")]
mod learn;
mod lfq;
mod pack;
#[cfg(feature = "train")]
mod saved;
#[cfg(feature = "cli")]
mod tokenize;
mod vq;
