//! The training of a network around a cell: what a search pays for.

use seedbed_autodiff::{Rng, Tensor, value_and_grad};
use seedbed_data::ImageSet;
use seedbed_nn::optim::{Adam, AdamConfig};
use seedbed_nn::schedule::Schedule;
use seedbed_nn::{Check, Checked, Config, ConfigError};
use serde::{Deserialize, Serialize};

use super::cell::{CellNet, EDGES, OnEdge};

/// Images `[n, height, width, channels]` and a label each.
pub type Labelled = (Tensor<f32>, Vec<usize>);

/// What cells are trained, chosen and judged by.
#[derive(Clone, Debug)]
pub struct CellData {
    /// To train on.
    pub train: Labelled,
    /// To choose by.
    pub validation: Labelled,
    /// To report; a search must not see it.
    pub test: Labelled,
    /// How many classes there are.
    pub classes: usize,
}

impl CellData {
    /// What the crate's table was made with: 1,000 images each to train on, to choose by and to report, drawn at random (with seed 0, none twice) and
    /// reduced to 14×14 pixels.
    ///
    /// # Panics
    /// If there are fewer than 3,000 images.
    #[track_caller]
    pub fn of_table(set: &ImageSet) -> Self {
        const EACH: usize = 1000;
        assert!(set.len() >= 3 * EACH, "CellData::of_table: needs 3000 images, got {}", set.len());
        let small = set.resized([14; 2]);
        let rows = Rng::new(0).permutation(small.len());
        let part = |i: usize| -> Labelled {
            let rows = &rows[i * EACH..(i + 1) * EACH];
            (small.tensor(rows), small.labels_of(rows))
        };
        Self { train: part(0), validation: part(1), test: part(2), classes: set.num_classes() }
    }
}

/// How long and how wide a cell's network is trained: Adam, its rate falling to 0 along half a cosine.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CellTraining {
    /// Channels of the network.
    pub channels: usize,
    /// Examples of a step; what is left of an epoch is dropped.
    pub batch: usize,
    /// Times that every example is seen.
    pub epochs: usize,
    /// The learning rate.
    pub rate: f64,
}

impl Default for CellTraining {
    /// The long budget of the crate's table.
    fn default() -> Self {
        Self { channels: 12, batch: 50, epochs: 24, rate: 0.01 }
    }
}

impl CellTraining {
    /// The short budget of the crate's table: a quarter of the long one.
    pub fn short() -> Self {
        Self { epochs: 6, ..Self::default() }
    }
}

impl Config for CellTraining {
    fn validate(&self) -> Result<(), ConfigError> {
        let check = Check::of("CellTraining");
        check.size("channels", self.channels)?;
        check.size("batch", self.batch)?;
        check.size("epochs", self.epochs)?;
        check.positive_f32("rate", self.rate)
    }
}

/// A trained network, and how many it gets right.
#[derive(Clone, Debug)]
pub struct TrainedCell {
    /// The network.
    pub net: CellNet,
    /// Right ones of the validation examples.
    pub validation_right: usize,
    /// Right ones of the test examples.
    pub test_right: usize,
}

/// Trains the network of a cell; the same seed gives the same bits.
///
/// # Panics
/// If there are fewer examples than a batch, or a label is none of the classes.
#[track_caller]
pub fn train_cell(
    cell: &[OnEdge; EDGES.len()],
    data: &CellData,
    config: &Checked<CellTraining>,
    seed: u64,
) -> TrainedCell {
    let mut rng = Rng::new(seed);
    let (images, labels) = &data.train;
    assert!(
        labels.len() >= config.batch,
        "train_cell: {} examples are fewer than a batch of {}",
        labels.len(),
        config.batch
    );
    let channels = images.shape()[3];
    let mut net = CellNet::new(cell, channels, config.channels, data.classes, &mut rng);
    let adam = AdamConfig { lr: config.rate, ..Default::default() }.check();
    let mut adam = Adam::new(&net, adam.expect("the rate was checked"));
    let steps = labels.len() / config.batch;
    let schedule = Schedule::cosine((config.epochs * steps) as u64);
    for _ in 0..config.epochs {
        for rows in rng.permutation(labels.len()).chunks_exact(config.batch) {
            let x = images.index_select(0, rows);
            let y: Vec<usize> = rows.iter().map(|&row| labels[row]).collect();
            let (_, gradient) =
                value_and_grad(&net, |net| net.forward(&x, cell).cross_entropy(&y).mean(..));
            adam.step_scaled(&mut net, &gradient, schedule.factor(adam.steps()));
        }
    }
    let right = |(images, labels): &Labelled| {
        let logits = net.forward(images, cell);
        let found = logits.argmax(-1);
        found.iter().zip(labels).filter(|(found, label)| found == label).count()
    };
    let (validation_right, test_right) = (right(&data.validation), right(&data.test));
    TrainedCell { net, validation_right, test_right }
}

/// Some of the examples.
pub(super) fn select((images, labels): &Labelled, rows: &[usize]) -> Labelled {
    (images.index_select(0, rows), rows.iter().map(|&row| labels[row]).collect())
}
