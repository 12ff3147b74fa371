//! What a model is made of: written by a user, checked once.

use seedbed_nn::{Config, ConfigError};
use serde::{Deserialize, Serialize};

/// The sizes of a [`TemplateModel`](crate::TemplateModel). Fields that are left out have their defaults;
/// unknown ones are refused.
///
/// ```
/// use seedbed_nn::Config;
/// use seedbed_template_model::TemplateModelConfig;
/// let error = TemplateModelConfig { hidden: 0, ..Default::default() }.check().unwrap_err();
/// assert_eq!(error.to_string(), "TemplateModelConfig.hidden is 0, but should be at least 1");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TemplateModelConfig {
    /// Numbers in one input; at least 1.
    pub inputs: usize,
    /// Hidden units; at least 1.
    pub hidden: usize,
}

impl Default for TemplateModelConfig {
    /// Two inputs, eight hidden units.
    fn default() -> Self {
        Self { inputs: 2, hidden: 8 }
    }
}

impl Config for TemplateModelConfig {
    fn validate(&self) -> Result<(), ConfigError> {
        for (field, size) in [("inputs", self.inputs), ("hidden", self.hidden)] {
            if size == 0 {
                return Err(ConfigError {
                    config: "TemplateModelConfig",
                    field: field.into(),
                    value: size.to_string(),
                    expected: "at least 1".into(),
                });
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_size_is_checked() {
        let wrong_field = |config: TemplateModelConfig| config.check().unwrap_err().field;
        let default = TemplateModelConfig::default();
        assert_eq!(wrong_field(TemplateModelConfig { inputs: 0, ..default.clone() }), "inputs");
        assert_eq!(wrong_field(TemplateModelConfig { hidden: 0, ..default.clone() }), "hidden");
        assert!(default.check().is_ok());
    }

    #[test]
    fn files_may_leave_out_but_not_misspell() {
        let read = serde_json::from_str::<TemplateModelConfig>;
        let expected = TemplateModelConfig { hidden: 3, ..Default::default() };
        assert_eq!(read(r#"{"hidden": 3}"#).unwrap(), expected);
        assert!(read(r#"{"hiden": 3}"#).unwrap_err().to_string().contains("hiden"));
    }
}
