//! Parts of a vector, each with a quantizer of its own that learns.

use seedbed_autodiff::{Float, Module, Path, Rng, Role, Tensor};

use super::{Learner, Losses, Pass, Quantized, Seen};
use crate::{Grouped, Quantizer, QuantizerError};

/// The numbers of a vector cut into neighbouring parts, a learner each: product quantization. Losses are means over the parts' numbers, added up.
#[derive(Clone, Debug)]
pub struct GroupedLearner<L> {
    /// The learners, side by side.
    pub parts: Vec<L>,
}

impl<F: Float, L: Learner<F>> Module<F> for GroupedLearner<L> {
    fn walk(&self, path: &mut Path, f: &mut dyn FnMut(&Path, Role, &Tensor<F>)) {
        path.field("parts", |path| self.parts.walk(path, f));
    }
    fn walk_mut(&mut self, path: &mut Path, f: &mut dyn FnMut(&Path, Role, &mut Tensor<F>)) {
        path.field("parts", |path| self.parts.walk_mut(path, f));
    }
}

impl<L> GroupedLearner<L> {
    /// These learners, side by side.
    ///
    /// # Panics
    /// If there are none.
    #[track_caller]
    pub fn new(parts: Vec<L>) -> Self {
        assert!(!parts.is_empty(), "GroupedLearner: there are no parts");
        Self { parts }
    }

    /// The columns of each part.
    fn split<F: Float>(&self, x: &Tensor<F>) -> Vec<Tensor<F>>
    where
        L: Learner<F>,
    {
        let sizes: Vec<usize> = self.parts.iter().map(|part| part.dim()).collect();
        x.split(1, &sizes)
    }
}

impl<F: Float, L: Learner<F>> Learner<F> for GroupedLearner<L> {
    fn dim(&self) -> usize {
        self.parts.iter().map(|part| part.dim()).sum()
    }

    fn tokens(&self) -> usize {
        self.parts.iter().map(|part| part.tokens()).sum()
    }

    fn codebooks(&self) -> usize {
        self.parts.iter().map(|part| part.codebooks()).sum()
    }

    fn train_rows(&self, x: &Tensor<F>, pass: &mut Pass<'_>) -> Quantized<F> {
        let (rows, tokens) = (x.shape()[0], Learner::<F>::tokens(self));
        let (mut losses, mut seen, mut start) = (Losses::default(), Seen::default(), 0);
        let (mut values, mut indices) = (Vec::new(), vec![0; rows * tokens]);
        for (part, x) in self.parts.iter().zip(self.split(x)) {
            let out = part.train_rows(&x, pass);
            let own = part.tokens();
            for (row, own_indices) in out.indices.chunks_exact(own).enumerate() {
                indices[row * tokens + start..][..own].copy_from_slice(own_indices);
            }
            start += own;
            values.push(out.values);
            losses.merge(out.losses);
            seen.0.extend(out.seen.0);
        }
        Quantized { values: Tensor::concat(&values, 1), indices, losses, seen }
    }

    fn prepare(&mut self, x: &Tensor<F>, rng: &mut Rng) {
        let dim = Learner::<F>::dim(self);
        let columns = self.split(&x.reshape(&[x.len() / dim, dim]));
        for (part, x) in self.parts.iter_mut().zip(&columns) {
            part.prepare(x, rng);
        }
    }

    fn update(&mut self, seen: &Seen<F>, rng: &mut Rng) -> usize {
        super::residual::update_each(&mut self.parts, seen, rng)
    }

    fn freeze(&self) -> Result<Box<dyn Quantizer>, QuantizerError> {
        let parts = self.parts.iter().map(Learner::freeze).collect::<Result<_, _>>()?;
        Ok(Box::new(Grouped::new(parts)?))
    }
}
