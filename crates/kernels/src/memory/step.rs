//! One step of all heads: they attend, read, and write.
//!
//! An example goes through the kernels of each part in turn, as a matrix of one row, while its memory is in cache. They are called, not
//! inlined: a loop's body that is used in two places may not be inlined in either, and is then compiled for the baseline.

use super::attention::{self, Attention};
use super::{read, write};
use crate::Float;
use crate::rows::{self, Rows, map, map_in_place};
use crate::simd::Lane;

/// The heads of a machine.
#[derive(Clone, Copy, Debug)]
pub struct Step {
    /// How heads address the memory.
    pub attention: Attention,
    /// Heads that read.
    pub reads: usize,
    /// Heads that write.
    pub writes: usize,
    /// Raw numbers are clipped to ±this.
    pub clip: f64,
    /// Whether add vectors go through tanh.
    pub tanh: bool,
}

/// What a step leads to, and what the gradient needs.
pub struct Stepped<F> {
    /// The memory, the attention of all heads, and what was read, one after the other.
    pub next: Vec<F>,
    /// See [`attention::Attended`].
    pub saved: Vec<F>,
    /// Of every example what finds the heads' places, clipped; then e of all write heads; then their a.
    pub wishes: Vec<F>,
}

/// About what a number of the memory costs for a head that reads or writes, in scalar operations.
const WORK: usize = 4;

impl Step {
    /// All heads.
    pub fn heads(self) -> usize {
        self.reads + self.writes
    }

    /// Raw numbers that find the places of all heads.
    fn places(self) -> usize {
        self.heads() * self.attention.numbers()
    }

    /// Numbers of e of all write heads; as many are those of a.
    fn changes(self) -> usize {
        self.writes * self.attention.width
    }

    /// Raw numbers of all heads.
    pub fn numbers(self) -> usize {
        self.places() + 2 * self.changes()
    }

    /// The lengths of the three parts of [`Stepped::next`], on a memory `[batch, N, M]`.
    pub fn lengths(self, [batch, n, width]: [usize; 3]) -> [usize; 3] {
        [n * width, self.heads() * n, self.reads * width].map(|length| batch * length)
    }

    /// A step from memory, raw numbers and the attention before.
    pub fn forward<F: Float>(self, x: [&[F]; 3], dims: [usize; 3]) -> Stepped<F> {
        let [batch, n, _] = dims;
        let lengths = self.lengths(dims);
        let zeros = |length| vec![F::zero(); length];
        let mut next = zeros(lengths.iter().sum());
        let mut saved = zeros(batch * self.attention.saved(n, self.heads()));
        let mut wishes = zeros(x[1].len());
        let [memory, attention, read] = cut(&mut next, lengths);
        let out = [memory, attention, read, &mut saved, &mut wishes];
        rows::run(Forward(self), batch, self.work(lengths), x, out);
        Stepped { next, saved, wishes }
    }

    /// Adds the gradients of memory, raw numbers and attention before, given what a step led to and its gradient `g`.
    pub fn backward<F: Float>(
        self,
        [memory, raw, before]: [&[F]; 3],
        [next, saved, wishes, g]: [&[F]; 4],
        d: [&mut [F]; 3],
        dims: [usize; 3],
    ) {
        let lengths = self.lengths(dims);
        let (attention, _) = next[lengths[0]..].split_at(lengths[1]);
        let (g_memory, g) = g.split_at(lengths[0]);
        let (g_attention, g_read) = g.split_at(lengths[1]);
        let x = [memory, raw, before, attention, saved, wishes, g_memory, g_attention, g_read];
        rows::run(Backward(self), dims[0], 2 * self.work(lengths), x, d);
    }

    /// About what a step costs, in scalar operations.
    fn work(self, [memory, attention, _]: [usize; 3]) -> usize {
        let heads = self.heads();
        Attention::work(memory, heads, attention) + memory * heads * WORK
    }
}

/// Cuts a slice into parts of these lengths.
fn cut<F>(x: &mut [F], lengths: [usize; 3]) -> [&mut [F]; 3] {
    let (first, rest) = x.split_at_mut(lengths[0]);
    let (second, third) = rest.split_at_mut(lengths[1]);
    [first, second, third]
}

#[derive(Clone, Copy)]
struct Forward(Step);

