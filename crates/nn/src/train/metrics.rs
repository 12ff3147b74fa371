use std::fmt::{self, Display, Formatter};

/// Named numbers in order: what a loss or a validation tells about itself.
///
/// Printed, they are rounded to four digits after the point, or, where that would leave little of them, to three digits and a power of ten.
///
/// ```
/// use seedbed_nn::train::Metrics;
/// let metrics = Metrics::new().with("accuracy", 0.75).with("lr", 0.00003);
/// assert_eq!(metrics.get("accuracy"), Some(0.75));
/// assert_eq!(metrics.to_string(), "accuracy 0.7500, lr 3.00e-5");
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Metrics(Vec<(String, f64)>);

impl Metrics {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// With one more, or with another value of this name.
    ///
    /// # Panics
    /// If the name is `step` or `split`, which every line of a file of metrics has for itself.
    #[must_use]
    #[track_caller]
    pub fn with(mut self, name: impl Into<String>, value: f64) -> Self {
        let name = name.into();
        assert!(
            name != "step" && name != "split",
            "Metrics: the name {name:?} is taken, by what every line of a file of metrics begins with; take another"
        );
        match self.0.iter_mut().find(|(n, _)| *n == name) {
            Some((_, old)) => *old = value,
            None => self.0.push((name, value)),
        }
        self
    }

    /// The one of this name.
    pub fn get(&self, name: &str) -> Option<f64> {
        self.0.iter().find(|(n, _)| n == name).map(|(_, value)| *value)
    }

    /// All, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, f64)> {
        self.0.iter().map(|(name, value)| (&**name, *value))
    }

    /// The mean of each metric of the first over all.
    pub(super) fn mean(all: &[Self]) -> Self {
        let Some(first) = all.first() else { return Self::default() };
        let mean = |name: &str| {
            let values: Vec<f64> = all.iter().filter_map(|m| m.get(name)).collect();
            values.iter().sum::<f64>() / values.len() as f64
        };
        Self(first.iter().map(|(name, _)| (name.to_owned(), mean(name))).collect())
    }
}

impl Display for Metrics {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for (i, (name, x)) in self.iter().enumerate() {
            f.write_str(if i == 0 { "" } else { ", " })?;
            // Four digits after the point would round what is smaller to one digit or none.
            match x.abs() {
                size if size != 0.0 && size < 0.01 => write!(f, "{name} {x:.2e}")?,
                _ => write!(f, "{name} {x:.4}")?,
            }
        }
        Ok(())
    }
}

/// As [`Metrics::with`], one after the other.
impl<S: Into<String>, const N: usize> From<[(S, f64); N]> for Metrics {
    #[track_caller]
    fn from(metrics: [(S, f64); N]) -> Self {
        let mut all = Self::new();
        for (name, value) in metrics {
            all = all.with(name, value);
        }
        all
    }
}
