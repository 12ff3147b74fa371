//! Ten mechanisms over digits, and trainings on them.

use anyhow::Result;
use seedbed::autodiff::{Rng, Tensor};
use seedbed::data::{ImageSet, TrainTest, fashion_mnist, mnist};
use seedbed::mechanisms::Experts;
use seedbed::mechanisms::evaluate::{Evaluation, evaluate};
use seedbed::mechanisms::mechanism::Mechanism;
use seedbed::mechanisms::samples::{Truth, Unpaired, transform};
use seedbed::mechanisms::train::{TrainConfig, Trainer};
use seedbed::nn::Config as _;

use crate::experiment::{Context, Profile};

/// How large everything is.
#[derive(Clone, Copy)]
pub(super) struct Scale {
    /// The images' sides.
    pub side: usize,
    /// How far translations go.
    pub pixels: usize,
    /// Steps of a training.
    pub steps: u64,
    /// Images that are restored to judge by.
    pub judged: usize,
}

impl Scale {
    pub(super) fn of(context: &Context) -> Self {
        match context.profile {
            Profile::Quick => Self { side: 16, pixels: 2, steps: 800, judged: 500 },
            Profile::Full => Self { side: 28, pixels: 4, steps: 2000, judged: 2000 },
        }
    }

    pub(super) fn mechanisms(self) -> Vec<Mechanism> {
        Mechanism::ten(self.pixels)
    }

    /// Ours, half as wide as the paper's.
    pub(super) fn ours(self) -> TrainConfig {
        self.sized(TrainConfig::default().for_steps(self.steps))
    }

    /// The paper's algorithm, half as wide.
    pub(super) fn paper(self) -> TrainConfig {
        self.sized(TrainConfig::paper())
    }

    fn sized(self, config: TrainConfig) -> TrainConfig {
        config.half().for_images([self.side, self.side, 1])
    }
}

/// Labelled images on [0, 1], `[n, side, side, 1]`.
pub(super) type Labelled = (Tensor, Vec<usize>);

/// What is trained on, and judged by.
pub(super) struct Digits {
    pub train: Labelled,
    pub test: Labelled,
    /// Garments, which no training sees.
    pub garments: Labelled,
}

impl Digits {
    pub(super) fn load(context: &Context) -> Result<Self> {
        let scale = Scale::of(context);
        let [digits, garments]: [TrainTest; 2] = match context.profile {
            Profile::Quick => [mnist::embedded(), fashion_mnist::embedded()],
            Profile::Full => {
                let dir = context.data_dir()?;
                [mnist::load(&dir)?, fashion_mnist::load(&dir)?]
            }
        };
        let all = |set: &ImageSet, count: usize| -> Labelled {
            let rows: Vec<usize> = (0..set.len().min(count)).collect();
            (set.resized([scale.side; 2]).tensor(&rows), set.labels_of(&rows))
        };
        Ok(Self {
            train: all(&digits.train, usize::MAX),
            test: all(&digits.test, scale.judged),
            garments: all(&garments.test, scale.judged),
        })
    }
}

/// Images that something was done to, and what.
pub(super) struct Judged {
    pub images: Tensor,
    pub truth: Truth,
}

impl Judged {
    /// Each image went through one of the mechanisms.
    pub(super) fn new(images: &Tensor, mechanisms: &[Mechanism], rng: &mut Rng) -> Result<Self> {
        let (images, truth) = transform(images, mechanisms, rng)?;
        Ok(Self { images, truth })
    }

    pub(super) fn evaluate(&self, experts: &Experts) -> Result<Evaluation> {
        Ok(evaluate(experts, &self.images, &self.truth)?)
    }
}

/// What came of one training.
pub(super) struct Trained {
    pub experts: Experts,
    /// On the judged digits.
    pub found: Evaluation,
    /// The first step at which every mechanism had an expert of its own; it is looked for every so many steps.
    pub solved_at: Option<u64>,
    /// Purity of the win matrix against steps.
    pub curve: Vec<(f64, f64)>,
}

/// Steps between two evaluations.
const EVERY: u64 = 50;

/// Who decides which expert wins an image.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Routing {
    /// The competition of the configuration.
    Competition,
    /// Expert m gets what went through mechanism m.
    Oracle,
}

/// Trains experts from a seed, which also draws the halves of the data; `judged` is what success is measured by.
pub(super) fn train(
    digits: &Digits,
    scale: Scale,
    (config, routing): (TrainConfig, Routing),
    judged: &Judged,
    seed: u64,
) -> Result<Trained> {
    let rng = &mut Rng::new(seed);
    let (data, truth) = Unpaired::split(&digits.train.0, &scale.mechanisms(), rng)?;
    let config = config.check()?;
    let mut trainer = Trainer::new(&config, &data, seed)?;
    let (mut solved_at, mut curve) = (None, Vec::new());
    for step in 1..=scale.steps {
        match routing {
            Routing::Competition => trainer.step(&data)?,
            Routing::Oracle => trainer.step_decided(&data, |rows| {
                rows.iter().map(|&row| truth.mechanism[row]).collect()
            })?,
        };
        if step % EVERY == 0 {
            let wins = judged.evaluate(&trainer.model)?.wins;
            curve.push((step as f64, wins.purity()));
            if wins.is_solved() {
                solved_at.get_or_insert(step);
            }
        }
    }
    let found = judged.evaluate(&trainer.model)?;
    Ok(Trained { experts: trainer.model, found, solved_at, curve })
}
