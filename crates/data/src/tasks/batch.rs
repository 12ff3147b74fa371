//! Sequences with the answers that are asked for, and what a model's answers cost.

use std::ops::Range;

use seedbed_autodiff::{Float, Tensor};

/// Sequences of one length, and the answers that are asked for.
#[derive(Clone, Debug)]
pub struct SequenceBatch {
    /// What the model sees, `[steps, sequences, inputs]`; blank while it answers from memory.
    pub inputs: Tensor,
    /// The right answers, 0 or 1, `[answers.len(), sequences, outputs]`.
    pub targets: Tensor,
    /// The steps at which answers are asked for.
    pub answers: Range<usize>,
}

impl SequenceBatch {
    /// A batch of these parts.
    ///
    /// # Panics
    /// If there is not one target a sequence and answer step.
    #[track_caller]
    pub fn new(inputs: Tensor, targets: Tensor, answers: Range<usize>) -> Self {
        let (of_inputs, of_targets) = (inputs.shape(), targets.shape());
        let fits = of_inputs.len() == 3
            && of_targets.len() == 3
            && of_inputs[1] == of_targets[1]
            && of_targets[0] == answers.len()
            && answers.start <= answers.end
            && answers.end <= of_inputs[0];
        assert!(
            fits,
            "SequenceBatch: inputs {of_inputs:?} should be [steps, sequences, inputs], targets {of_targets:?} \
             [{}, sequences, outputs] for answers at {answers:?}",
            answers.len()
        );
        Self { inputs, targets, answers }
    }

    /// How many steps the sequences have, blank ones for the answers included.
    pub fn steps(&self) -> usize {
        self.inputs.shape()[0]
    }

    /// How many sequences there are.
    pub fn sequences(&self) -> usize {
        self.inputs.shape()[1]
    }

    /// How many bits are asked for in each sequence: what pure chance costs.
    pub fn bits_per_sequence(&self) -> usize {
        self.answers.len() * self.targets.shape()[2]
    }

    /// 1 at the steps at which answers are asked for and 0 at others, `[steps, sequences]`.
    pub fn mask<F: Float>(&self) -> Tensor<F> {
        let (steps, sequences) = (self.steps(), self.sequences());
        let at = |step: usize| F::of(f64::from(u8::from(self.answers.contains(&step))));
        let mask = (0..steps * sequences).map(|i| at(i / sequences)).collect();
        Tensor::new(mask, &[steps, sequences])
    }

    /// The cross-entropy of a model's logits, `[steps, sequences, outputs]`, in bits per sequence, mean over the sequences: the
    /// cost that the paper plots. Logits at steps without an answer cost nothing.
    ///
    /// # Panics
    /// If the logits are of another shape.
    #[track_caller]
    pub fn bits(&self, logits: &Tensor) -> Tensor {
        let losses = self.answers_of(logits).bce_with_logits_each(&self.targets);
        losses.sum(..) * (1.0 / (std::f64::consts::LN_2 * self.sequences().max(1) as f64))
    }

    /// How many of a model's answers, logits `[steps, sequences, outputs]` thresholded at 0, are wrong in each sequence. A NaN is always wrong.
    ///
    /// # Panics
    /// If the logits are of another shape.
    #[track_caller]
    pub fn bit_errors(&self, logits: &Tensor) -> Vec<usize> {
        let answers = self.answers_of(logits);
        let mut errors = vec![0; self.sequences()];
        let outputs = self.targets.shape()[2].max(1);
        let rows = answers.data().chunks(outputs).zip(self.targets.data().chunks(outputs));
        for (row, (answer, target)) in rows.enumerate() {
            let wrong =
                answer.iter().zip(target).filter(|&(x, t)| x.is_nan() || (*x > 0.0) != (*t > 0.5));
            errors[row % self.sequences()] += wrong.count();
        }
        errors
    }

    /// The logits at the steps at which answers are asked for.
    #[track_caller]
    fn answers_of(&self, logits: &Tensor) -> Tensor {
        let expected = [self.steps(), self.sequences(), self.targets.shape()[2]];
        assert!(
            logits.shape() == expected,
            "SequenceBatch: logits of shape {:?}; they should be [steps, sequences, outputs] = {expected:?}",
            logits.shape()
        );
        logits.slice(0, self.answers.start as isize..self.answers.end as isize)
    }
}
