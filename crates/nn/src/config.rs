//! Configurations that are checked once, before anything is built from them.

use std::fmt;
use std::ops::Deref;

use serde::Serialize;

/// A configuration: plain data, readable by `serde`, that can be wrong until it has been checked.
///
/// ```
/// use seedbed_nn::Config;
/// use seedbed_nn::optim::AdamWConfig;
/// let error = AdamWConfig { lr: -1.0, ..Default::default() }.check().unwrap_err();
/// assert_eq!(error.to_string(), "AdamWConfig.lr is -1, but should be a finite number >= 0");
/// ```
pub trait Config: Sized {
    /// Says what is wrong, if anything.
    ///
    /// # Errors
    /// The first field whose value makes no sense.
    fn validate(&self) -> Result<(), ConfigError>;

    /// The checked configuration, from which things are built.
    ///
    /// # Errors
    /// As [`validate`](Self::validate).
    fn check(self) -> Result<Checked<Self>, ConfigError> {
        self.validate()?;
        Ok(Checked(self))
    }
}

/// A configuration that [`Config::check`] found to be right. It reads like the configuration, and cannot be changed.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Checked<C>(C);

impl<C> Checked<C> {
    /// The configuration, to be changed and checked again.
    pub fn into_inner(self) -> C {
        self.0
    }
}

impl<C> Deref for Checked<C> {
    type Target = C;
    fn deref(&self) -> &C {
        &self.0
    }
}

/// A field of a configuration with a value that makes no sense.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{config}.{field} is {value}, but should be {expected}")]
pub struct ConfigError {
    /// The configuration's type.
    pub config: &'static str,
    /// The field, `groups[1].lr_factor` for example.
    pub field: String,
    /// Its value.
    pub value: String,
    /// What would be right.
    pub expected: String,
}

const LARGEST_F32: f64 = f32::MAX as f64;
const LARGEST_SIZE: usize = 1 << 31;
const MOST_ELEMENTS: f64 = (1_u64 << 40) as f64;

/// What a [`Config::validate`] is made of: it stops at the first wrong field.
///
/// ```
/// use seedbed_nn::Check;
/// let check = Check::of("MyConfig");
/// check.positive("width", 0.5)?;
/// let error = check.at_least_one("layers", 0).unwrap_err();
/// assert_eq!(error.to_string(), "MyConfig.layers is 0, but should be at least 1");
/// # Ok::<(), seedbed_nn::ConfigError>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Check(&'static str);

impl Check {
    /// For the fields of the configuration of this name.
    pub const fn of(config: &'static str) -> Self {
        Self(config)
    }

    /// The error of a field.
    pub fn error(
        self,
        field: impl Into<String>,
        value: impl fmt::Display,
        expected: impl Into<String>,
    ) -> ConfigError {
        ConfigError {
            config: self.0,
            field: field.into(),
            value: value.to_string(),
            expected: expected.into(),
        }
    }

    /// Asks for `ok`.
    ///
    /// # Errors
    /// The field's error, if it is not.
    pub fn that(
        self,
        ok: bool,
        field: impl Into<String>,
        value: impl fmt::Display,
        expected: impl Into<String>,
    ) -> Result<(), ConfigError> {
        if ok { Ok(()) } else { Err(self.error(field, value, expected)) }
    }

    /// A finite number from 0.
    ///
    /// # Errors
    /// If it is not.
    pub fn non_negative(self, field: impl Into<String>, x: f64) -> Result<(), ConfigError> {
        self.that(x >= 0.0 && x.is_finite(), field, x, "a finite number >= 0")
    }

    /// A finite number above 0.
    ///
    /// # Errors
    /// If it is not.
    pub fn positive(self, field: impl Into<String>, x: f64) -> Result<(), ConfigError> {
        self.that(x > 0.0 && x.is_finite(), field, x, "a finite number > 0")
    }

    /// A number from 0 that both element types can hold.
    ///
    /// # Errors
    /// If it is not.
    pub fn non_negative_f32(
        self,
        field: impl Into<String> + Copy,
        x: f64,
    ) -> Result<(), ConfigError> {
        self.non_negative(field, x)?;
        self.that(x <= LARGEST_F32, field, x, "at most 3.4e38, which 32 bits can hold")
    }

    /// A number above 0 that both element types can hold.
    ///
    /// # Errors
    /// If it is not.
    pub fn positive_f32(self, field: impl Into<String> + Copy, x: f64) -> Result<(), ConfigError> {
        self.positive(field, x)?;
        self.non_negative_f32(field, x)
    }

    /// The weight of a running average.
    ///
    /// # Errors
    /// If it is not.
    pub fn decay_rate(self, field: impl Into<String>, x: f64) -> Result<(), ConfigError> {
        self.that((0.0..1.0).contains(&x), field, x, "in [0, 1)")
    }

    /// A size of a tensor: at least 1, and so small that sums and products of two are exact.
    ///
    /// # Errors
    /// If it is not.
    ///
    /// ```
    /// use seedbed_nn::Check;
    /// let error = Check::of("MyConfig").size("width", usize::MAX).unwrap_err();
    /// assert_eq!(error.to_string(), "MyConfig.width is 18446744073709551615, but should be at most 2147483648");
    /// ```
    pub fn size(self, field: impl Into<String> + Clone, n: usize) -> Result<(), ConfigError> {
        self.that(n >= 1, field.clone(), n, "at least 1")?;
        self.that(n <= LARGEST_SIZE, field, n, format!("at most {LARGEST_SIZE}"))
    }

    /// The numbers of all tensors of a model together, of which there are at most 2⁴⁰: 4 TiB in single precision. `field` is the size that is to blame; the count
    /// is an `f64`, so that none is wrapped.
    ///
    /// # Errors
    /// If there are more.
    pub fn elements(self, field: impl Into<String>, elements: f64) -> Result<(), ConfigError> {
        let expected = format!(
            "smaller: there would be {elements:.1e} weights, at most {MOST_ELEMENTS:.1e} can be"
        );
        self.that(elements <= MOST_ELEMENTS, field, "too large", expected)
    }

    /// A number of things of which there is at least one.
    ///
    /// # Errors
    /// If it is not.
    pub fn at_least_one(self, field: impl Into<String>, n: u64) -> Result<(), ConfigError> {
        self.that(n >= 1, field, n, "at least 1")
    }
}
