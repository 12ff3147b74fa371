use serde::{Deserialize, Serialize};

use crate::SelectionError;

/// A number that may change from step to step; steps count from 0.
///
/// ```
/// use seedbed_rho_selection::Schedule;
/// // Everything at first, a tenth from step 1,000 on.
/// let ratio = Schedule::Linear { from: 1.0, to: 0.1, steps: 1_000 };
/// assert_eq!((ratio.at(0), ratio.at(500), ratio.at(5_000)), (1.0, 0.55, 0.1));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Schedule {
    /// The same at every step.
    Constant(f64),
    /// from + (to − from) · t / steps, then `to`.
    Linear {
        /// At step 0.
        from: f64,
        /// From step `steps` on.
        to: f64,
        /// How long the change takes.
        steps: u64,
    },
    /// from · (to / from)^(t / steps), then `to`.
    Geometric {
        /// At step 0.
        from: f64,
        /// From step `steps` on.
        to: f64,
        /// How long the change takes.
        steps: u64,
    },
}

impl Schedule {
    /// The value at a step.
    pub fn at(&self, step: u64) -> f64 {
        match *self {
            Self::Constant(value) => value,
            Self::Linear { to, steps, .. } | Self::Geometric { to, steps, .. } if step >= steps => {
                to
            }
            Self::Linear { from, to, steps } => from + (to - from) * (step as f64 / steps as f64),
            Self::Geometric { from, to, steps } => {
                from * (to / from).powf(step as f64 / steps as f64)
            }
        }
    }

    /// Refuses a schedule that leaves (0, max] at any step.
    pub(crate) fn within(&self, field: &'static str, max: f64) -> Result<(), SelectionError> {
        let ends = match *self {
            Self::Constant(value) => [value, value],
            Self::Linear { from, to, .. } | Self::Geometric { from, to, .. } => [from, to],
        };
        // Both kinds of change are monotone: the ends bound them.
        match ends.into_iter().find(|x| !(x.is_finite() && *x > 0.0 && *x <= max)) {
            None => Ok(()),
            Some(value) => Err(SelectionError::Setting {
                field,
                value: value.to_string(),
                expected: match max.is_finite() {
                    true => format!("above 0 and at most {max} at every step"),
                    false => "a finite number above 0 at every step".into(),
                },
            }),
        }
    }
}

impl From<f64> for Schedule {
    fn from(value: f64) -> Self {
        Self::Constant(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_begin_and_end_where_they_say() {
        let geometric = Schedule::Geometric { from: 0.01, to: 1.0, steps: 4 };
        assert_eq!(geometric.at(0), 0.01);
        assert!((geometric.at(2) - 0.1).abs() < 1e-12);
        assert_eq!(geometric.at(4), 1.0);
        assert_eq!(Schedule::Linear { from: 1.0, to: 0.5, steps: 0 }.at(0), 0.5);
        assert_eq!(Schedule::from(0.3).at(u64::MAX), 0.3);
    }

    #[test]
    fn what_leaves_its_range_is_refused() {
        let error = Schedule::Linear { from: 0.5, to: 1.5, steps: 9 }.within("ratio", 1.0);
        assert_eq!(
            error.unwrap_err().to_string(),
            "ratio: is 1.5, must be above 0 and at most 1 at every step"
        );
        assert!(Schedule::Constant(0.0).within("temperature", f64::INFINITY).is_err());
        assert!(Schedule::Constant(f64::NAN).within("temperature", f64::INFINITY).is_err());
        assert!(Schedule::Constant(7.0).within("temperature", f64::INFINITY).is_ok());
    }
}
