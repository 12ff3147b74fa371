use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Serialize};

use crate::SelectionError;
use crate::error::{TEMPERATURES, between};

/// A number that may change from step to step; steps count from 0. In a configuration a bare number is a constant: `0.2` for `{"constant": 0.2}`.
///
/// ```
/// use seedbed_rho_selection::Schedule;
/// // Everything at first, a tenth from step 1,000 on.
/// let ratio = Schedule::Linear { from: 1.0, to: 0.1, steps: 1_000 };
/// assert_eq!((ratio.at(0), ratio.at(500), ratio.at(5_000)), (1.0, 0.55, 0.1));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, remote = "Self")]
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
                // from¹⁻ˢ toˢ: the quotient of the two might be no number.
                let share = step as f64 / steps as f64;
                from.powf(1.0 - share) * to.powf(share)
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

impl Schedule {
    /// Refuses what cannot be a temperature at every step.
    pub(crate) fn temperatures(&self, field: &'static str) -> Result<(), SelectionError> {
        self.within(field, f64::INFINITY)?;
        match *self {
            Self::Constant(value) => between(field, value, TEMPERATURES),
            Self::Linear { from, to, .. } | Self::Geometric { from, to, .. } => {
                between(field, from, TEMPERATURES)?;
                between(field, to, TEMPERATURES)
            }
        }
    }
}

impl Serialize for Schedule {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Self::serialize(self, serializer)
    }
}

impl<'de> Deserialize<'de> for Schedule {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NumberOrKind;
        impl<'de> Visitor<'de> for NumberOrKind {
            type Value = Schedule;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a number, or one of constant, linear and geometric with its numbers")
            }
            fn visit_f64<E>(self, value: f64) -> Result<Schedule, E> {
                Ok(Schedule::Constant(value))
            }
            fn visit_u64<E>(self, value: u64) -> Result<Schedule, E> {
                Ok(Schedule::Constant(value as f64))
            }
            fn visit_i64<E>(self, value: i64) -> Result<Schedule, E> {
                Ok(Schedule::Constant(value as f64))
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Schedule, A::Error> {
                Schedule::deserialize(MapAccessDeserializer::new(map))
            }
        }
        deserializer.deserialize_any(NumberOrKind)
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
    fn a_bare_number_is_a_constant() {
        let read = |text: &str| serde_json::from_str::<Schedule>(text);
        assert_eq!(read("0.2").unwrap(), Schedule::Constant(0.2));
        assert_eq!(read("1").unwrap(), Schedule::Constant(1.0));
        assert_eq!(read("-1").unwrap(), Schedule::Constant(-1.0));
        assert_eq!(read(r#"{"constant": 0.2}"#).unwrap(), Schedule::Constant(0.2));
        let linear = Schedule::Linear { from: 1.0, to: 0.5, steps: 3 };
        assert_eq!(read(&serde_json::to_string(&linear).unwrap()).unwrap(), linear);
        let error = read(r#""fast""#).unwrap_err().to_string();
        let right = "expected a number, or one of constant, linear and geometric with its numbers";
        assert!(error.contains(right), "{error}");
        for bad in
            [r#"{"linear": {"from": 1, "to": 2, "steps": 3, "stop": 4}}"#, r#"{"cosine": 1}"#]
        {
            assert!(read(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn extremes_stay_between_the_ends() {
        let widest = Schedule::Geometric { from: 1e-300, to: 1e300, steps: 4 };
        assert!((widest.at(2) - 1.0).abs() < 1e-9 && widest.at(1) < 1e-100 && widest.at(3) < 1e300);
        let smallest = Schedule::Geometric { from: 5e-324, to: 1.0, steps: 2 };
        assert!(smallest.at(1) > 1e-170 && smallest.at(1) < 1e-150, "{}", smallest.at(1));
        let cold = Schedule::Constant(1e-320).temperatures("policy temperature");
        let said = cold.unwrap_err().to_string();
        assert!(said.ends_with("must be from 1e-100 to 1e100"), "{said}");
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