impl<F: Float> Rows<F, 3, 5> for Forward {
    #[inline(always)]
    fn row<const FMA: bool>(
        self,
        _: usize,
        [memory, raw, before]: [&[F]; 3],
        [next, attention, read, saved, wishes]: [&mut [F]; 5],
    ) {
        let Step { attention: finds, reads, clip, tanh, .. } = self.0;
        let width = finds.width;
        let [place, erase, add] =
            cut(wishes, [self.0.places(), self.0.changes(), self.0.changes()]);
        let (raw_place, raw_change) = raw.split_at(place.len());
        let clipped = |x: Lane<F, FMA>| x.clamp(-clip, clip);
        map::<F, FMA>(raw_place, place, clipped);
        let changes = erase.chunks_exact_mut(width).zip(add.chunks_exact_mut(width));
        for (raw, (e, a)) in raw_change.chunks_exact(2 * width).zip(changes) {
            map::<F, FMA>(&raw[..width], e, |x| clipped(x).sigmoid());
            map::<F, FMA>(&raw[width..], a, clipped);
            if tanh {
                map_in_place::<F, FMA>(a, |x| x.tanh());
            }
        }
        let x = [memory, place, before];
        rows::run(attention::Forward(finds), 1, 0, x, [&mut *attention, saved]);
        let (reading, writing) = attention.split_at(reads * (memory.len() / width));
        rows::run(read::Forward { width }, 1, 0, [memory, reading], [read]);
        next.copy_from_slice(memory);
        rows::run(write::Forward { width }, 1, 0, [writing, erase, add], [next]);
    }
}

#[derive(Clone, Copy)]
struct Backward(Step);

impl<F: Float> Rows<F, 9, 3> for Backward {
    #[inline(always)]
    fn row<const FMA: bool>(
        self,
        _: usize,
        [memory, raw, before, attention, saved, wishes, g_memory, g_attention, g_read]: [&[F]; 9],
        [d_memory, d_raw, d_before]: [&mut [F]; 3],
    ) {
        let Step { attention: finds, reads, writes, clip, tanh } = self.0;
        let width = finds.width;
        let (place, changes) = wishes.split_at(self.0.places());
        let (erase, add) = changes.split_at(self.0.changes());
        // The gradients of the attention and of the wishes.
        let mut g = vec![F::zero(); attention.len() + wishes.len()];
        let [d_attention, d_place, d_changes] =
            cut(&mut g, [attention.len(), place.len(), changes.len()]);
        let (d_erase, d_add) = d_changes.split_at_mut(erase.len());
        d_attention.copy_from_slice(g_attention);

        let read_rows = reads * (memory.len() / width);
        let (reading, writing) = attention.split_at(read_rows);
        let (d_reading, d_writing) = d_attention.split_at_mut(read_rows);
        let kernel = write::Backward { heads: writes, width };
        let x = [memory, writing, erase, add, g_memory];
        rows::run(kernel, 1, 0, x, [&mut *d_memory, d_writing, &mut *d_erase, &mut *d_add]);
        let x = [memory, reading, g_read];
        rows::run(read::Backward { width }, 1, 0, x, [&mut *d_memory, d_reading]);
        let x = [memory, place, before, attention, saved, d_attention];
        rows::run(attention::Backward(finds), 1, 0, x, [d_memory, &mut *d_place, d_before]);

        // Nothing gets through where a raw number was clipped.
        let add_unclipped = |d_raw: &mut [F], raw: &[F], d: &[F], y: &[F], slope: Slope| {
            for ((d_raw, &raw), (&d, &y)) in d_raw.iter_mut().zip(raw).zip(d.iter().zip(y)) {
                let (raw, d, y) = (Lane::<F, FMA>(raw), Lane(d), Lane(y));
                let d = match slope {
                    Slope::One => d,
                    Slope::Sigmoid => d * (y * (1.0 - y)),
                    Slope::Tanh => d * (1.0 - y * y),
                };
                let d = raw.clamp(-clip, clip).eq(raw).select(d, 0.0);
                *d_raw = (Lane(*d_raw) + d).0;
            }
        };
        let (raw_place, raw_changes) = raw.split_at(place.len());
        let (d_raw_place, d_raw_changes) = d_raw.split_at_mut(place.len());
        add_unclipped(d_raw_place, raw_place, d_place, place, Slope::One);
        let of_add = if tanh { Slope::Tanh } else { Slope::One };
        for h in 0..writes {
            let (e, a) = (2 * h * width, (2 * h + 1) * width);
            let part = h * width..(h + 1) * width;
            for (at, d, y, slope) in
                [(e, &*d_erase, erase, Slope::Sigmoid), (a, &*d_add, add, of_add)]
            {
                let raw = &raw_changes[at..at + width];
                let d_raw = &mut d_raw_changes[at..at + width];
                add_unclipped(d_raw, raw, &d[part.clone()], &y[part.clone()], slope);
            }
        }
    }
}

/// The slope of an activation with value y.
#[derive(Clone, Copy)]
enum Slope {
    One,
    Sigmoid,
    Tanh,
}
