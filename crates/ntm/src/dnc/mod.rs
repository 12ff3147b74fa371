//! The machine's successor.

mod config;
mod interface;
mod links;
mod usage;

pub use config::DncConfig;
pub(crate) use config::{MOST_LINKS, link_count};
pub use links::precedence;
pub use usage::{allocation, usage};

use seedbed_autodiff::{Float, Rng, Tensor, module};
use seedbed_nn::{Checked, Linear};

use crate::controller::{Controller, StandardController};
use crate::memory;
use crate::sequence::Features;
use crate::{NtmError, SequenceModel};
use interface::Interface;

/// A Differentiable Neural Computer (Graves et al. 2016, "Hybrid computing using a neural network with dynamic external memory"):
/// in the place of shifts, a record of which rows are in use, and links between rows that were written one after the other.
///
/// In a step the heads write first, and then read from the memory as it was written. The output is a linear map of the controller's output
/// and of what was read. All state is 0 at first: unlike in an [`Ntm`](crate::Ntm), equal rows are told apart by allocation, which takes them
/// in order.
///
/// ```
/// use seedbed_autodiff::{Rng, Tensor};
/// use seedbed_nn::Config;
/// use seedbed_ntm::{Dnc, DncConfig};
/// let dnc = Dnc::<f32>::new(&DncConfig::default().check()?, &mut Rng::new(0));
/// assert_eq!(dnc.forward(&Tensor::zeros(&[12, 2, 9])).shape(), [12, 2, 8]);
/// # Ok::<(), seedbed_nn::ConfigError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Dnc<F: Float = f32, C: Controller<F> = StandardController<F>> {
    /// The network in the middle.
    pub controller: C,
    /// From its output to the interface vector.
    pub interface: Linear<F>,
    /// From the controller's output and what was read to the output.
    pub output: Linear<F>,
    /// The sizes of memory and heads.
    pub options: DncOptions,
}
module!([F: Float, C: Controller<F>] Dnc<F, C>: F { controller, interface, output } config { options });

/// The sizes of a [`Dnc`]'s memory and heads, and how its heads address the memory.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DncOptions {
    /// N.
    pub slots: usize,
    /// M.
    pub width: usize,
    /// R, the read heads.
    pub reads: usize,
    /// W, the write heads.
    pub writes: usize,
    /// The interface vector is clipped to ±this; ∞ for no clipping.
    pub clip: f64,
    /// ε in the cosine.
    pub similarity_eps: f64,
}

/// What a [`Dnc`] carries from step to step.
#[derive(Clone, Debug)]
pub struct DncState<F: Float, S> {
    /// The memory, `[batch, N, M]`.
    pub memory: Tensor<F>,
    /// How much each row is in use, `[batch, N]`.
    pub usage: Tensor<F>,
    /// The attention of the read heads, `[batch, R, N]`.
    pub read_attention: Tensor<F>,
    /// The attention of the write heads, `[batch, W, N]`.
    pub write_attention: Tensor<F>,
    /// Where each write head wrote last, `[batch, W, N]`.
    pub precedence: Tensor<F>,
    /// Which row was written after which, `[batch, W, N, N]`.
    pub links: Tensor<F>,
    /// What was read, `[batch, R · M]`.
    pub read: Tensor<F>,
    /// The controller's own state.
    pub controller: S,
}

impl<F: Float> Dnc<F> {
    /// A machine with the controller that the configuration names.
    pub fn new(config: &Checked<DncConfig>, rng: &mut Rng) -> Self {
        let controller =
            StandardController::new(&config.controller, config.inputs, config.read_width(), rng);
        Self::with_controller(config, controller, rng)
    }
}

impl<F: Float, C: Controller<F>> Dnc<F, C> {
    /// A machine with a controller of one's own; that of the configuration is not looked at.
    ///
    /// # Panics
    /// If the controller does not take as many inputs, or as many elements that were read, as the configuration says.
    #[track_caller]
    pub fn with_controller(config: &Checked<DncConfig>, controller: C, rng: &mut Rng) -> Self {
        crate::controller::must_fit("Dnc", &controller, config.inputs, config.read_width());
        let options = DncOptions {
            slots: config.slots,
            width: config.width,
            reads: config.read_heads,
            writes: config.write_heads,
            clip: config.clip,
            similarity_eps: config.similarity_eps,
        };
        let hidden = controller.outputs();
        Self {
            controller,
            interface: Linear::new(hidden, interface::elements(options), rng),
            output: Linear::new(hidden + config.read_width(), config.outputs, rng),
            options,
        }
    }

