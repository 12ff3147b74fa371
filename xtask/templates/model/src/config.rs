//! What a model is made of: written by a user, checked once.

use serde::{Deserialize, Serialize};

/// The sizes of a [`TemplateModel`](crate::TemplateModel). Fields that are left out have their defaults;
/// unknown ones are refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Numbers in one input; at least 1.
    pub inputs: usize,
    /// Hidden units; at least 1.
    pub hidden: usize,
}

impl Default for Config {
    /// Two inputs, eight hidden units.
    fn default() -> Self {
        Self { inputs: 2, hidden: 8 }
    }
}

/// A [`Config`] that a model can be made of; only [`Config::check`] gives one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checked(Config);

/// What is wrong with a [`Config`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// A size is zero.
    #[error("{field} = 0: at least 1 is needed")]
    Zero {
        /// The field's name.
        field: &'static str,
    },
}

impl Config {
    /// Checks every field.
    ///
    /// # Errors
    /// The first field that is impossible.
    ///
    /// ```
    /// use seedbed_template_model::Config;
    /// let error = Config { hidden: 0, ..Config::default() }.check().unwrap_err();
    /// assert_eq!(error.to_string(), "hidden = 0: at least 1 is needed");
    /// ```
    pub fn check(self) -> Result<Checked, ConfigError> {
        for (field, size) in [("inputs", self.inputs), ("hidden", self.hidden)] {
            if size == 0 {
                return Err(ConfigError::Zero { field });
            }
        }
        Ok(Checked(self))
    }
}

impl Checked {
    /// The checked values.
    pub fn get(&self) -> &Config {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_size_is_checked() {
        let error = Config { inputs: 0, ..Config::default() }.check().unwrap_err();
        assert_eq!(error, ConfigError::Zero { field: "inputs" });
        let error = Config { hidden: 0, ..Config::default() }.check().unwrap_err();
        assert_eq!(error, ConfigError::Zero { field: "hidden" });
        assert_eq!(Config::default().check().unwrap().get(), &Config::default());
    }

    #[test]
    fn files_may_leave_out_but_not_misspell() {
        let read = serde_json::from_str::<Config>;
        assert_eq!(read(r#"{"hidden": 3}"#).unwrap(), Config { hidden: 3, ..Config::default() });
        assert!(read(r#"{"hiden": 3}"#).unwrap_err().to_string().contains("hiden"));
    }
}
