//! From an instruction to what the heads do.

use seedbed_autodiff::{Float, Rng, Tensor, module};
use seedbed_data::programs::{NAME_BITS, NAMES};
use seedbed_nn::{Fans, Init};

use crate::config::{ROLES, SHIFTS};

/// The numbers of a head beside its key: β, g, the shifts, γ.
const SCALARS: usize = 1 + 1 + SHIFTS + 1;

/// The control of a machine with R heads that read and one that writes: every operation o chooses which names its keys are made of, from codes that all share.
///
/// ```text
/// cᵣⱼ = nⱼ Eᵣ                          the code of the name j in the role r, n its bits as ±1
/// kᵢ  = Σ Aₒᵢᵣⱼ cᵣⱼ + Σ Bₒᵢₛ Kₛ Φ       the key that head i looks for, K the keys that were read before
/// κ   = Σ Aₒᵣⱼ cᵣⱼ                      the key that is written
/// ```
///
/// As codes are shared, a name that is looked for is the more similar to one that was written the more of its bits are the same, whatever E is; so what is learnt with few
/// names holds for many.
#[derive(Clone, Debug)]
pub(crate) struct Decoder<F: Float> {
    /// E, `[roles, NAME_BITS, d]`.
    pub(crate) codes: Tensor<F>,
    /// A, `[operations, R + 2, roles · NAMES]`: for the heads that read, the one that writes, and κ.
    pub(crate) operands: Tensor<F>,
    /// B, `[operations, R + 1, R]`.
    pub(crate) links: Tensor<F>,
    /// Φ, `[d, d]`.
    pub(crate) follow: Tensor<F>,
    /// β, g, s and γ of every head, and ω, before their activations, `[operations, 6 (R + 1) + 1]`.
    pub(crate) scalars: Tensor<F>,
    /// What is added to them for each number that is pooled of the tape, `[operations · u, 6 (R + 1) + 1]`, if the control sees it.
    pub(crate) pooled: Option<Tensor<F>>,
}
module!(Decoder<F> { codes, operands, links, follow, scalars, pooled });

/// What an instruction decides.
pub(crate) struct Decided<F: Float> {
    /// The raw parameters of the heads, those that read first, `[batch, R + 1, d + 6]`: see `seedbed_ntm::memory::addressing`.
    pub(crate) heads: Tensor<F>,
    /// κ, the key that is written, `[batch, 1, d]`.
    pub(crate) key: Tensor<F>,
    /// ω before its activation, `[batch, 1, 1]`.
    pub(crate) write: Tensor<F>,
}

impl<F: Float> Decoder<F> {
    /// Codes begin orthogonal, so that they are as alike as names are, and Φ as the map from what a slot points to to what that is called. The first head that reads looks
    /// for the first name, the second for the second, the one that writes for all; the first name is the key that is written. Heads
    /// begin with a strength of 5; those that read begin with their gate open and without a shift, so that they go by content.
    pub(crate) fn new(
        [operations, read_heads, key]: [usize; 3],
        pooled: Option<usize>,
        rng: &mut Rng,
    ) -> Self {
        // Elements of about ½.
        let scale = 0.5 * (key as f64 / NAME_BITS as f64).sqrt();
        let fans = Fans { fan_in: NAME_BITS, fan_out: key };
        let codes =
            Init::Orthogonal(scale).draw::<f64>(&[ROLES * NAME_BITS, key], fans, rng).cast::<F>();
        let codes = codes.reshape(&[ROLES, NAME_BITS, key]);
        let follow = codes.index(0, 1).t().matmul(&codes.index(0, 0)) / (scale * scale);

        let mut operands = Vec::with_capacity(operations * (read_heads + 2) * ROLES * NAMES);
        for to in (0..read_heads + 2).cycle().take(operations * (read_heads + 2)) {
            for (role, name) in (0..ROLES).flat_map(|r| (0..NAMES).map(move |n| (r, n))) {
                let begins = role == 0
                    && match to {
                        head if head < read_heads => name == head % NAMES,
                        head if head == read_heads => true,
                        _ => name == 0,
                    };
                let noise = 0.1 * (2.0 * rng.uniform() - 1.0);
                operands.push(F::of(f64::from(u8::from(begins)) + noise));
            }
        }
        let mut scalars = Vec::new();
        for head in 0..=read_heads {
            let reads = if head < read_heads { 2.0 } else { 0.0 };
            // β, g, the shifts by −1, 0 and 1, γ.
            scalars.extend([5.0, reads, 0.0, reads, 0.0, 0.0].map(F::of));
        }
        scalars.push(F::zero());
        let outputs = scalars.len();
        Self {
            codes,
            operands: Tensor::new(operands, &[operations, read_heads + 2, ROLES * NAMES]),
            links: Tensor::full(&[operations, read_heads + 1, read_heads], 0.1),
            follow,
            scalars: Tensor::new(scalars.repeat(operations), &[operations, outputs]),
            pooled: pooled.map(|maps| Tensor::zeros(&[operations * maps, outputs])),
        }
    }

    /// What the instructions of a batch decide: `names`, `[batch · NAMES, NAME_BITS]`, the keys that were read, `[batch, R, d]`, and what was pooled of the tape,
    /// `[batch, u]`.
    pub(crate) fn forward(
        &self,
        operations: &[usize],
        names: &Tensor<F>,
        read_keys: &Tensor<F>,
        pooled: &Tensor<F>,
    ) -> Decided<F> {
        let (batch, heads) = (operations.len(), self.links.shape()[1]);
        let key = self.follow.shape()[0];
        let code = |role| names.matmul(&self.codes.index(0, role)).reshape(&[batch, NAMES, key]);
        let codes: Vec<_> = (0..ROLES).map(|role| code(role as isize)).collect();
        let keys = self.operands.index_select(0, operations).matmul(&Tensor::concat(&codes, 1));
        let keys = keys.split(1, &[heads, 1]);

        let read = read_keys.reshape(&[batch * (heads - 1), key]).matmul(&self.follow);
        let links = self.links.index_select(0, operations);
        let looked_for = &keys[0] + links.matmul(&read.reshape(&[batch, heads - 1, key]));

        let mut scalars = self.scalars.index_select(0, operations);
        if let Some(weight) = &self.pooled {
            // Beside each other, a block an operation, all but one of them 0.
            let kinds = self.scalars.shape()[0];
            let block = Tensor::one_hot(operations, kinds).unsqueeze(2) * pooled.unsqueeze(1);
            scalars = scalars + block.reshape(&[batch, weight.shape()[0]]).matmul(weight);
        }
        let scalars = scalars.split(1, &[heads * SCALARS, 1]);
        let of_heads = scalars[0].reshape(&[batch, heads, SCALARS]);
        Decided {
            heads: Tensor::concat(&[looked_for, of_heads], 2),
            key: keys[1].clamp(-1.0, 1.0),
            write: scalars[1].unsqueeze(1),
        }
    }
}
