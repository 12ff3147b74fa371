//! Where a sequence begins.

use seedbed_autodiff::{Float, Rng, Tensor, module};

use crate::{FirstAttention, FirstRead, MemoryInit, NtmConfig};

/// The memory, the attention and what was read before the first step: each is learnt or fixed.
#[derive(Clone, Debug)]
pub struct Start<F: Float = f32> {
    /// The memory, `[N, M]`, where it is learnt.
    pub memory: Option<Tensor<F>>,
    /// The logits whose softmax is the attention, `[heads, N]`, where it is learnt.
    pub attention: Option<Tensor<F>>,
    /// What was read, `[1, read heads · M]`, where it is learnt.
    pub read: Option<Tensor<F>>,
    /// The memory, `[N, M]`, where it is fixed.
    pub fixed_memory: Option<Tensor<F>>,
    /// The attention, `[heads, N]`, where it is fixed.
    pub fixed_attention: Option<Tensor<F>>,
    /// What was read, `[1, read heads · M]`, where it is fixed.
    pub fixed_read: Option<Tensor<F>>,
}
module!(Start<F> { memory, attention, read } buffers { fixed_memory, fixed_attention, fixed_read });

impl<F: Float> Start<F> {
    pub(crate) fn new(config: &NtmConfig, rng: &mut Rng) -> Self {
        let (n, m, heads) = (config.slots, config.width, config.heads());
        let mut random = || {
            let limit = 1.0 / ((n + m) as f64).sqrt();
            Tensor::uniform(&[n, m], -limit, limit, rng)
        };
        let (memory, fixed_memory) = match config.memory {
            MemoryInit::Constant(x) => (None, Some(Tensor::full(&[n, m], x))),
            MemoryInit::Learned => (Some(random()), None),
            MemoryInit::Random => (None, Some(random())),
        };
        let (attention, fixed_attention) = match config.attention {
            FirstAttention::FirstRow => (None, Some(Tensor::one_hot(&vec![0; heads], n))),
            FirstAttention::Learned => {
                let falling = (n as f64 - Tensor::arange(n)).broadcast_to(&[heads, n]);
                (Some(falling), None)
            }
            FirstAttention::Nowhere => (None, Some(Tensor::zeros(&[heads, n]))),
        };
        let shape = [1, config.read_width()];
        let (read, fixed_read) = match config.read {
            FirstRead::Learned => (Some(Tensor::zeros(&shape)), None),
            FirstRead::Random => (None, Some(Tensor::normal(&shape, 0.0, 0.01, rng))),
        };
        Self { memory, attention, read, fixed_memory, fixed_attention, fixed_read }
    }

    /// The memory, `[N, M]`.
    pub fn memory(&self) -> &Tensor<F> {
        let memory = self.memory.as_ref().or(self.fixed_memory.as_ref());
        memory.expect("a memory is learnt or fixed")
    }

    /// The attention of every head, `[heads, N]`.
    pub fn attention(&self) -> Tensor<F> {
        match &self.attention {
            Some(logits) => logits.softmax(1),
            None => self.fixed_attention.clone().expect("the attention is learnt or fixed"),
        }
    }

    /// What was read, `[1, read heads · M]`.
    pub fn read(&self) -> &Tensor<F> {
        let read = self.read.as_ref().or(self.fixed_read.as_ref());
        read.expect("what was read is learnt or fixed")
    }
}
