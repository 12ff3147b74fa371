//! One step of all heads in one op.

use super::{odd, positive, sizes};
use crate::kernels::memory::{Attention, Step, Stepped};
use crate::{Float, Fused, FusedCtx, Tensor};

/// The heads of a machine that all look at the memory as the last step left it: see [`Tensor::memory_step`].
///
/// Their raw numbers stand one after the other: of every head, all that read before all that write, what finds its place, as
/// [`Tensor::memory_attention`] takes it, or [`Tensor::memory_content`]; then, of every head that writes, e and a.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MemoryHeads {
    /// Heads that read.
    pub reads: usize,
    /// Heads that write.
    pub writes: usize,
    /// The number of shifts that a head chooses from, 2R + 1; `None` for attention by content alone.
    pub shifts: Option<usize>,
    /// ε in the cosine.
    pub eps: f64,
    /// Raw numbers are clipped to ±this.
    pub clip: f64,
    /// Whether the vectors that are added go through tanh.
    pub tanh: bool,
}

impl MemoryHeads {
    /// The heads of a memory whose rows have `width` numbers.
    fn step(self, width: usize) -> Step {
        let Self { reads, writes, shifts, eps, clip, tanh } = self;
        Step { attention: Attention { width, shifts, eps }, reads, writes, clip, tanh }
    }
}

impl<F: Float> Fused<F, 3> for MemoryHeads {
    /// What the gradient needs of the step beside its result.
    type Saved = [Vec<F>; 2];

    fn name(&self) -> &'static str {
        "memory_step"
    }

    fn reference(&self, [memory, raw, before]: [&Tensor<F>; 3]) -> Tensor<F> {
        let &[batch, _, width] = memory.shape() else { unreachable!("the shapes were checked") };
        let &Self { reads, writes, shifts, eps, clip, tanh } = self;
        let numbers = self.step(width).attention.numbers();
        let parts =
            raw.clamp(-clip, clip).split(1, &[(reads + writes) * numbers, 2 * writes * width]);
        let place = parts[0].reshape(&[batch, reads + writes, numbers]);
        let change = parts[1].reshape(&[batch, writes, 2 * width]).chunk(2, 2);
        let attention = match shifts {
            Some(shifts) => memory.memory_attention(&place, before, shifts, eps),
            None => memory.memory_content(&place, eps),
        };
        let by_kind = attention.split(1, &[reads, writes]);
        let add = if tanh { change[1].tanh() } else { change[1].clone() };
        let read = memory.memory_read(&by_kind[0]);
        let memory = memory.memory_write(&by_kind[1], &change[0].sigmoid(), &add);
        Tensor::concat(&[memory, attention, read].map(|x| x.flatten()), 0)
    }

    fn forward(&self, x: [&Tensor<F>; 3]) -> (Tensor<F>, [Vec<F>; 2]) {
        let dims = sizes("memory_step", x[0]);
        let Stepped { next, saved, wishes } = self.step(dims[2]).forward(x.map(Tensor::data), dims);
        let length = next.len();
        (Tensor::new(next, &[length]), [saved, wishes])
    }

    fn vjp(&self, c: &FusedCtx<'_, F, [Vec<F>; 2], 3>, g: Tensor<F>) -> [Option<Tensor<F>>; 3] {
        let dims = sizes("memory_step", c.x(0));
        let [saved, wishes] = c.saved();
        let stepped = [c.y().data(), saved, wishes, g.data()];
        let mut d = [0, 1, 2].map(|i| c.gradient(i));
        let x = [0, 1, 2].map(|i| c.x(i).data());
        self.step(dims[2]).backward(x, stepped, d.each_mut().map(Tensor::data_mut), dims);
        d.map(Some)
    }
}

