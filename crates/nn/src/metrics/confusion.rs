use seedbed_autodiff::{Float, Tensor};

/// The class with the largest logit in every row of `[…, classes]`, the first of equal ones; `None` where a logit is NaN.
///
/// # Panics
/// If there are no classes.
#[track_caller]
pub fn predictions<F: Float>(logits: &Tensor<F>) -> Vec<Option<usize>> {
    let classes = logits.shape().last().copied().unwrap_or(0);
    assert!(
        classes > 0,
        "predictions: needs logits […, classes], got the shape {:?}",
        logits.shape()
    );
    let of_row = |row: &[F]| {
        let best = (0..classes).rev().fold(0, |best, i| if row[i] >= row[best] { i } else { best });
        (!row.iter().any(|x| x.is_nan())).then_some(best)
    };
    logits.data().chunks_exact(classes).map(of_row).collect()
}

/// How often each class was taken for which: counts of (label, predicted class), and what follows from them.
///
/// With the true positives TP of a class, the false positives FP (others that were taken for it) and false negatives FN (its own that were not
/// recognised):
///
/// ```text
/// precision = TP/(TP + FP)        recall = TP/(TP + FN)        F1 = 2 TP/(2 TP + FP + FN)
/// ```
///
/// A share of nothing is NaN: the precision of a class that was never predicted, the recall of one without samples. Means over
/// classes are over those that are a label or a prediction at least once, and a share of nothing counts as 0 there (as with scikit-learn's `zero_division=0`).
///
/// A sample without a prediction (see [`predictions`]) is a false negative, and for no class a false positive.
///
/// ```
/// use seedbed_nn::metrics::ConfusionMatrix;
/// let mut matrix = ConfusionMatrix::new(2);
/// matrix.add(&[Some(1), Some(1), Some(0), None], &[1, 0, 0, 1]);
/// assert_eq!((matrix.count(0, 1), matrix.missed(1)), (1, 1));
/// assert_eq!((matrix.accuracy(), matrix.precision(1), matrix.recall(1)), (0.5, 0.5, 0.5));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfusionMatrix {
    classes: usize,
    /// `[label, predicted]`, with one more column for samples without a prediction.
    counts: Vec<u64>,
}

impl ConfusionMatrix {
    /// Nothing counted yet.
    pub fn new(classes: usize) -> Self {
        Self { classes, counts: vec![0; classes * (classes + 1)] }
    }

    /// Counts the most probable classes of logits `[…, classes]` against their labels.
    ///
    /// # Panics
    /// As [`add`](Self::add), and if the logits have another number of classes.
    #[track_caller]
    pub fn add_logits<F: Float>(&mut self, logits: &Tensor<F>, labels: &[usize]) {
        let shape = logits.shape();
        assert!(
            shape.last() == Some(&self.classes),
            "ConfusionMatrix: it has {} classes, the logits have the shape {shape:?}",
            self.classes
        );
        self.add(&predictions(logits), labels);
    }

    /// Counts predictions against labels.
    ///
    /// # Panics
    /// If they are not as many, or one of them is no class.
    #[track_caller]
    pub fn add(&mut self, predicted: &[Option<usize>], labels: &[usize]) {
        assert!(
            predicted.len() == labels.len(),
            "ConfusionMatrix: there are {} predictions and {} labels",
            predicted.len(),
            labels.len()
        );
        for class in labels.iter().chain(predicted.iter().flatten()) {
            assert!(
                *class < self.classes,
                "ConfusionMatrix: class {class}, but there are {} classes",
                self.classes
            );
        }
        for (predicted, label) in predicted.iter().zip(labels) {
            self.counts[label * (self.classes + 1) + predicted.unwrap_or(self.classes)] += 1;
        }
    }

    /// Adds what another matrix has counted.
    ///
    /// # Panics
    /// If it has another number of classes.
    #[track_caller]
    pub fn merge(&mut self, other: &Self) {
        assert!(
            self.classes == other.classes,
            "ConfusionMatrix: {} classes against {}",
            self.classes,
            other.classes
        );
        self.counts.iter_mut().zip(&other.counts).for_each(|(a, b)| *a += b);
    }

    /// The number of classes.
    pub fn classes(&self) -> usize {
        self.classes
    }

    /// How many samples with this label were taken for that class.
    ///
    /// # Panics
    /// If one of both is no class.
    #[track_caller]
    pub fn count(&self, label: usize, predicted: usize) -> u64 {
        self.check(label);
        self.check(predicted);
        self.counts[label * (self.classes + 1) + predicted]
    }

    /// How many samples with this label had no prediction.
    ///
    /// # Panics
    /// If it is no class.
    #[track_caller]
    pub fn missed(&self, label: usize) -> u64 {
        self.check(label);
        self.counts[label * (self.classes + 1) + self.classes]
    }

    /// All samples.
    pub fn total(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// The share of samples that were taken for what they are.
    pub fn accuracy(&self) -> f64 {
        let right: u64 = (0..self.classes).map(|class| self.count(class, class)).sum();
        right as f64 / self.total() as f64
    }

    /// Of what was taken for this class, the share that is of it.
    ///
    /// # Panics
    /// If it is no class.
    #[track_caller]
    pub fn precision(&self, class: usize) -> f64 {
        self.count(class, class) as f64 / self.predicted(class) as f64
    }

    /// Of what is of this class, the share that was taken for it.
    ///
    /// # Panics
    /// If it is no class.
    #[track_caller]
    pub fn recall(&self, class: usize) -> f64 {
        self.count(class, class) as f64 / self.labelled(class) as f64
    }

    /// The harmonic mean of precision and recall; NaN only for a class that is neither a label nor a prediction.
    ///
    /// # Panics
    /// If it is no class.
    #[track_caller]
    pub fn f1(&self, class: usize) -> f64 {
        let all = self.predicted(class) + self.labelled(class);
        2.0 * self.count(class, class) as f64 / all as f64
    }

    /// The mean of the precisions of the classes that occur; NaN of nothing.
    pub fn mean_precision(&self) -> f64 {
        self.mean(|class| self.precision(class))
    }

    /// The mean of the recalls of the classes that occur; NaN of nothing. Where every class is a label at least once it is the balanced accuracy.
    pub fn mean_recall(&self) -> f64 {
        self.mean(|class| self.recall(class))
    }

    /// The mean of the F1 scores of the classes that occur ("macro F1"); NaN of nothing.
    pub fn mean_f1(&self) -> f64 {
        self.mean(|class| self.f1(class))
    }

    fn mean(&self, of: impl Fn(usize) -> f64) -> f64 {
        let occurs = |&class: &usize| self.predicted(class) + self.labelled(class) > 0;
        let all: Vec<f64> = (0..self.classes)
            .filter(occurs)
            .map(|class| Some(of(class)).filter(|x| !x.is_nan()).unwrap_or(0.0))
            .collect();
        all.iter().sum::<f64>() / all.len() as f64
    }

    fn predicted(&self, class: usize) -> u64 {
        (0..self.classes).map(|label| self.count(label, class)).sum()
    }

    #[track_caller]
    fn labelled(&self, class: usize) -> u64 {
        self.check(class);
        self.counts[class * (self.classes + 1)..][..=self.classes].iter().sum()
    }

    #[track_caller]
    fn check(&self, class: usize) {
        assert!(
            class < self.classes,
            "ConfusionMatrix: class {class}, but there are {} classes",
            self.classes
        );
    }
}
