use seedbed_data::tasks::SequenceBatch;

use crate::SequenceModel;

/// What the answers to some sequences cost: two measures that must not be mixed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cost {
    /// Cross-entropy, in bits per sequence.
    pub bits: f64,
    /// The share of the answers, thresholded, that are wrong.
    pub bit_error: f64,
    /// Wrong answers per sequence.
    pub bit_errors: f64,
}

/// The mean cost of the sequences of all batches.
///
/// # Panics
/// If there is no sequence, or the model is for other ones.
#[track_caller]
pub fn evaluate(model: &impl SequenceModel<f32>, batches: &[SequenceBatch]) -> Cost {
    let (mut sequences, mut asked, mut bits, mut wrong) = (0, 0, 0.0, 0);
    for batch in batches {
        let logits = model.logits(&batch.inputs);
        sequences += batch.sequences();
        asked += batch.sequences() * batch.bits_per_sequence();
        bits += f64::from(batch.bits(&logits).item()) * batch.sequences() as f64;
        wrong += batch.bit_errors(&logits).iter().sum::<usize>();
    }
    assert!(sequences > 0, "evaluate: there is no sequence");
    let (sequences, wrong) = (sequences as f64, wrong as f64);
    Cost { bits: bits / sequences, bit_error: wrong / asked as f64, bit_errors: wrong / sequences }
}
