use seedbed_nn::{Check, Config, ConfigError};
use serde::{Deserialize, Serialize};

use crate::{Moving, Reach};

/// The configuration of a [`DiagonalGpu`](crate::DiagonalGpu).
///
/// ```
/// use seedbed_neural_gpu::DiagonalConfig;
/// use seedbed_nn::Config;
/// let error = DiagonalConfig { maps: 0, ..Default::default() }.check().unwrap_err();
/// assert_eq!(error.to_string(), "DiagonalConfig.maps is 0, but should be at least 1");
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DiagonalConfig {
    /// The numbers in the state of a cell, u.
    pub maps: usize,
    /// Which channels travel.
    pub moving: Moving,
    /// Which neighbours a cell sees.
    pub reach: Reach,
    /// How many symbols an input is made of, the blank included.
    pub input_symbols: usize,
    /// How many symbols an answer is made of.
    pub target_symbols: usize,
    /// Whether states are rounded to −1, 0 and 1 when the network is used.
    pub rounded: bool,
}

impl Default for DiagonalConfig {
    /// For binary addition.
    fn default() -> Self {
        Self {
            maps: 24,
            moving: Moving::thirds(24),
            reach: Reach::Both,
            input_symbols: 4,
            target_symbols: 2,
            rounded: true,
        }
    }
}

impl DiagonalConfig {
    /// The numbers of all weights.
    pub(crate) fn elements(&self) -> f64 {
        let [maps, inputs, targets] =
            [self.maps, self.input_symbols, self.target_symbols].map(|n| n as f64);
        9.0 * maps * maps + 3.0 * maps + (inputs - 1.0) * maps + (maps + 1.0) * targets
    }
}

impl Config for DiagonalConfig {
    fn validate(&self) -> Result<(), ConfigError> {
        let check = Check::of("DiagonalConfig");
        let at_least = |field, value: usize, least| {
            check.that(value >= least, field, value, format!("at least {least}"))
        };
        at_least("maps", self.maps, 1)?;
        at_least("input_symbols", self.input_symbols, 2)?;
        at_least("target_symbols", self.target_symbols, 2)?;
        for (field, value) in
            [("input_symbols", self.input_symbols), ("target_symbols", self.target_symbols)]
        {
            check.that(value <= 256, field, value, "at most 256: symbols are bytes")?;
        }
        check.size("maps", self.maps)?;
        check.elements("maps", self.elements())?;
        let moving = self.moving.right.saturating_add(self.moving.left);
        let expected = format!("at most {} channels, right and left together", self.maps);
        check.that(moving <= self.maps, "moving", moving, expected)?;
        let left = self.moving.left;
        let unseen = self.reach == Reach::Left && left > 0;
        check.that(!unseen, "moving.left", left, "0, as cells do not see their right neighbour")
    }
}
