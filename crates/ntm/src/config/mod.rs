//! What a machine is made of: written by a user, checked once.

use serde::{Deserialize, Serialize};

mod check;

pub(crate) use check::{LARGEST, MOST_ELEMENTS, check_elements, check_scales, check_sizes, ensure};

use crate::memory::{AddressingOptions, HeadOptions};

/// The sizes and choices of an [`Ntm`](crate::Ntm). Fields that are left out have their defaults; unknown ones are
/// refused.
///
/// ```
/// use seedbed_nn::Config;
/// use seedbed_ntm::NtmConfig;
/// let error = NtmConfig { slots: 2, ..Default::default() }.check().unwrap_err();
/// let expected = "NtmConfig.slots is 2, but should be at least 3, the number of shifts from -1 to 1";
/// assert_eq!(error.to_string(), expected);
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NtmConfig {
    /// Elements of one input vector.
    pub inputs: usize,
    /// Elements of one output vector.
    pub outputs: usize,
    /// N, the rows of the memory.
    pub slots: usize,
    /// M, the elements of a row.
    pub width: usize,
    /// Heads that read.
    pub read_heads: usize,
    /// Heads that write.
    pub write_heads: usize,
    /// A head shifts its attention by −R, …, R rows; this is R.
    pub shift_range: usize,
    /// The network in the middle. A machine with a controller of one's own does not look at it.
    pub controller: ControllerConfig,
    /// What stands in the memory at first.
    pub memory: MemoryInit,
    /// Where the heads look at first.
    pub attention: FirstAttention,
    /// What counts as read before the first step.
    pub read: FirstRead,
    /// How a head addresses the memory.
    pub addressing: Addressing,
    /// How attention is normalised after sharpening.
    pub sharpening: Sharpening,
    /// In which order heads read and write.
    pub order: HeadOrder,
    /// What an add vector goes through.
    pub add: AddActivation,
    /// Head parameters are clipped to ±this, before any activation: without it a strength β can grow without bound. ∞ (in files `null`) for no
    /// clipping.
    #[serde(with = "unbounded")]
    pub clip: f64,
    /// ε in the cosine u·v / √((‖u‖² + ε)(‖v‖² + ε)): a row of zeros has the similarity 0 and a finite gradient, which is of the size 1/√ε. 1 is
    /// best where heads address by shifting, 10⁻² where they address by content and a row's direction counts.
    pub similarity_eps: f64,
}

impl Default for NtmConfig {
    /// The machine of the paper's copy task (Graves et al. 2014, table 2): a memory of 128×20, an LSTM of 100, one head of each kind, shifts by
    /// −1, 0 and 1. The memory starts constant and the attention at the first row. ε is the one that copy is learnt fastest with here.
    fn default() -> Self {
        Self {
            inputs: 9,
            outputs: 8,
            slots: 128,
            width: 20,
            read_heads: 1,
            write_heads: 1,
            shift_range: 1,
            controller: ControllerConfig::default(),
            memory: MemoryInit::default(),
            attention: FirstAttention::default(),
            read: FirstRead::default(),
            addressing: Addressing::default(),
            sharpening: Sharpening::default(),
            order: HeadOrder::default(),
            add: AddActivation::default(),
            clip: 20.0,
            similarity_eps: 1.0,
        }
    }
}

impl NtmConfig {
    /// Read and write heads.
    pub fn heads(&self) -> usize {
        self.read_heads + self.write_heads
    }

    /// 2R + 1, the shifts that a head chooses from.
    pub fn shifts(&self) -> usize {
        2 * self.shift_range + 1
    }

    /// Elements that all read heads bring back in one step.
    pub fn read_width(&self) -> usize {
        self.read_heads * self.width
    }

    /// The heads, as the operations on a [`memory`](crate::memory) take them.
    pub fn head_options(&self) -> HeadOptions {
        let shifts = match self.addressing {
            Addressing::Full => Some(self.shifts()),
            Addressing::Content => None,
        };
        let Self { similarity_eps, sharpening, .. } = *self;
        HeadOptions {
            reads: self.read_heads,
            writes: self.write_heads,
            width: self.width,
            addressing: AddressingOptions { shifts, similarity_eps, sharpening },
            clip: self.clip,
            add: self.add,
        }
    }
}

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_may_leave_out_but_not_misspell() {
        let read = serde_json::from_str::<NtmConfig>;
        let expected = NtmConfig {
            slots: 16,
            controller: ControllerConfig::FeedForward { hidden: 3, layers: 2 },
            memory: MemoryInit::Learned,
            ..Default::default()
        };
        let text = r#"{"slots": 16, "controller": {"feed-forward": {"hidden": 3, "layers": 2}}, "memory": "learned"}"#;
        assert_eq!(read(text).unwrap(), expected);
        let unclipped = NtmConfig { clip: f64::INFINITY, ..Default::default() };
        let text = serde_json::to_string(&unclipped).unwrap();
        assert!(text.contains(r#""clip":null"#), "{text}");
        assert_eq!(read(&text).unwrap(), unclipped);
        assert!(read(r#"{"slot": 3}"#).unwrap_err().to_string().contains("slot"));
    }
}
