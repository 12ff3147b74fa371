//! Learners whose range follows what they are given: the stages of RFSQ.

use seedbed_autodiff::{Float, Module, Path, Rng, Role, Tensor};
use serde::{Deserialize, Serialize};

use super::convert::to_f32;
use super::vq::MOST_DECAY;
use super::{Batch, Learner, Pass, Quantized, Seen};
use crate::{Quantizer, QuantizerError, Scaled};

/// What the shift and the scale of a [`ScaledLearner`] are.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ScaleRule {
    /// A scale for each number that learns by gradient; no shift.
    Learned,
    /// The running mean and `widths` standard deviations of each number. (The mean and deviation of the vector at hand, as layer normalisation takes them, are not
    /// known where a token is decoded.)
    Running {
        /// What is kept of both at each update.
        decay: f64,
        /// How many standard deviations are stretched to 1.
        widths: f64,
    },
}

/// `Q((x − shift) / scale) · scale + shift` (RFSQ, 2025): without it the stages of residual FSQ after the first see numbers far smaller than
/// their grid, and all but the middle level starve.
#[derive(Clone, Debug)]
pub struct ScaledLearner<F: Float, L> {
    /// What is shifted and stretched.
    pub inner: L,
    /// ln of the scale, where it learns.
    pub learned: Option<Tensor<F>>,
    /// The running mean and standard deviation of each number, two rows.
    pub running: Tensor<F>,
    /// Which of them rules.
    pub rule: ScaleRule,
}

impl<F: Float, L: Learner<F>> Module<F> for ScaledLearner<F, L> {
    fn walk(&self, path: &mut Path, f: &mut dyn FnMut(&Path, Role, &Tensor<F>)) {
        let Self { inner, learned, running, rule: _ } = self;
        path.field("inner", |path| inner.walk(path, f));
        path.field("learned", |path| learned.walk(path, f));
        path.field("running", |path| running.walk(path, &mut |p, _, x| f(p, Role::Buffer, x)));
    }
    fn walk_mut(&mut self, path: &mut Path, f: &mut dyn FnMut(&Path, Role, &mut Tensor<F>)) {
        let Self { inner, learned, running, rule: _ } = self;
        path.field("inner", |path| inner.walk_mut(path, f));
        path.field("learned", |path| learned.walk_mut(path, f));
        path.field("running", |path| {
            running.walk_mut(path, &mut |p, _, x| f(p, Role::Buffer, x));
        });
    }
}

/// Deviations below this are taken for it: a number that never changes.
const LEAST: f64 = 1e-6;

impl<F: Float, L: Learner<F>> ScaledLearner<F, L> {
    /// A learner with scale 1 and no shift, until [`Learner::prepare`] has seen data.
    ///
    /// # Panics
    /// If a decay is not from 0 to 0.99999, or `widths` not above 0 and finite.
    #[track_caller]
    pub fn new(inner: L, rule: ScaleRule) -> Self {
        if let ScaleRule::Running { decay, widths } = rule {
            assert!(
                (0.0..=MOST_DECAY).contains(&decay) && widths > 0.0 && widths.is_finite(),
                "ScaledLearner: a decay from 0 to {MOST_DECAY} and widths above 0, not {decay} and {widths}"
            );
        }
        let dim = inner.dim();
        let learned = (rule == ScaleRule::Learned).then(|| Tensor::zeros(&[dim]));
        let running = Tensor::stack(&[Tensor::zeros(&[dim]), Tensor::ones(&[dim])], 0);
        Self { inner, learned, running, rule }
    }

    /// The shift, if there is one, and the scale.
    fn constants(&self) -> (Option<Tensor<F>>, Tensor<F>) {
        match (self.rule, &self.learned) {
            (ScaleRule::Running { widths, .. }, _) => {
                (Some(self.running.index(0, 0)), self.running.index(0, 1) * widths)
            }
            (_, Some(learned)) => (None, learned.exp()),
            (ScaleRule::Learned, None) => unreachable!("a learned scale is there"),
        }
    }

    /// The mean and the standard deviation of each column.
    fn moments(x: &Tensor<F>) -> [Tensor<F>; 2] {
        let x = x.stop_gradient();
        let mean = x.mean(0);
        let deviation = (&x - &mean).square().mean(0).sqrt().maximum(LEAST);
        [mean, deviation]
    }
}

impl<F: Float, L: Learner<F>> Learner<F> for ScaledLearner<F, L> {
    fn dim(&self) -> usize {
        self.inner.dim()
    }

    fn tokens(&self) -> usize {
        self.inner.tokens()
    }

    fn codebooks(&self) -> usize {
        // What the running moments follow comes first.
        1 + self.inner.codebooks()
    }

    fn train_rows(&self, x: &Tensor<F>, pass: &mut Pass<'_>) -> Quantized<F> {
        let (shift, scale) = self.constants();
        let centred = match &shift {
            Some(shift) => x - shift,
            None => x.clone(),
        };
        let mut out = self.inner.train_rows(&(centred / &scale), pass);
        out.values = out.values * &scale;
        if let Some(shift) = &shift {
            out.values = out.values + shift;
        }
        out.seen.0.insert(0, Batch { vectors: x.stop_gradient(), codes: Vec::new() });
        out
    }

    fn prepare(&mut self, x: &Tensor<F>, rng: &mut Rng) {
        let rows = x.reshape(&[x.len() / self.dim(), self.dim()]).stop_gradient();
        assert!(!rows.is_empty(), "prepare: there are no vectors");
        let [mean, deviation] = Self::moments(&rows);
        if let Some(learned) = &mut self.learned {
            *learned = deviation.ln();
        }
        self.running = Tensor::stack(&[mean, deviation], 0);
        let (shift, scale) = self.constants();
        let centred = match shift {
            Some(shift) => rows - shift,
            None => rows,
        };
        self.inner.prepare(&(centred / scale), rng);
    }

    fn update(&mut self, seen: &Seen<F>, rng: &mut Rng) -> usize {
        let Some((own, inner)) = seen.0.split_first() else { return 0 };
        if let (ScaleRule::Running { decay, .. }, true) = (self.rule, !own.vectors.is_empty()) {
            let new = Tensor::stack(&Self::moments(&own.vectors), 0);
            self.running = &self.running * decay + new * (1.0 - decay);
        }
        self.inner.update(&Seen(inner.to_vec()), rng)
    }

    fn freeze(&self) -> Result<Box<dyn Quantizer>, QuantizerError> {
        let (shift, scale) = self.constants();
        let shift = shift.map_or_else(|| vec![0.0; self.dim()], |s| to_f32(&s).to_vec());
        Ok(Box::new(Scaled::new(self.inner.freeze()?, shift, to_f32(&scale).to_vec())?))
    }
}
