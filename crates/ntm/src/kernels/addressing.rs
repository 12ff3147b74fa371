//! How heads address a memory: content, interpolation, shift, sharpening.

use seedbed_kernels::Float;
use seedbed_kernels::rows::{self, Rows};

use super::content::{Memory, inv_norm};
use super::location::{Location, Scratch, Sharpener};
use crate::memory::AddressingOptions;

/// The addressing of a memory whose rows have `width` elements.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Addressing {
    pub(crate) width: usize,
    pub(crate) options: AddressingOptions,
}

/// What heads attend to, and what the gradient needs.
pub(crate) struct Addressed<F> {
    /// `[batch, heads, N]`.
    pub(crate) attention: Vec<F>,
    /// For every example 1/‖Mᵢ‖, and for each of its heads cos(k, Mᵢ), and where it shifts wᶜ and w̃.
    pub(crate) saved: Vec<F>,
}

/// About what an element of the memory and a weight cost, in scalar operations.
const WORK: [usize; 2] = [3, 60];

impl Addressing {
    /// Parameters of a head.
    pub(crate) fn parameters(self) -> usize {
        self.options.parameters(self.width)
    }

    /// Rows that are kept of each head.
    fn kept(self) -> usize {
        if self.options.shifts.is_some() { 3 } else { 1 }
    }

    /// Elements that are kept of an example with `n` rows.
    pub(super) fn saved(self, n: usize, heads: usize) -> usize {
        n * (1 + heads * self.kept())
    }

    /// About what the attention of all heads costs forward, in scalar operations.
    pub(super) fn work(memory: usize, heads: usize, attention: usize) -> usize {
        memory * heads * WORK[0] + attention * WORK[1]
    }

    /// The attention of heads with these raw parameters, and `before` where they shift, over the memories of a batch.
    pub(crate) fn forward<F: Float>(
        self,
        [memory, raw, before]: [&[F]; 3],
        batch: usize,
    ) -> Addressed<F> {
        let (n, heads) = self.sizes(memory, raw, batch);
        let mut attention = vec![F::zero(); batch * heads * n];
        let mut saved = vec![F::zero(); batch * self.saved(n, heads)];
        let work = Self::work(memory.len(), heads, attention.len());
        rows::run(Forward(self), batch, work, [memory, raw, before], [&mut attention, &mut saved]);
        Addressed { attention, saved }
    }

    /// Adds the gradients of memory, raw parameters and attention before, given the attention, what was saved and its gradient.
    pub(crate) fn backward<F: Float>(
        self,
        [memory, raw, before]: [&[F]; 3],
        [attention, saved, g]: [&[F]; 3],
        d: [&mut [F]; 3],
        batch: usize,
    ) {
        let (_, heads) = self.sizes(memory, raw, batch);
        let work = memory.len() * heads * 2 * WORK[0] + g.len() * WORK[1];
        rows::run(Backward(self), batch, work, [memory, raw, before, attention, saved, g], d);
    }

    /// N and the number of heads.
    fn sizes<F>(self, memory: &[F], raw: &[F], batch: usize) -> (usize, usize) {
        let per_example = batch.max(1);
        (memory.len() / (per_example * self.width), raw.len() / (per_example * self.parameters()))
    }
}

/// A head's raw parameters.
struct Raw<'a, F> {
    key: &'a [F],
    strength: F,
    /// Where it shifts.
    location: Option<Location<'a, F>>,
}

impl<'a, F: Float> Raw<'a, F> {
    #[inline(always)]
    fn of(raw: &'a [F], width: usize) -> Self {
        let (key, rest) = raw.split_at(width);
        let location = match &rest[1..] {
            &[gate, ref shift @ .., sharpness] => Some(Location { gate, shift, sharpness }),
            _ => None,
        };
        Self { key, strength: rest[0], location }
    }
}

/// [`Addressing::forward`] of an example.
#[derive(Clone, Copy)]
pub(super) struct Forward(pub(super) Addressing);

