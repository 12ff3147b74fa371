//! The networks: experts, and the discriminator that judges what they made.

mod discriminator;
mod expert;
mod spectral;

pub use discriminator::{Discriminator, DiscriminatorConfig};
pub use expert::{Expert, ExpertConfig, Head, Moments, Norm};

use seedbed_nn::ConfigError;

fn at_least_one(config: &'static str, field: &str, value: usize) -> Result<(), ConfigError> {
    match value {
        0 => Err(wrong(config, field, 0, "at least 1")),
        _ => Ok(()),
    }
}

fn wrong(
    config: &'static str,
    field: &str,
    value: impl ToString,
    expected: impl Into<String>,
) -> ConfigError {
    ConfigError { config, field: field.into(), value: value.to_string(), expected: expected.into() }
}
