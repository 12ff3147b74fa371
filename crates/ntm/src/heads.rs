//! What the heads want of the memory, from the controller's output.

use seedbed_autodiff::{Float, MemoryHeads, Rng, Tensor, module};
use seedbed_nn::Linear;

use crate::{AddActivation, Addressing, NtmConfig};

/// The heads of a machine: one linear map for all of them.
///
/// Its outputs are, for every head (all read heads, then all write heads), what finds its place: k of M numbers, β, g, s of
/// 2R + 1 (the shifts −R, …, R), γ; or k and β where addressing is by content alone. After these come, for every write head, e and a, of M
/// numbers each. All are raw: activations follow.
#[derive(Clone, Debug)]
pub struct Heads<F: Float = f32> {
    /// From h to the raw numbers of all heads.
    pub linear: Linear<F>,
    /// Read heads.
    pub reads: usize,
    /// Write heads.
    pub writes: usize,
    /// M.
    pub width: usize,
    /// How a head finds its place.
    pub place: Place,
    /// Raw numbers are clipped to ±this.
    pub clip: f64,
    /// What an add vector goes through.
    pub add: AddActivation,
}
module!(Heads<F> { linear } config { reads, writes, width, place, clip, add });

/// How heads find their places.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Place {
    /// 2R + 1, the shifts that a head chooses from; `None` for addressing by content alone.
    pub shifts: Option<usize>,
    /// ε in the cosine.
    pub similarity_eps: f64,
}

impl Place {
    /// Raw numbers of a head on a memory whose rows have `width` numbers: k, β, and g, s, γ unless it goes by content alone.
    fn numbers(&self, width: usize) -> usize {
        width + 1 + self.shifts.map_or(0, |shifts| shifts + 2)
    }
}

/// What the heads want in one step.
pub(crate) struct Wishes<F: Float> {
    /// Raw numbers of every head, `[batch, heads, numbers]`: see [`Tensor::memory_attention`].
    pub(crate) place: Tensor<F>,
    /// e of every write head, in (0, 1), `[batch, write heads, M]`.
    pub(crate) erase: Tensor<F>,
    /// a of every write head, `[batch, write heads, M]`.
    pub(crate) add: Tensor<F>,
}

impl<F: Float> Heads<F> {
    /// The heads of a machine with this configuration, on `hidden` numbers of the controller.
    pub(crate) fn new(config: &NtmConfig, hidden: usize, rng: &mut Rng) -> Self {
        let place = Place {
            shifts: match config.addressing {
                Addressing::Full => Some(config.shifts()),
                Addressing::Content => None,
            },
            similarity_eps: config.similarity_eps,
        };
        let (reads, writes, width) = (config.read_heads, config.write_heads, config.width);
        let outputs = (reads + writes) * place.numbers(width) + writes * 2 * width;
        let linear = Linear::new(hidden, outputs, rng);
        Self { linear, reads, writes, width, place, clip: config.clip, add: config.add }
    }

    /// Noise for the raw numbers of all heads in every step of a sequence, `[time, batch, numbers]`.
    pub(crate) fn noise(&self, [time, batch]: [usize; 2], std: f64, rng: &mut Rng) -> Tensor<F> {
        let numbers = self.linear.weight.shape()[1];
        Tensor::normal(&[time, batch, numbers], 0.0, std, rng)
    }

    /// The raw numbers of all heads from h, with noise `[batch, numbers]` if there is any.
    #[track_caller]
    pub(crate) fn raw(&self, h: &Tensor<F>, noise: Option<&Tensor<F>>) -> Tensor<F> {
        let raw = self.linear.forward(h);
        match noise {
            Some(noise) => raw + noise,
            None => raw,
        }
    }

    /// The heads, as a step of all of them together takes them.
    pub(crate) fn together(&self) -> MemoryHeads {
        let Self { reads, writes, clip, .. } = *self;
        let Place { shifts, similarity_eps: eps } = self.place;
        MemoryHeads { reads, writes, shifts, eps, clip, tanh: self.add == AddActivation::Tanh }
    }

    /// What the raw numbers of all heads say, clipped.
    #[track_caller]
    pub(crate) fn wishes(&self, raw: &Tensor<F>) -> Wishes<F> {
        let raw = raw.clamp(-self.clip, self.clip);
        let (batch, heads) = (raw.shape()[0], self.reads + self.writes);
        let numbers = self.place.numbers(self.width);
        let parts = raw.split(1, &[heads * numbers, self.writes * 2 * self.width]);
        let change = parts[1].reshape(&[batch, self.writes, 2 * self.width]).chunk(2, 2);
        Wishes {
            place: parts[0].reshape(&[batch, heads, numbers]),
            erase: change[0].sigmoid(),
            add: match self.add {
                AddActivation::Identity => change[1].clone(),
                AddActivation::Tanh => change[1].tanh(),
            },
        }
    }

    /// Attention of some heads over the memory, from what they want and where they were.
    #[track_caller]
    pub(crate) fn attention(
        &self,
        memory: &Tensor<F>,
        place: &Tensor<F>,
        before: &Tensor<F>,
    ) -> Tensor<F> {
        let Place { shifts, similarity_eps } = self.place;
        match shifts {
            Some(shifts) => memory.memory_attention(place, before, shifts, similarity_eps),
            None => memory.memory_content(place, similarity_eps),
        }
    }
}
