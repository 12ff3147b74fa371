//! The machine: controller, heads, memory.

use seedbed_autodiff::{Float, Rng, Tensor, module};
use seedbed_nn::{Checked, Linear};

use crate::controller::{Controller, StandardController};
use crate::memory::{self, HeadParameters};
use crate::sequence::Features;
use crate::{HeadOrder, Heads, NtmConfig, NtmError, Snapshot, Start, Trace};

/// A Neural Turing Machine (Graves, Wayne & Danihelka 2014).
///
/// In every step the controller sees the input xₜ and what was read at the step before, rₜ₋₁. Its output hₜ gives the head parameters: where to read
/// and what to write. The machine's output is a linear map of [hₜ, rₜ]: logits, if the outputs are bits.
///
/// ```
/// use seedbed_autodiff::{Rng, Tensor};
/// use seedbed_nn::Config;
/// use seedbed_ntm::{Ntm, NtmConfig};
///
/// let config = NtmConfig { inputs: 9, outputs: 8, ..Default::default() }.check()?;
/// let ntm = Ntm::<f32>::new(&config, &mut Rng::new(0));
/// let sequence = Tensor::zeros(&[12, 2, 9]); // 12 steps, 2 examples
/// assert_eq!(ntm.forward(&sequence).shape(), [12, 2, 8]);
///
/// // The same, step by step.
/// let mut state = ntm.start(2);
/// for t in 0..12 {
///     let (logits, next) = ntm.step(&sequence.index(0, t), &state);
///     assert_eq!(logits.shape(), [2, 8]);
///     state = next;
/// }
/// assert_eq!(state.memory.shape(), [2, 128, 20]);
/// # Ok::<(), seedbed_nn::ConfigError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Ntm<F: Float = f32, C: Controller<F> = StandardController<F>> {
    /// The network in the middle.
    pub controller: C,
    /// From its output to the head parameters.
    pub heads: Heads<F>,
    /// From the controller's output and what was read to the output, `[hidden + read heads · M, outputs]`.
    pub output: Linear<F>,
    /// Where a sequence begins.
    pub start: Start<F>,
    /// In which order the heads act.
    pub order: HeadOrder,
}
module!([F: Float, C: Controller<F>] Ntm<F, C>: F { controller, heads, output, start } config { order });

/// What a machine carries from step to step.
#[derive(Clone, Debug)]
pub struct NtmState<F: Float, S> {
    /// Mₜ, `[batch, N, M]`.
    pub memory: Tensor<F>,
    /// wₜ of all read heads, then of all write heads, `[batch, heads, N]`.
    pub attention: Tensor<F>,
    /// rₜ of all read heads, one after the other, `[batch, read heads · M]`.
    pub read: Tensor<F>,
    /// The controller's own state.
    pub controller: S,
}

impl<F: Float> Ntm<F> {
    /// A machine with the controller that the configuration names.
    pub fn new(config: &Checked<NtmConfig>, rng: &mut Rng) -> Self {
        let controller =
            StandardController::new(&config.controller, config.inputs, config.read_width(), rng);
        Self::with_controller(config, controller, rng)
    }
}

impl<F: Float, C: Controller<F>> Ntm<F, C> {
    /// A machine with a controller of one's own; that of the configuration is not looked at.
    ///
    /// # Panics
    /// If the controller does not take as many inputs, or as many elements that were read, as the configuration says.
    #[track_caller]
    pub fn with_controller(config: &Checked<NtmConfig>, controller: C, rng: &mut Rng) -> Self {
        crate::controller::must_fit("Ntm", &controller, config.inputs, config.read_width());
        let hidden = controller.outputs();
        Self {
            heads: Heads::new(config.head_options(), hidden, rng),
            output: Linear::new(hidden + config.read_width(), config.outputs, rng),
            start: Start::new(config, rng),
            order: config.order,
            controller,
        }
    }

    /// Rows of the memory, N.
    pub fn slots(&self) -> usize {
        self.start.memory().shape()[0]
    }

