//! What holds of quantizers without the engine.

mod bad_input;
mod compose;
mod dependencies;
mod diagnosis;
mod fsq;
mod lfq;
mod pack;
mod vq;
