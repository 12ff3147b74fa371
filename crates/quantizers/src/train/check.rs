//! Checks of configurations.

use seedbed_nn::ConfigError;

/// The error of a field unless `ok`.
pub(super) fn that(
    ok: bool,
    config: &'static str,
    field: &str,
    value: impl ToString,
    expected: &str,
) -> Result<(), ConfigError> {
    if ok {
        return Ok(());
    }
    let (field, value, expected) = (field.into(), value.to_string(), expected.into());
    Err(ConfigError { config, field, value, expected })
}

/// The error of a weight unless it is a finite number from 0.
pub(super) fn weight(config: &'static str, field: &str, x: f64) -> Result<(), ConfigError> {
    that(x >= 0.0 && x.is_finite(), config, field, x, "a finite number >= 0")
}
