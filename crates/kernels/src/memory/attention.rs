//! How heads find their place: content, interpolation, shift, sharpening.

use super::shift::{Direction, convolve};
use super::{add_scaled, dot, update, update_all};
use crate::Float;
use crate::rows::{self, Rows, fold, map, map_in_place};
use crate::simd::Lane;

/// Added before a logarithm: far below any weight that matters, far above underflow.
const TINY: f64 = 1e-16;

/// The sizes of an attention.
#[derive(Clone, Copy, Debug)]
pub struct Attention {
    /// M.
    pub width: usize,
    /// The number of shifts; `None` for content alone.
    pub shifts: Option<usize>,
    /// In the cosine.
    pub eps: f64,
}

/// What heads attend to, and what the gradient needs.
pub struct Attended<F> {
    /// `[batch, heads, N]`.
    pub attention: Vec<F>,
    /// For every example 1/‖Mᵢ‖, and for each of its heads cos(k, Mᵢ), and where it shifts wᶜ and w̃.
    pub saved: Vec<F>,
}

/// About what a number of the memory and a weight cost, in scalar operations.
const WORK: [usize; 2] = [3, 60];

impl Attention {
    /// Raw numbers of a head.
    pub fn numbers(self) -> usize {
        self.width + 1 + self.shifts.map_or(0, |shifts| shifts + 2)
    }

    /// Rows that are kept of each head.
    fn kept(self) -> usize {
        if self.shifts.is_some() { 3 } else { 1 }
    }

    /// Numbers that are kept of an example with `n` rows.
    pub(super) fn saved(self, n: usize, heads: usize) -> usize {
        n * (1 + heads * self.kept())
    }

    /// About what the attention of all heads costs forward, in scalar operations.
    pub(super) fn work(memory: usize, heads: usize, attention: usize) -> usize {
        memory * heads * WORK[0] + attention * WORK[1]
    }

    /// The attention of heads with `raw` numbers, `before` where they shift, over the memories of a batch.
    pub fn forward<F: Float>(self, [memory, raw, before]: [&[F]; 3], batch: usize) -> Attended<F> {
        let (n, heads) = self.sizes(memory, raw, batch);
        let mut attention = vec![F::zero(); batch * heads * n];
        let mut saved = vec![F::zero(); batch * self.saved(n, heads)];
        let work = Self::work(memory.len(), heads, attention.len());
        rows::run(Forward(self), batch, work, [memory, raw, before], [&mut attention, &mut saved]);
        Attended { attention, saved }
    }

    /// Adds the gradients of memory, raw numbers and attention before, given the attention, what was saved and its gradient.
    pub fn backward<F: Float>(
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
        (memory.len() / (per_example * self.width), raw.len() / (per_example * self.numbers()))
    }
}

/// A head's raw numbers.
struct Raw<'a, F> {
    key: &'a [F],
    strength: F,
    /// Gate, shifts, sharpness.
    place: Option<(F, &'a [F], F)>,
}

impl<'a, F: Float> Raw<'a, F> {
    #[inline(always)]
    fn of(raw: &'a [F], width: usize) -> Self {
        let (key, rest) = raw.split_at(width);
        let place = match &rest[1..] {
            [gate, shifts @ .., sharpness] => Some((*gate, shifts, *sharpness)),
            _ => None,
        };
        Self { key, strength: rest[0], place }
    }
}

/// 1/√(‖x‖² + ε).
#[inline(always)]
fn over_norm<F: Float, const FMA: bool>(x: &[F], eps: f64) -> F {
    (Lane::<F, FMA>(dot::<F, FMA>(x, x)) + eps).rsqrt().0
}

#[inline(always)]
fn sigmoid<F: Float, const FMA: bool>(x: F) -> F {
    Lane::<F, FMA>(x).sigmoid().0
}

#[inline(always)]
fn softplus<F: Float, const FMA: bool>(x: F) -> F {
    Lane::<F, FMA>(x).softplus().0
}

/// softmax(scale · x) in place of x, for a scale that is not negative.
#[inline(always)]
fn softmax<F: Float, const FMA: bool>(x: &mut [F], scale: F) {
    let (least, scale) = (F::neg_infinity(), Lane::<F, FMA>(scale));
    let largest = fold::<F, FMA>(x, least, least, |a, x| x.gt(a).select(x, a));
    let largest = Lane(largest.reduce(|a, b| b.gt(a).select(b, a)));
    map_in_place::<F, FMA>(x, |x| ((x - largest) * scale).exp());
    let sum = fold::<F, FMA>(x, F::zero(), F::zero(), |a, x| a + x).sum();
    let share = Lane(sum).recip();
    map_in_place::<F, FMA>(x, |x| x * share);
}

/// The gradient before a softmax with value `y`, in place of that after it: y (g − Σ g y).
#[inline(always)]
fn softmax_gradient<F: Float, const FMA: bool>(y: &[F], g: &mut [F]) {
    let mean = Lane(dot::<F, FMA>(y, g));
    update::<F, FMA, 1>(g, [y], |g, [y]| y * (g - mean));
}

