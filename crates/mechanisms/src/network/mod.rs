//! The networks: experts, and the discriminator that judges what they made.

mod discriminator;
mod expert;
mod spectral;

pub use discriminator::{Discriminator, DiscriminatorConfig};
pub use expert::{Expert, ExpertConfig, Head, Moments, Norm};
