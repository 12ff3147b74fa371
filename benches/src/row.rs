//! One measured figure beside its goal: a line of the table, an object of the JSON.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::experiment::{Context, Profile};

/// What a row measures: how well something learns, or how fast it runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Real training on real data, set beside the paper's figure.
    Learn,
    /// Time or memory of a fixed piece of work.
    Speed,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Kind::Learn => "learn",
            Kind::Speed => "speed",
        })
    }
}

/// The bound that a measured figure has to keep. Written `">= 2.5"`, `"<= 300"` or `"= 1"`.
///
/// ```
/// use seedbed_benches::Goal;
/// let goal: Goal = ">= 2.5".parse().unwrap();
/// assert!(goal.holds(3.0) && !goal.holds(2.0) && !goal.holds(f64::NAN));
/// assert_eq!(goal.to_string(), ">= 2.5");
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Goal {
    /// More is better: `>= x`.
    AtLeast(f64),
    /// Less is better: `<= x`.
    AtMost(f64),
    /// Exactly this: `= x`.
    Equals(f64),
}

impl Goal {
    /// Whether `measured` keeps the bound. NaN never does.
    pub fn holds(self, measured: f64) -> bool {
        match self {
            Goal::AtLeast(bound) => measured >= bound,
            Goal::AtMost(bound) => measured <= bound,
            Goal::Equals(bound) => measured == bound,
        }
    }
}

impl fmt::Display for Goal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Goal::AtLeast(bound) => write!(f, ">= {bound}"),
            Goal::AtMost(bound) => write!(f, "<= {bound}"),
            Goal::Equals(bound) => write!(f, "= {bound}"),
        }
    }
}

impl FromStr for Goal {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts =
            text.split_once(' ').and_then(|(sign, bound)| Some((sign, bound.parse().ok()?)));
        match parts {
            Some((">=", bound)) => Ok(Goal::AtLeast(bound)),
            Some(("<=", bound)) => Ok(Goal::AtMost(bound)),
            Some(("=", bound)) => Ok(Goal::Equals(bound)),
            _ => Err(format!("a goal reads \">= 2.5\", \"<= 300\" or \"= 1\", not {text:?}")),
        }
    }
}

impl Serialize for Goal {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Goal {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

/// One measured figure. The field names and their order are the JSON that `--json` prints.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// `learn` or `speed`.
    pub kind: Kind,
    /// The experiment's name, such as `rho-mnist-noise`; rows are selected by its prefix.
    pub name: String,
    /// What was measured, such as `steps_speedup` or `ms`.
    pub metric: String,
    /// The median over seeds (learn) or over timed rounds (speed). Not a number is `null`.
    #[serde(with = "finite_or_null")]
    pub measured: f64,
    /// Learn: smallest and largest over the seeds. Speed: lower and upper quartile of the rounds.
    #[serde(with = "finite_or_null_pair")]
    pub spread: [f64; 2],
    /// How many seeds (learn) or timed rounds (speed) stand behind the figure.
    pub seeds: usize,
    /// The unit, such as `ms` or `points`; `×` for ratios.
    pub unit: String,
    /// The published (learn) or other software's (speed) figure; `null` where there is none.
    pub reference: Option<f64>,
    /// Where the reference is from; what the figure means where there is none.
    pub source: String,
    /// The bound to keep, if there is one.
    pub goal: Option<Goal>,
    /// Whether the goal is kept; `null` without a goal.
    pub holds: Option<bool>,
}

impl Row {
    /// A learning row: the median of one figure a seed, with the smallest and largest as spread.
    ///
    /// # Panics
    /// If `values` is empty.
    pub fn learn(name: &str, metric: &str, unit: &str, values: &[f64]) -> Self {
        let sorted = sorted(values, name, metric);
        let spread = [sorted[0], sorted[sorted.len() - 1]];
        Self::new(Kind::Learn, name, metric, unit, &sorted, spread)
    }

    /// A speed row: the median of one figure a timed round, with the quartiles as spread (one
    /// interrupted round on a shared machine should not widen it).
    ///
    /// # Panics
    /// If `values` is empty.
    pub fn speed(name: &str, metric: &str, unit: &str, values: &[f64]) -> Self {
        let sorted = sorted(values, name, metric);
        let spread = [quantile(&sorted, 0.25), quantile(&sorted, 0.75)];
        Self::new(Kind::Speed, name, metric, unit, &sorted, spread)
    }

    fn new(
        kind: Kind,
        name: &str,
        metric: &str,
        unit: &str,
        sorted: &[f64],
        spread: [f64; 2],
    ) -> Self {
        Row {
            kind,
            name: name.into(),
            metric: metric.into(),
            measured: quantile(sorted, 0.5),
            spread,
            seeds: sorted.len(),
            unit: unit.into(),
            reference: None,
            source: String::new(),
            goal: None,
            holds: None,
        }
    }

