//! The configuration of a machine that exists.

use seedbed_autodiff::Float;
use seedbed_nn::{Checked, Config, ConfigError};

use crate::{
    Addressing, Controller, ControllerConfig, FirstAttention, FirstRead, MemoryInit, Ntm,
    NtmConfig, StandardController,
};

impl<F: Float> StandardController<F> {
    fn config(&self) -> ControllerConfig {
        let hidden = self.outputs();
        match self {
            Self::FeedForward(c) => {
                ControllerConfig::FeedForward { hidden, layers: c.layers.len() }
            }
            Self::Lstm(c) => ControllerConfig::Lstm { hidden, layers: c.layers.len() },
        }
    }
}

impl<F: Float> Ntm<F> {
    /// The configuration of this machine: of one that was resized, or read from elsewhere. A machine that is built of it has tensors of the same shapes
    /// and the same settings, and begins sequences alike up to what is random or learnt.
    ///
    /// # Errors
    /// If somebody changed the machine to one that no configuration describes.
    ///
    /// ```
    /// use seedbed_autodiff::Rng;
    /// use seedbed_nn::Config;
    /// use seedbed_ntm::{Ntm, NtmConfig};
    /// let config = NtmConfig { slots: 8, ..Default::default() }.check()?;
    /// let ntm = Ntm::<f32>::new(&config, &mut Rng::new(0));
    /// assert_eq!(ntm.config()?, config);
    /// # Ok::<(), seedbed_nn::ConfigError>(())
    /// ```
    pub fn config(&self) -> Result<Checked<NtmConfig>, ConfigError> {
        let (heads, start) = (self.heads.options, &self.start);
        let attention = match &start.fixed_attention {
            None => FirstAttention::Learned,
            Some(w) if w.data().iter().all(|&w| w == F::zero()) => FirstAttention::Nowhere,
            Some(_) => FirstAttention::FirstRow,
        };
        let described = NtmConfig {
            inputs: self.controller.inputs(),
            outputs: self.output.weight.shape()[1],
            slots: self.slots(),
            width: heads.width,
            read_heads: heads.reads,
            write_heads: heads.writes,
            shift_range: heads.addressing.shifts.map_or(1, |shifts| shifts / 2),
            controller: self.controller.config(),
            memory: if start.memory.is_some() { MemoryInit::Learned } else { MemoryInit::Random },
            attention,
            read: if start.read.is_some() { FirstRead::Learned } else { FirstRead::Random },
            addressing: match heads.addressing.shifts {
                Some(_) => Addressing::Full,
                None => Addressing::Content,
            },
            sharpening: heads.addressing.sharpening,
            order: self.order,
            add: heads.add,
            clip: heads.clip,
            similarity_eps: heads.addressing.similarity_eps,
        };
        // A fixed memory is constant or random; the same everywhere may be either.
        if let Some(memory) = &start.fixed_memory
            && let [first, rest @ ..] = memory.data()
            && rest.iter().all(|x| x == first)
        {
            // The shortest number that rounds to it: 10⁻⁶, not what is next to it in single precision.
            let shortest = first.to_string().parse().unwrap_or(first.f64());
            let memory = MemoryInit::Constant(shortest);
            if let Ok(constant) = (NtmConfig { memory, ..described.clone() }).check() {
                return Ok(constant);
            }
        }
        described.check()
    }
}