/// Steps.
impl<F: Float> Tensor<F> {
    /// A step of all heads of a Neural Turing Machine (Graves, Wayne & Danihelka 2014, equations 2 to 9) on this memory `[batch, N, M]`: they attend
    /// as [`memory_attention`](Self::memory_attention) or [`memory_content`](Self::memory_content) does, from their attention at the step before,
    /// `[batch, heads, N]`; then some read ([`memory_read`](Self::memory_read)), and the others write ([`memory_write`](Self::memory_write), with σ(e)
    /// and a, or tanh(a)).
    ///
    /// `raw` is `[batch, numbers]`, in the order that [`MemoryHeads`] says, and clipped first. Returns the memory after writing `[batch, N, M]`, the attention
    /// `[batch, heads, N]`, and what was read from the memory before, one head after the other, `[batch, reads · M]`.
    ///
    /// # Panics
    /// If the shapes do not fit, if there are more shifts than rows or an even number of them, or `eps` is not above 0.
    ///
    /// ```
    /// use seedbed_autodiff::{MemoryHeads, Tensor};
    /// // A head that reads and one that writes, at the row that looks like their keys.
    /// let heads = MemoryHeads { reads: 1, writes: 1, shifts: None, eps: 1e-6, clip: 50.0, tanh: false };
    /// let memory = Tensor::<f64>::new(vec![1.0, 0.0, 0.0, 2.0], &[1, 2, 2]);
    /// let reads_the_second = [0.0, 1.0, 50.0];
    /// let writes_the_first = [1.0, 0.0, 50.0];
    /// let [e, a] = [[50.0, 50.0], [5.0, 6.0]];
    /// let raw = [&reads_the_second[..], &writes_the_first, &e, &a].concat();
    /// let raw = Tensor::new(raw, &[1, 10]);
    /// let [memory, _, read] = memory.memory_step(&raw, &Tensor::zeros(&[1, 2, 2]), heads);
    /// let near = |x: &Tensor<f64>, y: &[f64]| x.data().iter().zip(y).all(|(x, y)| (x - y).abs() < 1e-6);
    /// assert!(near(&read, &[0.0, 2.0]));
    /// assert!(near(&memory, &[5.0, 6.0, 0.0, 2.0]));
    /// ```
    #[track_caller]
    pub fn memory_step(&self, raw: &Self, before: &Self, heads: MemoryHeads) -> [Self; 3] {
        let op = "memory_step";
        let dims @ [batch, rows, width] = sizes(op, self);
        let step = heads.step(width);
        let numbers = step.numbers();
        assert!(
            raw.shape() == [batch, numbers],
            "{op}: the raw numbers must be [{batch}, {numbers}], got {:?}",
            raw.shape()
        );
        let befores = super::heads(op, "the attention before", before, batch, rows);
        assert!(
            befores == step.heads(),
            "{op}: attention before of {befores} heads, there are {}",
            step.heads()
        );
        if let Some(shifts) = heads.shifts {
            odd(op, shifts, rows);
        }
        positive(op, heads.eps);
        let next = Tensor::fused(heads, [self, raw, before]);
        let [memory, attention, _] = step.lengths(dims);
        [
            next.piece(op, 0, self.shape()),
            next.piece(op, memory, before.shape()),
            next.piece(op, memory + attention, &[batch, step.reads * width]),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Rng, check_fused};

    /// Batch, rows, width, heads that read, heads that write.
    const SIZES: [[usize; 5]; 8] = [
        [1, 3, 1, 1, 1],
        [2, 4, 3, 2, 3],
        [1, 128, 20, 1, 1],
        [3, 17, 9, 1, 2],
        [2, 5, 13, 0, 1],
        [2, 5, 13, 2, 0],
        [0, 4, 3, 2, 3],
        [2, 4, 3, 0, 0],
    ];

    fn fast_equals_reference<F: Float>(tolerance: f64) {
        for [batch, rows, width, reads, writes] in SIZES {
            for (shifts, tanh) in [(Some(3), false), (None, true)] {
                // Some of the numbers are clipped.
                let heads = MemoryHeads { reads, writes, shifts, eps: 1e-3, clip: 2.0, tanh };
                let rng = &mut Rng::new(1);
                let memory = Tensor::<F>::normal(&[batch, rows, width], 0.0, 1.0, rng);
                let numbers = heads.step(width).numbers();
                let raw = Tensor::normal(&[batch, numbers], 0.0, 1.5, rng);
                let before = Tensor::normal(&[batch, reads + writes, rows], 0.0, 2.0, rng);
                check_fused(|| heads, [&memory, &raw, &before.softmax(2)], tolerance);
            }
        }
    }

    #[test]
    fn fast_equals_reference_f32() {
        fast_equals_reference::<f32>(5e-5);
    }

    #[test]
    fn fast_equals_reference_f64() {
        fast_equals_reference::<f64>(1e-12);
    }

    #[test]
    #[should_panic(expected = "memory_step: the raw numbers must be [1, 12], got [1, 11]")]
    fn raw_numbers_must_fit() {
        let heads = MemoryHeads {
            reads: 1,
            writes: 1,
            shifts: Some(1),
            eps: 1e-6,
            clip: 20.0,
            tanh: false,
        };
        let memory = Tensor::<f32>::zeros(&[1, 3, 1]);
        let _ = memory.memory_step(&Tensor::zeros(&[1, 11]), &Tensor::zeros(&[1, 2, 3]), heads);
    }
}