    /// Sets the bound, where the training is a whole one: the beginning of one, in the quick profile, is not judged by it.
    pub(crate) fn goal_when_full(self, context: &Context, goal: Goal) -> Self {
        match context.profile {
            Profile::Full => self.goal(goal),
            Profile::Quick => self,
        }
    }

    /// Sets the bound that the measured figure has to keep.
    pub fn goal(mut self, goal: Goal) -> Self {
        self.holds = Some(goal.holds(self.measured));
        self.goal = Some(goal);
        self
    }

    /// Sets the figure to compare with, and where it is from.
    pub fn reference(mut self, figure: f64, source: &str) -> Self {
        self.reference = Some(figure);
        self.source = source.into();
        self
    }

    /// Says what the figure means where there is none to compare with.
    pub fn source(mut self, source: &str) -> Self {
        self.source = source.into();
        self
    }

    /// Name and metric in one word, `rho-step/ratio`: what identifies the row in a saved run.
    pub fn key(&self) -> String {
        format!("{}/{}", self.name, self.metric)
    }
}

fn sorted(values: &[f64], name: &str, metric: &str) -> Vec<f64> {
    assert!(!values.is_empty(), "{name}/{metric}: a row needs at least one measured figure");
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted
}

/// The `q`-quantile of ascending values, interpolated between neighbours.
pub(crate) fn quantile(sorted: &[f64], q: f64) -> f64 {
    let at = q * (sorted.len() - 1) as f64;
    let (below, above) = (sorted[at.floor() as usize], sorted[at.ceil() as usize]);
    // Equal neighbours are taken as they are: ∞ − ∞ would be NaN.
    if below == above { below } else { below + (above - below) * at.fract() }
}

/// JSON has no NaN and no infinity: both are written as `null` and read back as NaN.
mod finite_or_null {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(super) fn serialize<S: Serializer>(x: &f64, serializer: S) -> Result<S::Ok, S::Error> {
        x.is_finite().then_some(x).serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<f64, D::Error> {
        Ok(Option::deserialize(d)?.unwrap_or(f64::NAN))
    }
}

/// The same for a pair.
mod finite_or_null_pair {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(super) fn serialize<S: Serializer>(x: &[f64; 2], serializer: S) -> Result<S::Ok, S::Error> {
        x.map(|x| x.is_finite().then_some(x)).serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<[f64; 2], D::Error> {
        Ok(<[Option<f64>; 2]>::deserialize(d)?.map(|x| x.unwrap_or(f64::NAN)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_exactly_this_json() {
        let row =
            Row::learn("ntm-copy", "sequences_to_solve", "sequences", &[8100.0, 6200.0, 11900.0])
                .reference(10000.0, "Graves et al. 2014, figure 3")
                .goal(Goal::AtMost(10000.0));
        let expected = r#"{"kind":"learn","name":"ntm-copy","metric":"sequences_to_solve","measured":8100.0,"spread":[6200.0,11900.0],"seeds":3,"unit":"sequences","reference":10000.0,"source":"Graves et al. 2014, figure 3","goal":"<= 10000","holds":true}"#;
        assert_eq!(serde_json::to_string(&row).unwrap(), expected);
        assert_eq!(serde_json::from_str::<Row>(expected).unwrap(), row);
    }

    #[test]
    fn what_is_not_a_number_is_null_and_keeps_no_goal() {
        let row = Row::speed("x", "ms", "ms", &[f64::NAN]).goal(Goal::AtMost(1.0));
        assert_eq!(row.holds, Some(false));
        let json = serde_json::to_value(&row).unwrap();
        assert!(json["measured"].is_null() && json["spread"][0].is_null());
        assert!(serde_json::from_value::<Row>(json).unwrap().measured.is_nan());
    }

    #[test]
    fn without_goal_and_reference_both_are_null() {
        let json = serde_json::to_value(Row::speed("x", "ms", "ms", &[1.0])).unwrap();
        for field in ["reference", "goal", "holds"] {
            assert!(json[field].is_null(), "{field}");
        }
    }

    #[test]
    fn quartiles_are_interpolated_and_infinities_survive() {
        let row = Row::speed("x", "ms", "ms", &[4.0, 1.0, 2.0, 3.0]);
        assert_eq!((row.measured, row.spread), (2.5, [1.75, 3.25]));
        assert_eq!(Row::learn("x", "y", "", &[f64::INFINITY; 2]).measured, f64::INFINITY);
    }

    #[test]
    fn a_goal_that_makes_no_sense_is_an_error() {
        for text in ["", "2.5", "> 2", ">= two", ">=2"] {
            assert!(text.parse::<Goal>().unwrap_err().contains("not"), "{text}");
        }
    }
}
