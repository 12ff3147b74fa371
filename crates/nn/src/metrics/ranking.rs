use seedbed_autodiff::{Float, Tensor};

use super::classes_of;

/// The share of rows of the logits `[…, classes]` whose label is among the `k` largest; of equal ones the first stand before the others. A row with a NaN in it
/// is never right. NaN of nothing.
///
/// # Panics
/// If there is not one label a row, a label is no class, or `k` is 0.
///
/// ```
/// use seedbed_autodiff::Tensor;
/// use seedbed_nn::metrics::top_k_accuracy;
/// let logits = Tensor::<f32>::new(vec![0.1, 0.7, 0.2, 0.5, 0.3, 0.2], &[2, 3]);
/// assert_eq!([1, 2, 3].map(|k| top_k_accuracy(&logits, &[2, 0], k)), [0.5, 1.0, 1.0]);
/// ```
#[track_caller]
pub fn top_k_accuracy<F: Float>(logits: &Tensor<F>, labels: &[usize], k: usize) -> f64 {
    let classes = classes_of("top_k_accuracy", logits, labels);
    assert!(k > 0, "top_k_accuracy: k must be at least 1");
    let is_right = |(row, &label): (&[F], &usize)| {
        let before = |(i, x): (usize, &F)| *x > row[label] || (*x == row[label] && i < label);
        let before = row.iter().enumerate().filter(|&entry| before(entry)).count();
        before < k && !row.iter().any(|x| x.is_nan())
    };
    let rows = logits.data().chunks_exact(classes).zip(labels);
    rows.filter(|&row| is_right(row)).count() as f64 / labels.len() as f64
}

/// The area under the receiver operating characteristic: the probability that a positive has a higher score than a negative, where equal scores count
/// half (Hanley and McNeil 1982). Counted exactly, by ranks.
///
/// NaN where there are no positives or no negatives, and where a score is NaN; infinite scores have their order.
///
/// # Panics
/// If there are not as many scores as answers.
///
/// ```
/// use seedbed_nn::metrics::auroc;
/// assert_eq!(auroc(&[0.1, 0.4, 0.35, 0.8], &[false, false, true, true]), 0.75);
/// assert_eq!(auroc(&[1.0, 1.0], &[false, true]), 0.5);
/// ```
#[track_caller]
pub fn auroc<F: Float>(scores: &[F], positive: &[bool]) -> f64 {
    assert!(
        scores.len() == positive.len(),
        "auroc: there are {} scores and {} answers",
        scores.len(),
        positive.len()
    );
    if scores.iter().any(|s| s.is_nan()) {
        return f64::NAN;
    }
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_by(|&i, &j| scores[i].partial_cmp(&scores[j]).expect("no score is NaN"));
    // Twice the number of pairs in the right order, equal ones once. The negatives before a group of equal scores stand below its positives.
    let (mut pairs, mut below) = (0_u128, 0_u128);
    for group in order.chunk_by(|&i, &j| scores[i] == scores[j]) {
        let positives = group.iter().filter(|&&i| positive[i]).count() as u128;
        let negatives = group.len() as u128 - positives;
        pairs += positives * (2 * below + negatives);
        below += negatives;
    }
    let positives = scores.len() as u128 - below;
    // 0/0 where one of both is missing.
    pairs as f64 / (2 * positives * below) as f64
}