impl<F: Float> Rows<F, 3, 2> for Forward {
    #[inline(always)]
    fn row<const FMA: bool>(
        self,
        _: usize,
        [memory, raw, before]: [&[F]; 3],
        [attention, saved]: [&mut [F]; 2],
    ) {
        let Addressing { width, options } = self.0;
        let (n, eps) = (memory.len() / width, options.similarity_eps);
        let sharpener = Sharpener::new(options.sharpening);
        let (inv_norms, saved) = saved.split_at_mut(n);
        for (inv, row) in inv_norms.iter_mut().zip(memory.chunks_exact(width)) {
            *inv = inv_norm::<F, FMA>(row, eps);
        }
        let rows = Memory { rows: memory, width, inv_norms, eps };
        let mut shares = vec![F::zero(); options.shifts.unwrap_or(0)];
        let mut around = Vec::with_capacity(n + shares.len());
        let heads = raw.chunks_exact(self.0.parameters()).zip(attention.chunks_exact_mut(n));
        let saved = saved.chunks_exact_mut(n * self.0.kept());
        for (h, ((raw, w), saved)) in heads.zip(saved).enumerate() {
            let raw = Raw::of(raw, width);
            let (cosine, saved) = saved.split_at_mut(n);
            let Some(location) = raw.location else {
                rows.attend::<FMA>(raw.key, raw.strength, cosine, w);
                continue;
            };
            let (content, shifted) = saved.split_at_mut(n);
            rows.attend::<FMA>(raw.key, raw.strength, cosine, content);
            let x = [&*content, &before[h * n..][..n]];
            location.attend::<FMA>(sharpener, x, shifted, w, &mut shares, &mut around);
        }
    }
}

/// [`Addressing::backward`] of an example.
#[derive(Clone, Copy)]
pub(super) struct Backward(pub(super) Addressing);

impl<F: Float> Rows<F, 6, 3> for Backward {
    #[inline(always)]
    fn row<const FMA: bool>(
        self,
        _: usize,
        [memory, raw, before, attention, saved, g]: [&[F]; 6],
        [d_memory, d_raw, d_before]: [&mut [F]; 3],
    ) {
        let Addressing { width, options } = self.0;
        let n = memory.len() / width;
        let sharpener = Sharpener::new(options.sharpening);
        let (inv_norms, saved) = saved.split_at(n);
        let rows = Memory { rows: memory, width, inv_norms, eps: options.similarity_eps };
        let mut d = vec![F::zero(); n];
        let mut scratch = Scratch::new(n, options.shifts.unwrap_or(0));
        let parameters = self.0.parameters();
        let heads = raw.chunks_exact(parameters).zip(d_raw.chunks_exact_mut(parameters));
        let saved = saved.chunks_exact(n * self.0.kept());
        for (h, ((raw, d_raw), saved)) in heads.zip(saved).enumerate() {
            let raw = Raw::of(raw, width);
            let (d_key, d_rest) = d_raw.split_at_mut(width);
            let (d_strength, d_location) = d_rest.split_first_mut().expect("there is a strength");
            let (cosine, saved) = saved.split_at(n);
            let head = h * n..(h + 1) * n;
            let w = &attention[head.clone()];
            d.copy_from_slice(&g[head.clone()]);
            let content = match raw.location {
                None => w,
                Some(location) => {
                    let (content, shifted) = saved.split_at(n);
                    let x = [content, &before[head.clone()], shifted, w];
                    let d_before = &mut d_before[head];
                    location.backward::<FMA>(
                        sharpener,
                        x,
                        &mut d,
                        d_before,
                        d_location,
                        &mut scratch,
                    );
                    content
                }
            };
            let x = [raw.key, cosine, content];
            rows.backward::<FMA>(x, raw.strength, &mut d, d_memory, d_key, d_strength);
        }
    }
}
