//! An external memory under soft attention (Graves, Wayne & Danihelka 2014; the links: Graves et al. 2016).
//!
//! A memory is `[batch, N, M]`: N rows of M elements. The attention of heads over its rows is `[batch, heads, N]`. Each function is a fused op of the
//! engine: a specification in tensor ops, and a fast path that tests hold against it.
//!
//! ```
//! use seedbed_autodiff::Tensor;
//! use seedbed_ntm::memory;
//! let rows = Tensor::<f32>::new(vec![1.0, 0.0, 0.0, 1.0], &[1, 2, 2]);
//! // A key k that is like the second row, and its raw strength β.
//! let w = memory::content(&rows, &Tensor::new(vec![0.0, 3.0, 20.0], &[1, 1, 3]), 1e-6);
//! let read = memory::read(&rows, &w);
//! assert!(read.data()[1] > 0.999);
//! ```

mod addressing;
mod links;
mod read;
mod step;
mod write;

pub use crate::head_options::{AddressingOptions, HeadOptions, HeadParameters};
pub use addressing::{addressing, content};
pub use links::links;
pub use read::read;
pub use step::step;
pub use write::write;

use seedbed_autodiff::{Float, Tensor};

use crate::Sharpening;

/// The sizes of a memory `[batch, N, M]`.
#[track_caller]
fn sizes<F: Float>(op: &str, memory: &Tensor<F>) -> [usize; 3] {
    match *memory.shape() {
        [batch, rows, width] if rows > 0 && width > 0 => [batch, rows, width],
        _ => {
            panic!(
                "{op}: needs a memory [batch, N, M] of at least one row, got {:?}",
                memory.shape()
            )
        }
    }
}

/// The number of heads, if `x` is `[batch, heads, last]`.
#[track_caller]
fn heads<F: Float>(op: &str, what: &str, x: &Tensor<F>, batch: usize, last: usize) -> usize {
    match *x.shape() {
        [b, heads, n] if b == batch && n == last => heads,
        _ => panic!("{op}: {what} must be [{batch}, heads, {last}], got {:?}", x.shape()),
    }
}

/// Batch, heads and width, from a memory and the attention of heads over it; both were checked.
fn dims<F: Float>(memory: &Tensor<F>, attention: &Tensor<F>) -> [usize; 3] {
    [memory.shape()[0], attention.shape()[1], memory.shape()[2]]
}

impl AddressingOptions {
    /// Panics unless a memory of so many rows can be addressed so.
    #[track_caller]
    fn must_fit<F: Float>(&self, op: &str, rows: usize) {
        if let Some(shifts) = self.shifts {
            assert!(
                shifts % 2 == 1 && shifts <= rows,
                "{op}: the number of shifts must be odd and at most {rows}, the rows of the memory, got {shifts}"
            );
        }
        positive::<F>(op, "similarity_eps", self.similarity_eps);
        if let Sharpening::Divided(eps) = self.sharpening {
            positive::<F>(op, "the ε of sharpening", eps);
        }
    }
}

/// Panics unless a number is finite and above 0 in this precision.
#[track_caller]
fn positive<F: Float>(op: &str, what: &str, x: f64) {
    let rounded = F::of(x);
    assert!(
        rounded >= F::min_positive_value() && rounded.is_finite(),
        "{op}: {what} must be finite and above 0 in this precision, got {x:e}"
    );
}

#[cfg(test)]
mod tests {
    use seedbed_autodiff::{Float, Rng, Tensor};

    /// Memories `[batch, N, M]` of many sizes with attention over them `[batch, heads, N]`, and the generator as it is then.
    pub(super) fn attended<F: Float>() -> Vec<(Tensor<F>, Tensor<F>, Rng)> {
        let sizes = [
            [1, 1, 1, 1],
            [2, 5, 3, 2],
            [1, 128, 20, 1],
            [3, 7, 13, 4],
            [0, 2, 2, 1],
            [2, 3, 4, 0],
        ];
        let example = |[batch, rows, width, heads]: [usize; 4]| {
            let mut rng = Rng::new(1);
            let memory = Tensor::normal(&[batch, rows, width], 0.0, 1.0, &mut rng);
            let attention = Tensor::normal(&[batch, heads, rows], 0.0, 2.0, &mut rng).softmax(2);
            (memory, attention, rng)
        };
        sizes.map(example).into()
    }
}