    /// The state before the first step of a batch of sequences.
    pub fn start(&self, batch: usize) -> NtmState<F, C::State> {
        let all = |x: &Tensor<F>| {
            let shape = [&[batch], x.shape()].concat();
            x.broadcast_to(&shape)
        };
        NtmState {
            memory: all(self.start.memory()),
            attention: all(&self.start.attention()),
            read: self.start.read().broadcast_to(&[batch, self.start.read().len()]),
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
        state: &NtmState<F, C::State>,
    ) -> (Tensor<F>, NtmState<F, C::State>) {
        let (h, next, _) = self.advance(x, state, None);
        (self.output.forward(&Tensor::concat(&[&h, &next.read], 1)), next)
    }

    /// The logits `[time, batch, outputs]` on sequences `[time, batch, inputs]`, from the start.
    ///
    /// # Panics
    /// If the shapes do not fit; [`check_input`](Self::check_input) says so without a panic.
    #[track_caller]
    pub fn forward(&self, sequence: &Tensor<F>) -> Tensor<F> {
        self.unroll(sequence, None, |_, _| ())
    }

    /// [`forward`](Self::forward) with normal noise of a standard deviation on the head parameters, before any activation:
    /// a pass to learn from.
    ///
    /// Attention that is slightly blurred costs nothing on the sequences of a training, because the output map evens it out; on
    /// sequences many times as long it blurs away. What must hold under noise is held with a margin: gates
    /// shut, shifts certain, weights sharp. (Noise as a regulariser: Bishop 1995; on attention it is this crate's.)
    ///
    /// # Panics
    /// If the shapes do not fit.
    ///
    /// ```
    /// use seedbed_autodiff::{Rng, Tensor};
    /// use seedbed_nn::Config;
    /// use seedbed_ntm::{Ntm, NtmConfig};
    ///
    /// let mut rng = Rng::new(0);
    /// let ntm = Ntm::<f32>::new(&NtmConfig::default().check()?, &mut rng);
    /// let sequence = Tensor::ones(&[5, 1, 9]);
    /// assert_ne!(ntm.forward_noisy(&sequence, 0.5, &mut rng).data(), ntm.forward(&sequence).data());
    /// # Ok::<(), seedbed_nn::ConfigError>(())
    /// ```
    #[track_caller]
    pub fn forward_noisy(&self, sequence: &Tensor<F>, std: f64, rng: &mut Rng) -> Tensor<F> {
        let dims = crate::sequence::dims("Ntm", sequence, self.controller.inputs());
        let noise = self.heads.noise(dims, std, rng);
        self.unroll(sequence, Some(&noise), |_, _| ())
    }

    /// [`forward`](Self::forward), and everything that the heads did.
    ///
    /// # Panics
    /// If the shapes do not fit, or there is no step.
    #[track_caller]
    pub fn forward_traced(&self, sequence: &Tensor<F>) -> (Tensor<F>, Trace<F>) {
        let mut snapshots = Vec::new();
        let logits = self.unroll(sequence, None, |state, raw| {
            let options = &self.heads.options;
            snapshots.push(Snapshot::new(state, &options.decode(raw), options));
        });
        (logits, Trace::new(&snapshots))
    }

    /// Runs over sequences, with noise on the head parameters of each step. Shows every state and the raw head parameters that made it to
    /// `see`.
    #[track_caller]
    fn unroll(
        &self,
        sequence: &Tensor<F>,
        noise: Option<&Tensor<F>>,
        mut see: impl FnMut(&NtmState<F, C::State>, &Tensor<F>),
    ) -> Tensor<F> {
        let [time, batch] = crate::sequence::dims("Ntm", sequence, self.controller.inputs());
        let mut state = self.start(batch);
        let mut features = Features::new(time);
        for t in 0..time as isize {
            let noise = noise.map(|noise| noise.index(0, t));
            let (h, next, raw) = self.advance(&sequence.index(0, t), &state, noise.as_ref());
            see(&next, &raw);
            features.push(h, &next.read);
            state = next;
        }
        features.outputs(&self.output, batch)
    }

    /// One step without the output map: hₜ, the next state, and the raw head parameters.
    #[track_caller]
    fn advance(
        &self,
        x: &Tensor<F>,
        state: &NtmState<F, C::State>,
        noise: Option<&Tensor<F>>,
    ) -> (Tensor<F>, NtmState<F, C::State>, Tensor<F>) {
        let (h, controller) = self.controller.step(x, &state.read, &state.controller);
        let raw = self.heads.raw(&h, noise);
        let [memory, attention, read] = match self.order {
            HeadOrder::Together => {
                memory::step(&state.memory, &raw, &state.attention, self.heads.options)
            }
            HeadOrder::InPairs => self.act_in_pairs(&self.heads.options.decode(&raw), state),
        };
        (h, NtmState { memory, attention, read, controller }, raw)
    }

    /// Every head sees the memory as the head before left it. Returns Mₜ, wₜ and rₜ.
    #[track_caller]
    fn act_in_pairs(
        &self,
        parameters: &HeadParameters<F>,
        state: &NtmState<F, C::State>,
    ) -> [Tensor<F>; 3] {
        let pairs = self.heads.options.reads;
        let mut rows = state.memory.clone();
        let (mut read_attention, mut write_attention, mut reads) = (vec![], vec![], vec![]);
        let head = |x: &Tensor<F>, i: usize| x.slice(1, i..i + 1);
        for i in 0..pairs {
            let attend = |rows: &Tensor<F>, i| {
                let (raw, before) = (head(&parameters.addressing, i), head(&state.attention, i));
                memory::addressing(rows, &raw, &before, self.heads.options.addressing)
            };
            let w = attend(&rows, i);
            reads.push(memory::read(&rows, &w));
            read_attention.push(w);
            let w = attend(&rows, pairs + i);
            rows = memory::write(&rows, &w, &head(&parameters.erase, i), &head(&parameters.add, i));
            write_attention.push(w);
        }
        read_attention.append(&mut write_attention);
        let [attention, read] = [&read_attention, &reads].map(|parts| Tensor::concat(parts, 1));
        [rows, attention, read.reshape(state.read.shape())]
    }
}

/// Bad input as an error instead of a panic.
impl<F: Float, C: Controller<F>> Ntm<F, C> {
    /// Whether the machine can take this sequence.
    ///
    /// # Errors
    /// [`NtmError::Shape`] unless it is `[time, batch, inputs]`, [`NtmError::NotFinite`] where an element is NaN or infinite.
    ///
    /// ```
    /// use seedbed_autodiff::{Rng, Tensor};
    /// use seedbed_nn::Config;
    /// use seedbed_ntm::{Ntm, NtmConfig};
    /// let config = NtmConfig { inputs: 4, ..Default::default() }.check()?;
    /// let ntm = Ntm::<f32>::new(&config, &mut Rng::new(0));
    /// let error = ntm.check_input(&Tensor::zeros(&[3, 1, 5])).unwrap_err();
    /// let expected = "the sequence has the shape [3, 1, 5], but should be [time, batch, 4]";
    /// assert_eq!(error.to_string(), expected);
    /// # Ok::<(), seedbed_nn::ConfigError>(())
    /// ```
    pub fn check_input(&self, sequence: &Tensor<F>) -> Result<(), NtmError> {
        crate::sequence::check(sequence, self.controller.inputs())
    }

    /// Whether the memory has a row for each of so many vectors that a sequence asks to remember.
    ///
    /// A machine can learn to pack several vectors into one row, so that this is no reason to refuse; but it is one to tell the user.
    ///
    /// # Errors
    /// [`NtmError::MemoryTooSmall`] if it has not.
    pub fn check_capacity(&self, vectors: usize) -> Result<(), NtmError> {
        crate::sequence::check_capacity(self.slots(), vectors)
    }
}
