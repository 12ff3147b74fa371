//! From an instruction to what the heads do.

use seedbed_autodiff::{Float, Rng, Tensor, module};
use seedbed_nn::{Fans, Init};

use crate::config::SHIFTS;

/// A linear map of an instruction's operation: each kind of instruction has weights of its own.
///
/// ```text
/// y = x Wₒ + bₒ,  o the operation
/// ```
#[derive(Clone, Debug)]
pub(crate) struct Decoder<F: Float> {
    /// W, `[operations · inputs, outputs]`.
    pub(crate) weight: Tensor<F>,
    /// b, `[operations, outputs]`.
    pub(crate) bias: Tensor<F>,
}
module!(Decoder<F> { weight, bias });

impl<F: Float> Decoder<F> {
    /// The map of each row of x, `[batch, inputs]`, by its own operation: `[batch, outputs]`.
    pub(crate) fn forward(&self, x: &Tensor<F>, operations: &[usize]) -> Tensor<F> {
        let (batch, inputs) = (x.shape()[0], x.shape()[1]);
        let kinds = self.bias.shape()[0];
        // Beside each other, a block an operation, all but one of them 0.
        let block = Tensor::one_hot(operations, kinds).unsqueeze(2) * x.unsqueeze(1);
        let mapped = block.reshape(&[batch, kinds * inputs]).matmul(&self.weight);
        mapped + self.bias.index_select(0, operations)
    }
}

/// The sizes of what a decoder gives: the parameters of every head, then what is written of a key and whether anything is.
#[derive(Clone, Copy)]
pub(crate) struct Layout {
    pub(crate) heads: usize,
    pub(crate) key: usize,
}

/// What an instruction decides.
pub(crate) struct Decided<F: Float> {
    /// The raw parameters of the heads, those that read first, `[batch, R + 1, d + 6]`: see `seedbed_ntm::memory::addressing`.
    pub(crate) heads: Tensor<F>,
    /// κ, the key that is written, `[batch, 1, d]`.
    pub(crate) key: Tensor<F>,
    /// ω before its activation, `[batch, 1, 1]`.
    pub(crate) write: Tensor<F>,
}

impl Layout {
    fn head(self) -> usize {
        self.key + 1 + 1 + SHIFTS + 1
    }

    pub(crate) fn outputs(self) -> usize {
        self.heads * self.head() + self.key + 1
    }

    pub(crate) fn split<F: Float>(self, y: &Tensor<F>) -> Decided<F> {
        let batch = y.shape()[0];
        let parts = y.split(1, &[self.heads * self.head(), self.key, 1]);
        Decided {
            heads: parts[0].reshape(&[batch, self.heads, self.head()]),
            key: parts[1].clamp(-1.0, 1.0).unsqueeze(1),
            write: parts[2].unsqueeze(1),
        }
    }

    /// A decoder whose keys begin as one random orthogonal map of names, the same for every operation: the first head that reads looks for the first name, the second for the
    /// second, and what writes looks for all of them and leaves their sum as the key. So the key that is looked for resembles the one that was written, and heads find
    /// something from the first step on. All other weights are small. Heads
    /// begin with a strength of 5; those that read begin with their gate open and without a shift, so that they go by content.
    pub(crate) fn decoder<F: Float>(
        self,
        operations: usize,
        [names, name_bits, others]: [usize; 3],
        rng: &mut Rng,
    ) -> Decoder<F> {
        let Self { heads, key } = self;
        let (inputs, outputs) = (names * name_bits + others, self.outputs());
        // Orthogonal, so that keys are as alike as their names are; elements of about ½.
        let scale = 0.5 * (key as f64 / name_bits as f64).sqrt();
        let fans = Fans { fan_in: name_bits, fan_out: key };
        let map = Init::Orthogonal(scale).draw::<f64>(&[name_bits, key], fans, rng).into_vec();
        // Which element of a key an output is, if it is one, and which names it begins with.
        let begins = |output: usize| match (output / self.head(), output % self.head()) {
            (head, place) if head < heads => {
                (place < key).then(|| (place, (head + 1 < heads).then_some(head % names)))
            }
            _ => (output + 1 < outputs).then(|| (output - heads * self.head(), None)),
        };
        let begins: Vec<_> = (0..outputs).map(begins).collect();
        let mut weight = Vec::with_capacity(operations * inputs * outputs);
        for input in (0..inputs).cycle().take(operations * inputs) {
            for of_key in &begins {
                let mapped = match of_key {
                    Some((place, name))
                        if input < names * name_bits
                            && name.is_none_or(|name| name == input / name_bits) =>
                    {
                        map[input % name_bits * key + place]
                    }
                    _ => 0.0,
                };
                weight.push(F::of(mapped + 0.02 * (2.0 * rng.uniform() - 1.0)));
            }
        }
        let mut bias = vec![F::zero(); outputs];
        for head in 0..heads {
            // β, g, the shifts by −1, 0 and 1, γ.
            let scalars = &mut bias[head * self.head() + key..(head + 1) * self.head()];
            scalars[0] = F::of(5.0);
            if head + 1 < heads {
                scalars[1] = F::of(2.0);
                scalars[3] = F::of(2.0);
            }
        }
        let bias = bias.repeat(operations);
        Decoder {
            weight: Tensor::new(weight, &[operations * inputs, outputs]),
            bias: Tensor::new(bias, &[operations, outputs]),
        }
    }
}
