//! What a cell is made of.

use seedbed_nn::{Check, Config, ConfigError};
use serde::{Deserialize, Serialize};

/// What a [`RimCell`](super::RimCell) is made of.
///
/// ```
/// use seedbed_mechanisms::rims::RimConfig;
/// use seedbed_nn::Config;
/// let error = RimConfig { modules: 4, active: 5, ..RimConfig::new(3) }.check().unwrap_err();
/// assert_eq!(error.to_string(), "RimConfig.active is 5, but should be from 1 to 4, the number of modules");
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RimConfig {
    /// Features of an input.
    pub inputs: usize,
    /// How many modules there are.
    pub modules: usize,
    /// Units of one module.
    pub units: usize,
    /// How many modules are active at each step.
    pub active: usize,
    /// How the active ones are found, and how much of the input they read.
    pub selection: Selection,
    /// Size of a key by which modules look at the input.
    pub key: usize,
    /// Size of what a module reads; without it four times its units, as the authors have it.
    pub value: Option<usize>,
    /// How active modules read the others; without it they do not.
    pub communication: Option<Communication>,
    /// The standard deviation of the first weights of all maps of attention; without it 1/√inputs of the map.
    pub attention_std: Option<f64>,
}

/// Which modules are active: the two rules that the authors of recurrent independent mechanisms have published.
///
/// Both give module m the score s_m = q_m · k / √(size of a key), where q_m is made of its state and k of the input. Active are the modules with the highest
/// scores, the first of equal ones. (The least probability of the empty slot is the highest score, because an empty slot has the key zero; and
/// softmax keeps the order.) The rules differ in how much of the input a module reads, and so in what it learns from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Selection {
    /// Each module by itself, between the input and an empty slot: it reads softmax(0, s_m) = σ(s_m) of the input. As in the authors' code for digits and
    /// copying. Modules do not take input from each other.
    EmptySlot,
    /// Modules compete for the input: module m reads softmax over modules of s. As in the authors' code for games ("version 2"), which afterwards takes the least active
    /// weight off all weights, so that the last active module reads nothing; that is left out here.
    Compete,
}

/// How modules read each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Communication {
    /// Heads of attention.
    pub heads: usize,
    /// Size of a key of one head.
    pub key: usize,
    /// Size of a value of one head.
    pub value: usize,
}

impl Default for Communication {
    /// Four heads with keys and values of 16, as the authors' code for digits has it; that for games, and the paper's table, have 32.
    fn default() -> Self {
        Self { heads: 4, key: 16, value: 16 }
    }
}

impl RimConfig {
    /// Six modules of 100 units, four of them active, as in the paper's experiment on digits.
    pub fn new(inputs: usize) -> Self {
        Self {
            inputs,
            modules: 6,
            units: 100,
            active: 4,
            selection: Selection::EmptySlot,
            key: 64,
            value: None,
            communication: Some(Communication::default()),
            attention_std: Some(0.01),
        }
    }

    /// Size of what a module reads.
    pub fn value_size(&self) -> usize {
        self.value.unwrap_or(self.units.saturating_mul(4))
    }
}

impl RimConfig {
    /// The elements of all tensors of a cell and of its state for one sequence, and of a second layer's input.
    fn elements(&self) -> f64 {
        let f = |n: usize| n as f64;
        let (inputs, modules, units) = (f(self.inputs), f(self.modules), f(self.units));
        let (key, value) = (f(self.key), f(self.value_size()));
        let all = modules * units;
        let listen = self.communication.map_or(0.0, |of| {
            let (heads, key, value) = (f(of.heads), f(of.key), f(of.value));
            heads * (2.0 * key + value) * all + 2.0 * heads * value * units
        });
        all * key
            + inputs.max(all) * (key + value)
            + modules * (value + units + 1.0) * 4.0 * units
            + listen
            + 2.0 * all
    }
}

impl Config for RimConfig {
    fn validate(&self) -> Result<(), ConfigError> {
        let check = Check::of("RimConfig");
        for (field, n) in [
            ("inputs", self.inputs),
            ("modules", self.modules),
            ("units", self.units),
            ("key", self.key),
            ("value", self.value_size()),
        ] {
            check.size(field, n)?;
        }
        let expected = format!("from 1 to {}, the number of modules", self.modules);
        let possible = (1..=self.modules).contains(&self.active);
        check.that(possible, "active", self.active, expected)?;
        if let Some(Communication { heads, key, value }) = self.communication {
            check.size("communication.heads", heads)?;
            check.size("communication.key", key)?;
            check.size("communication.value", value)?;
        }
        check.elements("units", self.elements())?;
        self.attention_std.map_or(Ok(()), |std| {
            check.positive("attention_std", std)?;
            check.that(std <= 1e6, "attention_std", std, "at most 1e6")
        })
    }
}
