//! What a configuration chooses from.

use serde::{Deserialize, Serialize};

/// The controllers of this crate, by size.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum ControllerConfig {
    /// Layers with tanh: all memory is in the memory.
    FeedForward {
        /// Units of a layer.
        hidden: usize,
        /// Layers.
        layers: usize,
    },
    /// A stack of LSTM cells.
    Lstm {
        /// Units of a layer.
        hidden: usize,
        /// Layers.
        layers: usize,
    },
}

impl Default for ControllerConfig {
    /// One layer of 100 LSTM cells.
    fn default() -> Self {
        Self::Lstm { hidden: 100, layers: 1 }
    }
}

/// What stands in the memory when a sequence begins (Collier & Beel 2018 compare the three).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum MemoryInit {
    /// The same value everywhere.
    Constant(f64),
    /// A matrix that is learnt.
    Learned,
    /// A random matrix that never changes: uniform on ±1/√(N + M).
    Random,
}

impl Default for MemoryInit {
    /// 10⁻⁶ everywhere.
    fn default() -> Self {
        Self::Constant(1e-6)
    }
}

/// Where the heads look when a sequence begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum FirstAttention {
    /// At the first row.
    #[default]
    FirstRow,
    /// The softmax of logits that are learnt, for each head its own. They start as N, N − 1, …, 1.
    Learned,
    /// Nowhere: all weights are 0, so that the first row is found by content. For machines that were trained so elsewhere.
    Nowhere,
}

/// What counts as read before the first step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum FirstRead {
    /// A vector that is learnt. It starts as 0.
    #[default]
    Learned,
    /// A random vector that never changes: normal with standard deviation 0.01. For machines that were trained so elsewhere.
    Random,
}

/// How a head addresses the memory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Addressing {
    /// Content, interpolation, shift and sharpening.
    #[default]
    Full,
    /// Content alone.
    Content,
}

/// How attention is normalised after sharpening, from the shifted attention w̃ and the exponent γ.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Sharpening {
    /// wᵢ = w̃ᵢ^γ / Σ w̃^γ (Graves et al. 2014, equation 9), computed as softmaxᵢ(γ ln(w̃ᵢ + 10⁻¹⁶)): always a distribution.
    #[default]
    Normalized,
    /// wᵢ = w̃ᵢ^γ / (Σ w̃^γ + ε) for this ε: attention that is nearly 0 everywhere stays so. For machines that were trained so elsewhere.
    Divided(f64),
}

/// In which order heads act within a step. With one head of each kind both are the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum HeadOrder {
    /// All heads see the memory as the last step left it. All erase (the factors multiply), then all add.
    #[default]
    Together,
    /// The first read head, the first write head, the second read head …, each on the memory as the one before left it. There are as
    /// many of either kind.
    InPairs,
}

/// What an add vector goes through; the paper leaves it open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum AddActivation {
    /// Nothing.
    #[default]
    Identity,
    /// tanh, which bounds what stands in the memory.
    Tanh,
}

/// A number that may be infinite, which JSON cannot say: `null` there.
pub(crate) mod unbounded {
    use serde::{Deserialize, Deserializer, Serializer};

    pub(crate) fn serialize<S: Serializer>(x: &f64, to: S) -> Result<S::Ok, S::Error> {
        if x.is_infinite() { to.serialize_none() } else { to.serialize_f64(*x) }
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<f64, D::Error> {
        Ok(Option::deserialize(from)?.unwrap_or(f64::INFINITY))
    }
}
