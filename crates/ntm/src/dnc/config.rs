use seedbed_nn::{Check, Config, ConfigError};
use serde::{Deserialize, Serialize};

use crate::ControllerConfig;
use crate::config::{check_elements, check_scales, check_sizes, unbounded};

/// The sizes of a [`Dnc`](crate::Dnc). Fields that are left out have their defaults; unknown ones are refused.
///
/// ```
/// use seedbed_nn::Config;
/// use seedbed_ntm::DncConfig;
/// let error = DncConfig { slots: 0, ..Default::default() }.check().unwrap_err();
/// assert_eq!(error.to_string(), "DncConfig.slots is 0, but should be at least 1");
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DncConfig {
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
    /// The network in the middle. A machine with a controller of one's own does not look at it.
    pub controller: ControllerConfig,
    /// The interface vector is clipped to ±this, before any activation; ∞ (in files `null`) for no clipping.
    #[serde(with = "unbounded")]
    pub clip: f64,
    /// ε in the cosine u·v / √((‖u‖² + ε)(‖v‖² + ε)).
    pub similarity_eps: f64,
}

impl Default for DncConfig {
    /// The sizes of the authors' published code: a memory of 16×16, an LSTM of 64, four read heads and one that writes.
    fn default() -> Self {
        Self {
            inputs: 9,
            outputs: 8,
            slots: 16,
            width: 16,
            read_heads: 4,
            write_heads: 1,
            controller: ControllerConfig::Lstm { hidden: 64, layers: 1 },
            clip: 20.0,
            similarity_eps: 1e-6,
        }
    }
}

impl DncConfig {
    /// Elements that all read heads bring back in one step.
    pub fn read_width(&self) -> usize {
        self.read_heads * self.width
    }
}

const CHECK: Check = Check::of("DncConfig");

/// The most links for one sequence, N² a write head: 4 GiB in single precision. No tensor of a machine depends on N, so that a file could say any.
pub(crate) const MOST_LINKS: f64 = (1_u64 << 30) as f64;

/// The links for one sequence.
pub(crate) fn link_count(slots: usize, write_heads: usize) -> f64 {
    (slots as f64).powi(2) * write_heads as f64
}

impl DncConfig {
    /// The elements of all tensors of a machine.
    pub(crate) fn elements(&self) -> f64 {
        let [inputs, outputs, width, reads, writes, hidden] = [
            self.inputs,
            self.outputs,
            self.width,
            self.read_heads,
            self.write_heads,
            self.controller.sizes().0,
        ]
        .map(|n| n as f64);
        let read = reads * width;
        let interface = (reads + writes) * (width + 1.0)
            + 2.0 * writes * width
            + reads * (2.0 * writes + 2.0)
            + 2.0 * writes;
        self.controller.elements(inputs + read)
            + (hidden + 1.0) * interface
            + (hidden + read + 1.0) * outputs
    }
}

impl Config for DncConfig {
    fn validate(&self) -> Result<(), ConfigError> {
        let (hidden, layers) = self.controller.sizes();
        let sizes = [
            ("inputs", self.inputs),
            ("outputs", self.outputs),
            ("slots", self.slots),
            ("width", self.width),
            ("read_heads", self.read_heads),
            ("write_heads", self.write_heads),
            ("controller.hidden", hidden),
            ("controller.layers", layers),
        ];
        check_sizes(CHECK, &sizes)?;
        check_elements(CHECK, &sizes, self.elements())?;
        let links = link_count(self.slots, self.write_heads);
        let most = MOST_LINKS;
        CHECK.that(
            links <= most,
            "slots",
            self.slots,
            format!("smaller: {links:.1e} links for one sequence, at most {most:.1e} can be"),
        )?;
        check_scales(CHECK, self.clip, self.similarity_eps)
    }
}

#[cfg(test)]
mod tests {
    use seedbed_autodiff::{Module, Rng};

    use super::*;
    use crate::Dnc;

    #[test]
    fn every_field_is_checked() {
        let wrong = |change: fn(&mut DncConfig)| {
            let mut config = DncConfig::default();
            change(&mut config);
            config.check().unwrap_err().field
        };
        assert!(DncConfig::default().check().is_ok());
        assert_eq!(wrong(|c| c.inputs = 0), "inputs");
        assert_eq!(wrong(|c| c.outputs = 0), "outputs");
        assert_eq!(wrong(|c| c.width = 0), "width");
        assert_eq!(wrong(|c| c.read_heads = 0), "read_heads");
        assert_eq!(wrong(|c| c.write_heads = 0), "write_heads");
        assert_eq!(wrong(|c| c.clip = -1.0), "clip");
        assert_eq!(wrong(|c| c.similarity_eps = 0.0), "similarity_eps");
        assert_eq!(wrong(|c| c.similarity_eps = 1e-320), "similarity_eps");
        assert_eq!(wrong(|c| c.clip = 1e308), "clip");
        for n in [usize::MAX, 1 << 63, 1 << 40] {
            let wrong = |change: fn(&mut DncConfig, usize)| {
                let mut config = DncConfig::default();
                change(&mut config, n);
                config.check().unwrap_err().field
            };
            assert_eq!(wrong(|c, n| c.inputs = n), "inputs");
            assert_eq!(wrong(|c, n| c.slots = n), "slots");
            assert_eq!(wrong(|c, n| c.width = n), "width");
            assert_eq!(wrong(|c, n| c.read_heads = n), "read_heads");
            assert_eq!(wrong(|c, n| c.write_heads = n), "write_heads");
        }
        assert_eq!(wrong(|c| c.slots = 1 << 16), "slots");
    }

    #[test]
    fn elements_are_those_of_the_machine() {
        for write_heads in [1, 3] {
            let controller = ControllerConfig::Lstm { hidden: 7, layers: 2 };
            let config = DncConfig { write_heads, controller, ..Default::default() };
            let dnc = Dnc::<f32>::new(&config.clone().check().unwrap(), &mut Rng::new(0));
            let all: usize = dnc.named().iter().map(|(_, _, x)| x.len()).sum();
            assert_eq!(config.elements(), all as f64);
        }
    }
}
