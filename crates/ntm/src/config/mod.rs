//! What a machine is made of: written by a user, checked once.

use serde::{Deserialize, Serialize};

mod check;
mod choices;

pub(crate) use check::{LARGEST, MOST_ELEMENTS, check_elements, check_scales, check_sizes};
pub(crate) use choices::unbounded;
pub use choices::{
    AddActivation, Addressing, ControllerConfig, FirstAttention, FirstRead, HeadOrder, MemoryInit,
    Sharpening,
};

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
