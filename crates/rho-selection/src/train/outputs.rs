use seedbed_autodiff::Tensor;

use super::EVALUATED_AT_ONCE;
use crate::{Candidates, Rows, SelectionError};

/// What a classifier says of candidates: what scores and policies beyond losses look at.
///
/// The *mode* of the pass is the closure's that makes it: with dropout or batch normalisation, a forward pass in training
/// mode and one in inference mode score differently (the paper's code scores in training mode; try both).
#[derive(Clone, Debug)]
pub struct Outputs {
    /// `[rows, classes]`; or `[samples · rows, classes]`, all rows of the first sample before those of the second.
    pub logits: Tensor<f32>,
    /// What goes into the last layer, `[rows, width]`, for [`Policy::Diverse`](crate::Policy::Diverse) and
    /// [`LastLayerLaplace`](crate::score::LastLayerLaplace).
    pub features: Option<Tensor<f32>>,
}

impl Outputs {
    /// Logits alone.
    pub fn of_logits(logits: Tensor<f32>) -> Self {
        Self { logits, features: None }
    }

    /// Monte-Carlo samples of logits `[rows, classes]`, such as passes with dropout (Gal & Ghahramani 2016): `pass` is called
    /// once a sample.
    ///
    /// # Panics
    /// If there is no sample, or the shapes of the logits differ.
    ///
    /// ```
    /// use seedbed_autodiff::{Rng, Tensor};
    /// use seedbed_rho_selection::train::Outputs;
    ///
    /// let (hidden, w) = (Tensor::ones(&[4, 8]), Tensor::<f32>::ones(&[8, 3]));
    /// let mut rng = Rng::new(0);
    /// let outputs = Outputs::samples(10, |_| hidden.dropout(0.5, &mut rng).matmul(&w));
    /// assert_eq!(outputs.logits.shape(), [40, 3]);
    /// ```
    #[track_caller]
    pub fn samples(samples: usize, pass: impl FnMut(usize) -> Tensor<f32>) -> Self {
        assert!(samples > 0, "Outputs::samples: needs at least one sample");
        let passes: Vec<Tensor<f32>> = (0..samples).map(pass).collect();
        Self::of_logits(Tensor::concat(&passes, 0))
    }

    /// A pass over many rows, some at a time.
    ///
    /// # Panics
    /// If a pass does not give one row of logits a row. Samples go outside: `Outputs::samples(n, |_| Outputs::over(rows, pass).logits)`.
    #[track_caller]
    pub fn over(rows: &[usize], mut pass: impl FnMut(&[usize]) -> Self) -> Self {
        let mut parts = Vec::with_capacity(rows.len().div_ceil(EVALUATED_AT_ONCE));
        for rows in rows.chunks(EVALUATED_AT_ONCE) {
            let part = pass(rows);
            assert!(
                part.logits.shape().first() == Some(&rows.len()),
                "Outputs::over: a pass over {} rows gave logits {:?}, and must give one row each; for samples, call it in Outputs::samples",
                rows.len(),
                part.logits.shape()
            );
            parts.push(part);
        }
        let logits: Vec<&Tensor<f32>> = parts.iter().map(|part| &part.logits).collect();
        let features: Option<Vec<&Tensor<f32>>> =
            parts.iter().map(|p| p.features.as_ref()).collect();
        Self {
            logits: Tensor::concat(&logits, 0),
            features: features.map(|features| Tensor::concat(&features, 0)),
        }
    }

    /// The cross-entropy of each row with its label, in nats: the mean over the samples.
    ///
    /// # Panics
    /// If the labels are not as many as the rows of a sample, or name no class.
    #[track_caller]
    pub fn losses(&self, labels: &[usize]) -> Vec<f32> {
        let samples = self.sample_count(labels.len());
        let losses = self.logits.cross_entropy_each(&labels.repeat(samples));
        losses.reshape(&[samples, labels.len()]).mean(0).to_vec()
    }

    /// Whether each row is answered correctly, by the first sample.
    ///
    /// # Panics
    /// If the labels are more than the rows.
    #[track_caller]
    pub fn correct(&self, labels: &[usize]) -> Vec<bool> {
        let answers = self.logits.slice(0, ..labels.len() as isize).argmax(-1);
        answers.iter().zip(labels).map(|(answer, label)| answer == label).collect()
    }

    /// The candidates with all that is known of them here. `losses` are [`Self::losses`], or scores of your own for
    /// [`Score::Given`](crate::Score::Given).
    ///
    /// # Errors
    /// If the logits or features are no matrices with numbers in them.
    pub fn candidates<'a>(
        &'a self,
        ids: &'a [u64],
        labels: &'a [usize],
        losses: &'a [f32],
    ) -> Result<Candidates<'a>, SelectionError> {
        let candidates = Candidates::new(ids, losses).labels(labels).logits(rows(&self.logits)?);
        match &self.features {
            Some(features) => Ok(candidates.features(rows(features)?)),
            None => Ok(candidates),
        }
    }

    #[track_caller]
    fn sample_count(&self, rows: usize) -> usize {
        let all = self.logits.shape()[0];
        assert!(
            rows > 0 && all.is_multiple_of(rows),
            "Outputs: logits {:?} are not whole samples of {rows} rows",
            self.logits.shape()
        );
        all / rows
    }
}

/// A tensor `[rows, width]` as a matrix.
fn rows(x: &Tensor<f32>) -> Result<Rows<'_>, SelectionError> {
    Rows::new(x.data(), x.shape().last().copied().unwrap_or(0))
}
