//! Small tables with wrong labels.

use anyhow::Result;
use seedbed::autodiff::{Rng, Tensor};
use seedbed::data::{ImageSet, LabelNoise, TrainTest, fashion_mnist, mnist};

/// Where rows come from.
#[derive(Clone, Copy, Debug)]
pub(super) enum Source {
    /// Texts of 15 words, each class with its own frequencies of 1,000 words: which words there are.
    Words { classes: usize },
    /// Embedded MNIST, 7 × 7 pixels.
    Digits,
    /// Embedded Fashion-MNIST, 7 × 7 pixels.
    Clothes,
    /// Eight clusters a class in 20 dimensions.
    Clusters { classes: usize },
}

/// Rows to train on, with the labels that are trained on, and test rows with true ones.
pub(super) struct Table {
    x: Tensor,
    labels: Vec<usize>,
    /// Whether a label is wrong.
    pub(super) wrong: Vec<bool>,
    pub(super) classes: usize,
    test: (Tensor, Vec<usize>),
}

/// Numbers row by row, and the class of each row.
type Rows = (Vec<f32>, Vec<usize>);

const TEST_ROWS: usize = 2_000;

impl Table {
    pub(super) fn new(source: Source, rows: usize, noise: f64, rng: &mut Rng) -> Result<Self> {
        let (classes, (x, truth), (test, test_labels)) = match source {
            Source::Words { classes } => {
                let texts = words(classes, rows + TEST_ROWS, rng);
                let (train, test) = parts(texts, rows);
                (classes, train, test)
            }
            Source::Clusters { classes } => {
                let points = clusters(classes, rows + TEST_ROWS, rng);
                let (train, test) = parts(points, rows);
                (classes, train, test)
            }
            Source::Digits => images(&mnist::embedded(), rows, rng),
            Source::Clothes => images(&fashion_mnist::embedded(), rows, rng),
        };
        // Of labels that are drawn anew, one in C stays right.
        let share = noise * classes as f64 / (classes as f64 - 1.0);
        let noisy = LabelNoise::Uniform { share }.apply(&truth, classes, rng)?;
        let columns = x.len() / rows;
        let tensor = |x: Vec<f32>| {
            let rows = x.len() / columns;
            Tensor::new(x, &[rows, columns])
        };
        let test = (tensor(test), test_labels);
        Ok(Self { x: tensor(x), labels: noisy.labels, wrong: noisy.wrong, classes, test })
    }

    pub(super) fn x(&self, rows: &[usize]) -> Tensor {
        self.x.index_select(0, rows)
    }

    pub(super) fn labels(&self, rows: &[usize]) -> Vec<usize> {
        rows.iter().map(|&row| self.labels[row]).collect()
    }

    pub(super) fn columns(&self) -> usize {
        self.x.shape()[1]
    }

    pub(super) fn test(&self) -> (&Tensor, &[usize]) {
        (&self.test.0, &self.test.1)
    }
}

/// The first rows, and the others.
fn parts((mut x, mut labels): Rows, rows: usize) -> (Rows, Rows) {
    let columns = x.len() / labels.len();
    let (test, test_labels) = (x.split_off(rows * columns), labels.split_off(rows));
    ((x, labels), (test, test_labels))
}

fn words(classes: usize, rows: usize, rng: &mut Rng) -> Rows {
    const VOCABULARY: usize = 1_000;
    // Zipf's law, tilted for each class.
    let tilt = Tensor::<f32>::normal(&[classes * VOCABULARY], 0.0, 0.6, rng);
    let weight = |at: usize| f64::from(tilt.data()[at]).exp() / (at % VOCABULARY + 1) as f64;
    let sums: Vec<Vec<f64>> = (0..classes)
        .map(|class| {
            let mut sum = 0.0;
            let word = |word| {
                sum += weight(class * VOCABULARY + word);
                sum
            };
            (0..VOCABULARY).map(word).collect()
        })
        .collect();
    let (mut x, mut labels) = (vec![0.0; rows * VOCABULARY], Vec::with_capacity(rows));
    for text in x.chunks_exact_mut(VOCABULARY) {
        let class = rng.below(classes);
        let sums = &sums[class];
        for _ in 0..15 {
            let at = rng.uniform() * sums[VOCABULARY - 1];
            text[sums.partition_point(|&sum| sum <= at).min(VOCABULARY - 1)] = 1.0;
        }
        labels.push(class);
    }
    (x, labels)
}

fn clusters(classes: usize, rows: usize, rng: &mut Rng) -> Rows {
    const COLUMNS: usize = 20;
    let centres = Tensor::<f32>::normal(&[classes * 8, COLUMNS], 0.0, 1.0, rng);
    let which: Vec<usize> = (0..rows).map(|_| rng.below(classes * 8)).collect();
    let x = centres.index_select(0, &which) + Tensor::normal(&[rows, COLUMNS], 0.0, 0.8, rng);
    (x.to_vec(), which.into_iter().map(|cluster| cluster % classes).collect())
}

fn images(data: &TrainTest, rows: usize, rng: &mut Rng) -> (usize, Rows, Rows) {
    let mut order: Vec<usize> = (0..data.train.len()).collect();
    rng.shuffle(&mut order);
    order.truncate(rows);
    let all: Vec<usize> = (0..data.test.len()).collect();
    let of = |set: &ImageSet, rows: &[usize]| -> Rows {
        let labels = rows.iter().map(|&row| set.labels()[row]).collect();
        (small(&set.tensor(rows)), labels)
    };
    (data.train.num_classes(), of(&data.train, &order), of(&data.test, &all))
}

/// Means over squares of 4 × 4 pixels, around 0.
fn small(images: &Tensor) -> Vec<f32> {
    let mut out = vec![0.0; images.shape()[0] * 49];
    for (at, &pixel) in images.data().iter().enumerate() {
        let (image, row, column) = (at / 784, at / 28 % 28, at % 28);
        out[image * 49 + row / 4 * 7 + column / 4] += (pixel - 0.3) / 4.0;
    }
    out
}
