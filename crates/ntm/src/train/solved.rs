use serde::{Deserialize, Serialize};

use super::Cost;

/// One validation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// How many sequences the model was trained on.
    pub sequences: u64,
    /// What the validation sequences cost it.
    pub cost: Cost,
}

/// When a task counts as solved: from the first of several validations in a row that all cost less than a bound.
///
/// ```
/// use seedbed_ntm::train::{Cost, Point, Solved};
/// let costs = [9.0, 0.04, 3.0, 0.03, 0.02, 0.01];
/// let curve: Vec<Point> = costs.iter().zip(1..).map(|(&bits, i)| Point {
///     sequences: 500 * i,
///     cost: Cost { bits, bit_error: 0.0, bit_errors: 0.0 },
/// }).collect();
/// assert_eq!(Solved::default().at(&curve), Some(2_000));
/// assert_eq!(Solved::default().at(&curve[..5]), None);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Solved {
    /// The bound, in bits per sequence.
    pub bits: f64,
    /// How many validations in a row are below it.
    pub in_a_row: usize,
}

impl Default for Solved {
    /// Three in a row below 0.05 bits.
    fn default() -> Self {
        Self { bits: 0.05, in_a_row: 3 }
    }
}

impl Solved {
    /// The number of sequences at which the task was solved for the first time.
    pub fn at(&self, curve: &[Point]) -> Option<u64> {
        let all_below = |points: &[Point]| points.iter().all(|p| p.cost.bits < self.bits);
        curve.windows(self.in_a_row.max(1)).find(|w| all_below(w)).map(|w| w[0].sequences)
    }
}