/// Σ xᵢ (y rotated by `by` places to the right)ᵢ.
#[inline(always)]
fn dot_rotated<F: Float, const FMA: bool>(x: &[F], y: &[F], by: usize) -> F {
    let (start, end) = y.split_at(y.len() - by);
    dot::<F, FMA>(&x[..by], end) + dot::<F, FMA>(&x[by..], start)
}

/// By how many places to the right the `j`-th of `shifts` shifts goes, modulo `n`.
#[inline(always)]
fn places(j: usize, shifts: usize, n: usize) -> usize {
    (j + n - shifts / 2) % n
}

/// wᵍ = g wᶜ + (1 − g) w₋₁.
#[inline(always)]
fn interpolate<F: Float, const FMA: bool>(gate: F, content: &[F], before: &[F], out: &mut [F]) {
    let gate = Lane::<F, FMA>(gate);
    update::<F, FMA, 2>(out, [content, before], |_, [c, b]| gate * c + (1.0 - gate) * b);
}

/// [`Attention::forward`] of an example.
#[derive(Clone, Copy)]
pub(super) struct Forward(pub(super) Attention);

impl<F: Float> Rows<F, 3, 2> for Forward {
    #[inline(always)]
    fn row<const FMA: bool>(
        self,
        _: usize,
        [memory, raw, before]: [&[F]; 3],
        [attention, saved]: [&mut [F]; 2],
    ) {
        let Attention { width, eps, .. } = self.0;
        let n = memory.len() / width;
        let (over_norms, saved) = saved.split_at_mut(n);
        for (o, row) in over_norms.iter_mut().zip(memory.chunks_exact(width)) {
            *o = over_norm::<F, FMA>(row, eps);
        }
        let mut shares = vec![F::zero(); self.0.shifts.unwrap_or(0)];
        let mut around = Vec::with_capacity(n + shares.len());
        let heads = raw.chunks_exact(self.0.numbers()).zip(attention.chunks_exact_mut(n));
        let saved = saved.chunks_exact_mut(n * self.0.kept());
        for (h, ((raw, w), saved)) in heads.zip(saved).enumerate() {
            let raw = Raw::of(raw, width);
            let (cosine, saved) = saved.split_at_mut(n);
            let over_key = over_norm::<F, FMA>(raw.key, eps);
            let rows = memory.chunks_exact(width).zip(&*over_norms);
            for (c, (row, &over_row)) in cosine.iter_mut().zip(rows) {
                *c = dot::<F, FMA>(row, raw.key) * (over_key * over_row);
            }
            let strength = softplus::<F, FMA>(raw.strength);
            let Some((gate, shift, sharpness)) = raw.place else {
                w.copy_from_slice(cosine);
                softmax::<F, FMA>(w, strength);
                continue;
            };
            let (content, shifted) = saved.split_at_mut(n);
            content.copy_from_slice(cosine);
            softmax::<F, FMA>(content, strength);
            let before = &before[h * n..][..n];
            interpolate::<F, FMA>(sigmoid::<F, FMA>(gate), content, before, w);
            shares.copy_from_slice(shift);
            softmax::<F, FMA>(&mut shares, F::one());
            convolve::<F, FMA>(&shares, w, Direction::Forward, &mut around, shifted);
            map::<F, FMA>(shifted, w, |w| (w + TINY).ln());
            softmax::<F, FMA>(w, softplus::<F, FMA>(sharpness) + F::one());
        }
    }
}

/// [`Attention::backward`] of an example.
#[derive(Clone, Copy)]
pub(super) struct Backward(pub(super) Attention);

