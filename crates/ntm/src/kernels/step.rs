//! One step of all heads: they address, read, and write.
//!
//! An example goes through the kernels of each part in turn, as a matrix of one row, while its memory is in cache. They are called, not
//! inlined: a loop's body that is used in two places may not be inlined in either, and is then compiled for the baseline.

use seedbed_kernels::Float;
use seedbed_kernels::rows::{self, Rows};

use super::addressing::{self, Addressing};
use super::parameters::{cut, decode, decode_gradient, lengths};
use super::{read, write};
use crate::memory::HeadOptions;

/// The step of heads with these options.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Step(pub(crate) HeadOptions);

/// What a step leads to, and what the gradient needs.
pub(crate) struct Stepped<F> {
    /// The memory, the attention of all heads, and what was read, one after the other.
    pub(crate) next: Vec<F>,
    /// See [`addressing::Addressed`].
    pub(crate) saved: Vec<F>,
    /// The decoded head parameters.
    pub(crate) decoded: Vec<F>,
}

/// About what an element of the memory costs for a head that reads or writes, in scalar operations.
const WORK: usize = 4;

impl Step {
    fn addressing(self) -> Addressing {
        Addressing { width: self.0.width, options: self.0.addressing }
    }

    /// The lengths of the three parts of [`Stepped::next`], on memories of `n` rows.
    pub(crate) fn lengths(self, [batch, n]: [usize; 2]) -> [usize; 3] {
        let HeadOptions { reads, width, .. } = self.0;
        [n * width, self.0.heads() * n, reads * width].map(|length| batch * length)
    }

    /// A step from memory, raw head parameters and the attention before.
    pub(crate) fn forward<F: Float>(self, x: [&[F]; 3], dims: [usize; 2]) -> Stepped<F> {
        let [batch, n] = dims;
        let lengths = self.lengths(dims);
        let zeros = |length| vec![F::zero(); length];
        let mut next = zeros(lengths.iter().sum());
        let mut saved = zeros(batch * self.addressing().saved(n, self.0.heads()));
        let mut decoded = zeros(x[1].len());
        let [memory, attention, read] = cut(&mut next, lengths);
        let out = [memory, attention, read, &mut saved, &mut decoded];
        rows::run(Forward(self), batch, self.work(lengths), x, out);
        Stepped { next, saved, decoded }
    }

    /// Adds the gradients of memory, raw head parameters and attention before, given what a step led to and its gradient `g`.
    pub(crate) fn backward<F: Float>(
        self,
        [memory, raw, before]: [&[F]; 3],
        [next, saved, decoded, g]: [&[F]; 4],
        d: [&mut [F]; 3],
        dims: [usize; 2],
    ) {
        let lengths = self.lengths(dims);
        let (attention, _) = next[lengths[0]..].split_at(lengths[1]);
        let (g_memory, g) = g.split_at(lengths[0]);
        let (g_attention, g_read) = g.split_at(lengths[1]);
        let x = [memory, raw, before, attention, saved, decoded, g_memory, g_attention, g_read];
        rows::run(Backward(self), dims[0], 2 * self.work(lengths), x, d);
    }

    /// About what a step costs, in scalar operations.
    fn work(self, [memory, attention, _]: [usize; 3]) -> usize {
        let heads = self.0.heads();
        Addressing::work(memory, heads, attention) + memory * heads * WORK
    }
}

#[derive(Clone, Copy)]
struct Forward(Step);

impl<F: Float> Rows<F, 3, 5> for Forward {
    #[inline(always)]
    fn row<const FMA: bool>(
        self,
        _: usize,
        [memory, raw, before]: [&[F]; 3],
        [next, attention, read, saved, decoded]: [&mut [F]; 5],
    ) {
        let heads = self.0.0;
        let width = heads.width;
        decode::<F, FMA>(heads, raw, decoded);
        let [addressing, erase, add] = cut(decoded, lengths(heads));
        let x = [memory, addressing, before];
        rows::run(addressing::Forward(self.0.addressing()), 1, 0, x, [&mut *attention, saved]);
        let (reading, writing) = attention.split_at(heads.reads * (memory.len() / width));
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
        [memory, raw, before, attention, saved, decoded, g_memory, g_attention, g_read]: [&[F]; 9],
        [d_memory, d_raw, d_before]: [&mut [F]; 3],
    ) {
        let heads = self.0.0;
        let width = heads.width;
        let [split, changes, _] = lengths(heads);
        let (addressing, change) = decoded.split_at(split);
        let (erase, add) = change.split_at(changes);
        // The gradients of the attention and of the decoded parameters.
        let mut d = vec![F::zero(); attention.len() + decoded.len()];
        let (d_attention, d_decoded) = d.split_at_mut(attention.len());
        d_attention.copy_from_slice(g_attention);
        let [d_addressing, d_erase, d_add] = cut(d_decoded, lengths(heads));

        let read_rows = heads.reads * (memory.len() / width);
        let (reading, writing) = attention.split_at(read_rows);
        let (d_reading, d_writing) = d_attention.split_at_mut(read_rows);
        let kernel = write::Backward { heads: heads.writes, width };
        let x = [memory, writing, erase, add, g_memory];
        rows::run(kernel, 1, 0, x, [&mut *d_memory, d_writing, d_erase, d_add]);
        let x = [memory, reading, g_read];
        rows::run(read::Backward { width }, 1, 0, x, [&mut *d_memory, d_reading]);
        let x = [memory, addressing, before, attention, saved, d_attention];
        let out = [d_memory, d_addressing, d_before];
        rows::run(addressing::Backward(self.0.addressing()), 1, 0, x, out);
        decode_gradient::<F, FMA>(heads, [raw, decoded, d_decoded], d_raw);
    }
}