    /// The state before the first step of a batch of sequences.
    pub fn start(&self, batch: usize) -> DncState<F, C::State> {
        let DncOptions { slots, width, reads, writes, .. } = self.options;
        DncState {
            memory: Tensor::zeros(&[batch, slots, width]),
            usage: Tensor::zeros(&[batch, slots]),
            read_attention: Tensor::zeros(&[batch, reads, slots]),
            write_attention: Tensor::zeros(&[batch, writes, slots]),
            precedence: Tensor::zeros(&[batch, writes, slots]),
            links: Tensor::zeros(&[batch, writes, slots, slots]),
            read: Tensor::zeros(&[batch, reads * width]),
            controller: self.controller.start(batch),
        }
    }

    /// One step on inputs `[batch, inputs]`: the logits `[batch, outputs]` and the next state.
    ///
    /// # Panics
    /// If the shapes do not fit.
    #[track_caller]
    pub fn step(
        &self,
        x: &Tensor<F>,
        state: &DncState<F, C::State>,
    ) -> (Tensor<F>, DncState<F, C::State>) {
        let (h, next) = self.advance(x, state);
        (self.output.forward(&Tensor::concat(&[&h, &next.read], 1)), next)
    }

    /// The logits `[time, batch, outputs]` on sequences `[time, batch, inputs]`, from the start.
    ///
    /// # Panics
    /// If the shapes do not fit; [`check_input`](Self::check_input) says so without a panic.
    #[track_caller]
    pub fn forward(&self, sequence: &Tensor<F>) -> Tensor<F> {
        let [time, batch] = crate::sequence::dims("Dnc", sequence, self.controller.inputs());
        let mut state = self.start(batch);
        let mut features = Features::new(time);
        for t in 0..time {
            let (h, next) = self.advance(&sequence.index(0, t as isize), &state);
            features.push(h, &next.read);
            state = next;
        }
        features.outputs(&self.output, batch)
    }

    /// Whether the machine can take this sequence.
    ///
    /// # Errors
    /// [`NtmError::Shape`] unless it is `[time, batch, inputs]`, [`NtmError::NotFinite`] where an element is NaN or infinite.
    pub fn check_input(&self, sequence: &Tensor<F>) -> Result<(), NtmError> {
        crate::sequence::check(sequence, self.controller.inputs())
    }

    /// One step without the output map: hₜ and the next state.
    #[track_caller]
    fn advance(
        &self,
        x: &Tensor<F>,
        state: &DncState<F, C::State>,
    ) -> (Tensor<F>, DncState<F, C::State>) {
        let DncOptions { width, reads, clip, similarity_eps, .. } = self.options;
        let batch = x.shape()[0];
        let (h, controller) = self.controller.step(x, &state.read, &state.controller);
        let interface =
            Interface::new(&self.interface.forward(&h).clamp(-clip, clip), self.options);

        // Where to write: to unused rows, or to similar ones.
        let usage =
            usage(&state.usage, &state.write_attention, &state.read_attention, &interface.free);
        let taken = &interface.allocation_gate * &interface.write_gate;
        let unused = usage::allocations(&usage, &taken);
        let similar = memory::content(&state.memory, &interface.write_content, similarity_eps);
        let gate = &interface.allocation_gate;
        let write_attention = &interface.write_gate * (gate * unused + (1.0 - gate) * similar);
        let rows =
            memory::write(&state.memory, &write_attention, &interface.erase, &interface.write);

        let links = memory::links(&state.links, &state.precedence, &write_attention);
        let precedence = precedence(&state.precedence, &write_attention);
        let read_attention = self.read_attention(&interface, &rows, &links, &state.read_attention);
        let read = memory::read(&rows, &read_attention).reshape(&[batch, reads * width]);
        let next = DncState {
            memory: rows,
            usage,
            read_attention,
            write_attention,
            precedence,
            links,
            read,
            controller,
        };
        (h, next)
    }

    /// Where to read: backward or forward along the links, or at similar rows, `[batch, R, N]`.
    #[track_caller]
    fn read_attention(
        &self,
        interface: &Interface<F>,
        rows: &Tensor<F>,
        links: &Tensor<F>,
        before: &Tensor<F>,
    ) -> Tensor<F> {
        let similar = memory::content(rows, &interface.read_content, self.options.similarity_eps);
        let [backward, forward] = links::follow(links, before);
        let ways = Tensor::concat(&[backward, forward, similar.unsqueeze(2)], 2);
        // [batch, R, 1, 2 W + 1] times [batch, R, 2 W + 1, N].
        interface.modes.unsqueeze(2).matmul(&ways).squeeze(2)
    }
}

impl<F: Float, C: Controller<F>> SequenceModel<F> for Dnc<F, C> {
    fn inputs(&self) -> usize {
        self.controller.inputs()
    }

    fn slots(&self) -> Option<usize> {
        Some(self.options.slots)
    }

    #[track_caller]
    fn logits(&self, sequence: &Tensor<F>) -> Tensor<F> {
        self.forward(sequence)
    }
}