impl<F: Float> Rows<F, 6, 3> for Backward {
    #[inline(always)]
    fn row<const FMA: bool>(
        self,
        _: usize,
        [memory, raw, before, attention, saved, g]: [&[F]; 6],
        [d_memory, d_raw, d_before]: [&mut [F]; 3],
    ) {
        let Attention { width, eps, .. } = self.0;
        let n = memory.len() / width;
        let (over_norms, saved) = saved.split_at(n);
        let mut d = vec![F::zero(); n];
        let mut scratch = Scratch::new(n, self.0.shifts.unwrap_or(0));
        let numbers = self.0.numbers();
        let heads = raw.chunks_exact(numbers).zip(d_raw.chunks_exact_mut(numbers));
        let saved = saved.chunks_exact(n * self.0.kept());
        for (h, ((raw, d_raw), saved)) in heads.zip(saved).enumerate() {
            let raw = Raw::of(raw, width);
            let (d_key, d_place) = d_raw.split_at_mut(width);
            let (cosine, saved) = saved.split_at(n);
            let head = h * n..(h + 1) * n;
            let attention = &attention[head.clone()];
            d.copy_from_slice(&g[head.clone()]);
            let content = match raw.place {
                None => attention,
                Some(place) => {
                    let (content, shifted) = saved.split_at(n);
                    let (before, d_before) = (&before[head.clone()], &mut d_before[head]);
                    let passed = Passed { attention, shifted, content, before };
                    let d_place = &mut d_place[1..];
                    passed.backward::<FMA>(place, &mut d, d_before, d_place, &mut scratch);
                    content
                }
            };
            // wᶜ = softmax(β cos).
            softmax_gradient::<F, FMA>(content, &mut d);
            d_place[0] += dot::<F, FMA>(&d, cosine) * sigmoid::<F, FMA>(raw.strength);
            let strength = Lane(softplus::<F, FMA>(raw.strength));
            map_in_place::<F, FMA>(&mut d, |d| d * strength);
            // cosᵢ = k·Mᵢ / (‖k‖ ‖Mᵢ‖): its gradients are Mᵢ/(‖k‖ ‖Mᵢ‖) − cosᵢ k/‖k‖², and alike for Mᵢ.
            let over_key = Lane::<F, FMA>(over_norm::<F, FMA>(raw.key, eps));
            let along = Lane(dot::<F, FMA>(&d, cosine)) * over_key * over_key;
            add_scaled::<F, FMA>(d_key, -along.0, raw.key);
            let rows = memory.chunks_exact(width).zip(d_memory.chunks_exact_mut(width));
            for (i, (row, d_row)) in rows.enumerate() {
                let (d, over_row) = (Lane(d[i]), Lane(over_norms[i]));
                let across = d * over_key * over_row;
                let along = d * Lane(cosine[i]) * over_row * over_row;
                update_all::<F, FMA, 2, 2>([&mut *d_key, d_row], [raw.key, row], |d, [k, m]| {
                    [across.mul_add(m, d[0]), across.mul_add(k, d[1]) - along * m]
                });
            }
        }
    }
}

/// What a head's attention passed through.
struct Passed<'a, F> {
    attention: &'a [F],
    shifted: &'a [F],
    content: &'a [F],
    before: &'a [F],
}

/// Memory for one head after another.
struct Scratch<F> {
    rows: [Vec<F>; 2],
    shares: [Vec<F>; 2],
    around: Vec<F>,
}

impl<F: Float> Scratch<F> {
    fn new(n: usize, shifts: usize) -> Self {
        let zeros = |n| [vec![F::zero(); n], vec![F::zero(); n]];
        Self { rows: zeros(n), shares: zeros(shifts), around: Vec::with_capacity(n + shifts) }
    }
}

impl<F: Float> Passed<'_, F> {
    /// From the gradient `d` of the attention to that of wᶜ, in its place; also those of the attention before, of the raw gate, shifts
    /// and sharpness.
    #[inline(always)]
    fn backward<const FMA: bool>(
        &self,
        (gate, shift, sharpness): (F, &[F], F),
        d: &mut [F],
        d_before: &mut [F],
        d_place: &mut [F],
        Scratch { rows: [first, second], shares: [shares, d_shares], around }: &mut Scratch<F>,
    ) {
        let n = d.len();
        let [d_gate, d_shift @ .., d_sharpness] = d_place else {
            unreachable!("a place has a gate and a sharpness")
        };
        // w = softmax(γ ln w̃).
        softmax_gradient::<F, FMA>(self.attention, d);
        map::<F, FMA>(self.shifted, first, |w| (w + TINY).ln());
        *d_sharpness += dot::<F, FMA>(d, first) * sigmoid::<F, FMA>(sharpness);
        let gamma = Lane(softplus::<F, FMA>(sharpness) + F::one());
        update::<F, FMA, 1>(d, [self.shifted], |d, [w]| gamma * d / (w + TINY));
        // w̃ = Σⱼ sⱼ wᵍ rotated by j.
        let gate = Lane(sigmoid::<F, FMA>(gate));
        interpolate::<F, FMA>(gate.0, self.content, self.before, first);
        shares.copy_from_slice(shift);
        softmax::<F, FMA>(shares, F::one());
        for (j, d_share) in d_shares.iter_mut().enumerate() {
            *d_share = dot_rotated::<F, FMA>(d, first, places(j, shift.len(), n));
        }
        convolve::<F, FMA>(shares, d, Direction::Back, around, second);
        softmax_gradient::<F, FMA>(shares, d_shares);
        add_scaled::<F, FMA>(d_shift, F::one(), d_shares);
        // wᵍ = g wᶜ + (1 − g) w₋₁.
        let of_gate = dot::<F, FMA>(second, self.content) - dot::<F, FMA>(second, self.before);
        *d_gate += (Lane(of_gate) * (gate * (1.0 - gate))).0;
        add_scaled::<F, FMA>(d_before, (1.0 - gate).0, second);
        update::<F, FMA, 1>(d, [second], |_, [d]| gate * d);
    }
}
