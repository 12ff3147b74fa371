//! An external memory under soft attention, as Neural Turing Machines have one (Graves, Wayne & Danihelka 2014).

mod attention;
mod links;
mod read;
mod step;
mod write;

pub use step::MemoryHeads;

use crate::{Float, Tensor};

/// The sizes of a memory `[batch, rows, width]`.
#[track_caller]
fn sizes<F: Float>(op: &str, memory: &Tensor<F>) -> [usize; 3] {
    match *memory.shape() {
        [batch, rows, width] if rows > 0 && width > 0 => [batch, rows, width],
        _ => {
            panic!("{op}: needs a memory [batch, rows, width] with a row, got {:?}", memory.shape())
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

#[track_caller]
fn odd(op: &str, shifts: usize, rows: usize) {
    assert!(
        shifts % 2 == 1 && shifts <= rows,
        "{op}: the number of shifts must be odd and at most {rows}, the rows of the memory, got {shifts}"
    );
}

#[track_caller]
fn positive(op: &str, eps: f64) {
    assert!(eps > 0.0 && eps.is_finite(), "{op}: eps must be above 0, got {eps}");
}

#[cfg(test)]
mod tests {
    use crate::{Float, Rng, Tensor};

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
