//! One step of all heads in one op.

use seedbed_autodiff::{Float, Fused, FusedCtx, Tensor};

use super::{HeadOptions, addressing, heads, read, sizes, write};
use crate::kernels::{Step, Stepped};

impl<F: Float> Fused<F, 3> for Step {
    /// What the gradient needs of the step beside its result.
    type Saved = [Vec<F>; 2];

    fn name(&self) -> &'static str {
        "memory::step"
    }

    fn reference(&self, [memory, raw, before]: [&Tensor<F>; 3]) -> Tensor<F> {
        let HeadOptions { reads, writes, addressing: options, .. } = self.0;
        let parameters = self.0.decode(raw);
        let attention = addressing(memory, &parameters.addressing, before, options);
        let by_kind = attention.split(1, &[reads, writes]);
        let from = read(memory, &by_kind[0]);
        let memory = write(memory, &by_kind[1], &parameters.erase, &parameters.add);
        Tensor::concat(&[memory, attention, from].map(|x| x.flatten()), 0)
    }

    fn forward(&self, x: [&Tensor<F>; 3]) -> (Tensor<F>, [Vec<F>; 2]) {
        let dims = [x[0].shape()[0], x[0].shape()[1]];
        let Stepped { next, saved, decoded } = Step::forward(*self, x.map(Tensor::data), dims);
        let length = next.len();
        (Tensor::new(next, &[length]), [saved, decoded])
    }

    fn vjp(&self, c: &FusedCtx<'_, F, [Vec<F>; 2], 3>, g: Tensor<F>) -> [Option<Tensor<F>>; 3] {
        let dims = [c.x(0).shape()[0], c.x(0).shape()[1]];
        let [saved, decoded] = c.saved();
        let stepped = [c.y().data(), saved, decoded, g.data()];
        let mut d = [0, 1, 2].map(|i| c.gradient(i));
        let x = [0, 1, 2].map(|i| c.x(i).data());
        self.backward(x, stepped, d.each_mut().map(Tensor::data_mut), dims);
        d.map(Some)
    }
}

/// A step of all heads of a Neural Turing Machine (Graves, Wayne & Danihelka 2014, equations 2 to 9) on a memory `[batch, N, M]`: they
/// [address](addressing()) it, from their attention at the step before, `[batch, heads, N]`; then some [read](read()) it, and the others
/// [write](write()) to it, with σ(e) and a, or tanh(a).
///
/// `raw` are the head parameters `[batch, parameters]`, in the order that [`HeadOptions`] says, before clipping and activations. Returns the memory
/// after writing `[batch, N, M]`, the attention `[batch, heads, N]`, and what was read from the memory before, one head after the other,
/// `[batch, reads · M]`.
///
/// # Panics
/// If the shapes do not fit, if there are more shifts than rows or an even number of them, or an ε is not above 0.
///
/// ```
/// use seedbed_autodiff::Tensor;
/// use seedbed_ntm::{AddActivation, Sharpening, memory};
/// // A head that reads and one that writes, at the row that looks like their keys.
/// let addressing = memory::AddressingOptions {
///     shifts: None,
///     similarity_eps: 1e-6,
///     sharpening: Sharpening::Normalized,
/// };
/// let heads = memory::HeadOptions {
///     reads: 1,
///     writes: 1,
///     width: 2,
///     addressing,
///     clip: f64::INFINITY,
///     add: AddActivation::Identity,
/// };
/// let rows = Tensor::<f64>::new(vec![1.0, 0.0, 0.0, 2.0], &[1, 2, 2]);
/// let reads_the_second = [0.0, 1.0, 50.0];
/// let writes_the_first = [1.0, 0.0, 50.0];
/// let [e, a] = [[50.0, 50.0], [5.0, 6.0]];
/// let raw = [&reads_the_second[..], &writes_the_first, &e, &a].concat();
/// let raw = Tensor::new(raw, &[1, 10]);
/// let [rows, _, read] = memory::step(&rows, &raw, &Tensor::zeros(&[1, 2, 2]), heads);
/// let near = |x: &Tensor<f64>, y: &[f64]| x.data().iter().zip(y).all(|(x, y)| (x - y).abs() < 1e-6);
/// assert!(near(&read, &[0.0, 2.0]));
/// assert!(near(&rows, &[5.0, 6.0, 0.0, 2.0]));
/// ```
#[track_caller]
pub fn step<F: Float>(
    memory: &Tensor<F>,
    raw: &Tensor<F>,
    before: &Tensor<F>,
    options: HeadOptions,
) -> [Tensor<F>; 3] {
    let op = "memory::step";
    let [batch, rows, width] = sizes(op, memory);
    assert!(
        width == options.width,
        "{op}: the memory must be [batch, N, {}], got {:?}",
        options.width,
        memory.shape()
    );
    let parameters = options.parameters();
    assert!(
        raw.shape() == [batch, parameters],
        "{op}: the head parameters must be [{batch}, {parameters}], got {:?}",
        raw.shape()
    );
    let befores = heads(op, "the attention before", before, batch, rows);
    let all = options.heads();
    assert!(befores == all, "{op}: attention before of {befores} heads, there are {all}");
    options.addressing.must_fit::<F>(op, rows);
    let read = [batch, options.reads * width];
    Tensor::fused_parts(
        Step(options),
        [memory, raw, before],
        [memory.shape(), before.shape(), &read],
    )
}

#[cfg(test)]
mod tests {
    use seedbed_autodiff::{Rng, check_fused};

    use super::*;
    use crate::memory::AddressingOptions;
    use crate::{AddActivation, Sharpening};

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

    fn options([reads, writes, width]: [usize; 3], shifts: Option<usize>) -> HeadOptions {
        let addressing =
            AddressingOptions { shifts, similarity_eps: 1e-3, sharpening: Sharpening::Normalized };
        let add = if shifts.is_some() { AddActivation::Identity } else { AddActivation::Tanh };
        // Some of the parameters are clipped.
        HeadOptions { reads, writes, width, addressing, clip: 2.0, add }
    }

    fn fast_equals_reference<F: Float>(tolerance: f64) {
        for [batch, rows, width, reads, writes] in SIZES {
            for shifts in [Some(3), None] {
                let heads = options([reads, writes, width], shifts);
                let rng = &mut Rng::new(1);
                let memory = Tensor::<F>::normal(&[batch, rows, width], 0.0, 1.0, rng);
                let raw = Tensor::normal(&[batch, heads.parameters()], 0.0, 1.5, rng);
                let before = Tensor::normal(&[batch, reads + writes, rows], 0.0, 2.0, rng);
                check_fused(|| Step(heads), [&memory, &raw, &before.softmax(2)], tolerance);
                let unclipped = HeadOptions { clip: f64::INFINITY, ..heads };
                check_fused(|| Step(unclipped), [&memory, &raw, &before.softmax(2)], tolerance);
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
    #[should_panic(expected = "memory::step: the head parameters must be [1, 12], got [1, 11]")]
    fn parameters_must_fit() {
        let zeros = |shape: &[usize]| Tensor::<f32>::zeros(shape);
        let heads = options([1, 1, 1], Some(1));
        let _ = step(&zeros(&[1, 3, 1]), &zeros(&[1, 11]), &zeros(&[1, 2, 3]), heads);
    }
}
