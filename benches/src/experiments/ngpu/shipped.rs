//! The networks that the crate ships, as rows look at them.

use std::path::Path;

use anyhow::{Context as _, Result};
use seedbed::autodiff::{Module as _, Rng, Tensor};
use seedbed::data::strings::{Arithmetic, Example, Layout, Operation};
use seedbed::neural_gpu::DiagonalGpu;
use seedbed::neural_gpu::evaluate::exact;

/// A shipped network, the task it was trained on, and how rows call it.
pub(super) struct Shipped {
    pub(super) model: DiagonalGpu,
    pub(super) task: Arithmetic,
    pub(super) label: &'static str,
    rounded: bool,
}

impl Shipped {
    /// Numbers one after the other, the setting of the paper; and digit below digit, which is easier.
    pub(super) fn adders() -> Result<[Self; 2]> {
        let unaligned = Self::read("add", "unaligned", Layout::Unaligned)?;
        Ok([unaligned, Self::read("add-aligned", "aligned", Layout::Aligned)?])
    }

    fn read(name: &str, label: &'static str, layout: Layout) -> Result<Self> {
        let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/neural-gpu/models");
        let file = models.join(format!("{name}.safetensors"));
        let (model, config) =
            DiagonalGpu::load(&file).with_context(|| format!("reading {}", file.display()))?;
        let task = Arithmetic { operation: Operation::Add, base: 2, layout };
        Ok(Self { model, task, label, rounded: config.rounded })
    }

    /// The same network with the numbers of each weight in random order: a control, which has to get nothing right.
    pub(super) fn shuffled(&self, seed: u64) -> Self {
        let rng = &mut Rng::new(seed);
        let model = self.model.map_params(|x| {
            let order = rng.permutation(x.len());
            Tensor::new(order.iter().map(|&i| x.data()[i]).collect(), x.shape())
        });
        Self { model, task: self.task.clone(), ..*self }
    }

    /// The share of strings, all of one length, with an error anywhere.
    pub(super) fn error(&self, examples: &[Example]) -> f64 {
        let right = exact(&self.model, examples, self.rounded);
        right.iter().filter(|&&right| !right).count() as f64 / right.len().max(1) as f64
    }
}
