use seedbed_data::programs::{NAME_BITS, NAMES};
use seedbed_neural_gpu::{Moving, Reach};
use seedbed_nn::{Check, Config, ConfigError};
use serde::{Deserialize, Serialize};

/// What the controls see.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Control {
    /// The instruction and the keys that were read before, never what a strip holds: what addresses the memory cannot depend on the numbers, nor on
    /// how long they are.
    #[default]
    Apart,
    /// Also the greatest value of each map over the cells of the tape, which does not depend on its length as a mean would.
    Pooled,
}

/// What is left of the memory, for comparisons.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Contents {
    /// Keys and strips.
    #[default]
    Strips,
    /// Keys alone: what is read of a strip is 0.
    Keys,
}

/// How a slot is chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Choosing {
    /// By heads whose every parameter is learnt: content, interpolation, shift, sharpening.
    #[default]
    Heads,
    /// By pointers: a new name is written to the next slot, and all else goes to the slot with the most similar key. Keys are learnt, nothing else is.
    Pointers,
    /// By the slots that a program names as right: what a machine could do that never errs in addressing.
    Given,
}

/// The sizes of a [`StripMachine`](crate::StripMachine). Fields that are left out have their defaults; unknown ones are refused.
///
/// ```
/// use seedbed_nn::Config;
/// use seedbed_strip_memory::StripConfig;
/// let error = StripConfig { maps: 0, ..Default::default() }.check().unwrap_err();
/// assert_eq!(error.to_string(), "StripConfig.maps is 0, but should be at least 1");
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct StripConfig {
    /// The kinds of instruction.
    pub operations: usize,
    /// N, the slots in training; a machine runs with any number of them. 0 for no memory.
    pub slots: usize,
    /// d, the numbers of a key.
    pub key: usize,
    /// D, the numbers that a slot keeps of a cell.
    pub strip: usize,
    /// u, the numbers in the state of a cell.
    pub maps: usize,
    /// Which of them travel.
    pub moving: Moving,
    /// Which neighbours a cell sees.
    pub reach: Reach,
    /// R, the heads that read.
    pub read_heads: usize,
    /// ε in the cosine of keys.
    pub similarity_eps: f64,
    /// What the controls see.
    pub control: Control,
    /// What is kept.
    pub contents: Contents,
    /// How a slot is chosen.
    pub choosing: Choosing,
}

impl Default for StripConfig {
    /// For numbers that are added aligned, carries to the left neighbour's right.
    fn default() -> Self {
        Self {
            operations: 2,
            slots: 16,
            key: 32,
            strip: 12,
            maps: 48,
            moving: Moving { right: 16, left: 0 },
            reach: Reach::Left,
            read_heads: 2,
            similarity_eps: 1e-2,
            control: Control::Apart,
            contents: Contents::Strips,
            choosing: Choosing::Heads,
        }
    }
}

impl StripConfig {
    /// The elements of all tensors.
    pub(crate) fn elements(&self) -> f64 {
        let f = |n: usize| n as f64;
        let [operations, key, strip, maps, reads] =
            [self.operations, self.key, self.strip, self.maps, self.read_heads].map(f);
        let pooled = if self.control == Control::Pooled { maps } else { 0.0 };
        let (roles, names) = (f(ROLES), f(NAMES));
        let scalars = (reads + 1.0) * (3.0 + f(SHIFTS)) + 1.0;
        roles * f(NAME_BITS) * key
            + operations * (reads + 2.0) * roles * names
            + operations * (reads + 1.0) * reads
            + key * key
            + operations * (1.0 + pooled) * scalars
            + 2.0 * maps
            + maps * maps
            + reads * strip * maps
            + operations * (3.0 + reads) * maps
            + 9.0 * maps * maps
            + 3.0 * maps
            + 2.0 * (maps + 1.0) * strip
            + (maps + 1.0) * 2.0
    }

    /// Half as wide as the default: a third of the time, enough for sums of what was stored, and too little for sums of sums.
    pub fn small() -> Self {
        Self { strip: 8, maps: 24, moving: Moving { right: 8, left: 0 }, ..Self::default() }
    }
}

impl Config for StripConfig {
    fn validate(&self) -> Result<(), ConfigError> {
        let check = Check::of("StripConfig");
        let sizes = [
            ("operations", self.operations, 1, 1 << 10),
            ("slots", self.slots, 0, 1 << 20),
            ("key", self.key, 1, 1 << 12),
            ("strip", self.strip, 1, 1 << 12),
            ("maps", self.maps, 1, 1 << 12),
            ("read_heads", self.read_heads, 1, 1 << 6),
        ];
        for (field, value, least, most) in sizes {
            check.that(value >= least, field, value, format!("at least {least}"))?;
            check.that(value <= most, field, value, format!("at most {most}"))?;
        }
        let Moving { right, left } = self.moving;
        let moving = right.saturating_add(left);
        let expected = format!("at most {} maps, right and left together", self.maps);
        check.that(moving <= self.maps, "moving", moving, expected)?;
        let unseen = self.reach == Reach::Left && left > 0;
        check.that(!unseen, "moving.left", left, "0, as cells do not see their right neighbour")?;
        check.that(
            self.slots == 0 || self.slots >= SHIFTS,
            "slots",
            self.slots,
            format!("0 or at least {SHIFTS}, the shifts of a head"),
        )?;
        let eps = self.similarity_eps;
        check.that((1e-12..=1e6).contains(&eps), "similarity_eps", eps, "from 1e-12 to 1e6")?;
        check.elements("operations", self.elements())
    }
}

/// The shifts that a head chooses from: −1, 0 and 1.
pub(crate) const SHIFTS: usize = 3;

/// The ways in which a name can be a part of a key: as what a slot is called, and as what it points to.
pub(crate) const ROLES: usize = 2;
