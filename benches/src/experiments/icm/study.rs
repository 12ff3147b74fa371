//! Trainings that several rows share.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use anyhow::Result;
use seedbed::autodiff::Rng;
use seedbed::mechanisms::Experts;
use seedbed::mechanisms::competition::Rule;
use seedbed::mechanisms::evaluate::{Evaluation, WinMatrix, evaluate};
use seedbed::mechanisms::mechanism::Mechanism;
use seedbed::mechanisms::samples::Unpaired;
use seedbed::mechanisms::train::{TrainConfig, Trainer};
use seedbed::nn::Config as _;

use super::digits::Pictures;
use crate::experiment::Context;
use crate::experiments::jobs::side_by_side;
use crate::figure::{Figure, Image};

/// How experts are trained.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Way {
    /// Ours, with so many experts.
    Ours(usize),
    /// The paper's.
    Paper,
    /// Anybody wins.
    Random,
    /// The truth says who wins.
    Oracle,
    /// One network of the width of an expert times this.
    Single(usize),
}

/// What came of a training.
pub(super) struct Trained {
    /// Experts and the discriminator that says who wins.
    pub(super) model: Experts,
    /// On the bank of digits, in the end.
    pub(super) found: Evaluation,
    /// The purity at steps.
    pub(super) purity: Vec<(f64, f64)>,
    /// The first step at which each mechanism had an expert of its own.
    pub(super) solved_at: Option<u64>,
    /// A picture of every mechanism, by the experts that win it in the end, at some steps.
    pub(super) film: Vec<(u64, Vec<Vec<u8>>)>,
}

/// Trainings by way, then by seed.
pub(super) type ByWay = Vec<Vec<Arc<Trained>>>;

/// The pictures and the trainings of one profile.
struct Shared {
    pictures: Arc<Pictures>,
    trained: BTreeMap<(Way, u64), Arc<Trained>>,
}

/// What this process has trained so far: quick, full.
static SHARED: [Mutex<Option<Shared>>; 2] = [const { Mutex::new(None) }; 2];

/// Trainings by each way from each seed, way by way, of which those that another row needed are taken from there; and the pictures.
pub(super) fn trained(
    context: &Context,
    ways: &[Way],
    seeds: usize,
) -> Result<(Arc<Pictures>, ByWay)> {
    let mut shared = SHARED[context.pick(0, 1)].lock().unwrap_or_else(|broken| broken.into_inner());
    if shared.is_none() {
        *shared =
            Some(Shared { pictures: Arc::new(Pictures::new(context)?), trained: BTreeMap::new() });
    }
    let shared = shared.as_mut().expect("it was just made");
    let wanted = ways.iter().flat_map(|&way| (0..seeds as u64).map(move |seed| (way, seed)));
    let wanted: Vec<(Way, u64)> = wanted.collect();
    let missing: Vec<(Way, u64)> =
        wanted.iter().copied().filter(|key| !shared.trained.contains_key(key)).collect();
    context.progress.set_length(missing.len() as u64);
    let new = side_by_side(&missing, |&(way, seed)| {
        let trained = train(context, &shared.pictures, way, seed)?;
        context.progress.inc(1);
        Ok(Arc::new(trained))
    })?;
    shared.trained.extend(missing.into_iter().zip(new));
    let all: Vec<Arc<Trained>> = wanted.iter().map(|key| shared.trained[key].clone()).collect();
    let by_way = all.chunks(seeds).map(<[_]>::to_vec).collect();
    Ok((shared.pictures.clone(), by_way))
}

/// How many trainings a row looks at.
pub(super) fn seeds(context: &Context) -> usize {
    context.seeds(2, 10)
}

/// The configuration of a way, and the number of steps. Networks are of half width.
pub(super) fn config(context: &Context, pictures: &Pictures, way: Way) -> (TrainConfig, u64) {
    let steps = context.pick(800, 2_000);
    let ours = TrainConfig::default().for_steps(steps);
    let config = match way {
        Way::Ours(experts) => TrainConfig { experts, ..ours },
        Way::Paper => TrainConfig::paper(),
        Way::Random => TrainConfig { rule: Rule::Random, opening: None, ..ours },
        Way::Oracle => ours,
        Way::Single(_) => TrainConfig { experts: 1, ..ours },
    };
    let side = 8 * pictures.shift;
    let mut config = config.half().for_images([side, side, 1]);
    if let Way::Single(times) = way {
        config.expert.width *= times;
    }
    (config, steps)
}

/// Steps between two looks at who wins.
const EVERY: u64 = 25;
/// Pictures of the bank for such a look.
const LOOK: usize = 200;

fn train(context: &Context, pictures: &Pictures, way: Way, seed: u64) -> Result<Trained> {
    let (config, steps) = config(context, pictures, way);
    let mechanisms = Mechanism::ten(pictures.shift);
    let (data, hidden) =
        Unpaired::split(&pictures.train.0, &mechanisms, &mut Rng::new(seed).split())?;
    let (bank, truth, _) = &pictures.digits;
    let look = bank.slice(0, ..LOOK);
    let mut trainer = Trainer::<f32>::new(&config.check()?, &data, seed)?;
    let (mut purity, mut solved_at, mut film) = (vec![], None, vec![]);
    while trainer.steps() < steps {
        match way {
            Way::Oracle => trainer.step_decided(&data, |rows| {
                rows.iter().map(|&row| hidden.mechanism[row]).collect()
            })?,
            _ => trainer.step(&data)?,
        };
        let step = trainer.steps();
        if step.is_multiple_of(EVERY) {
            let model = trainer.judged();
            let restored = model.restore(&look)?;
            let winners: Vec<usize> = restored.experts.iter().map(|by| by[0]).collect();
            let wins = WinMatrix::count(
                &truth.mechanism[..LOOK],
                &winners,
                mechanisms.len(),
                model.experts.len(),
            );
            purity.push((step as f64, wins.purity()));
            if wins.is_solved() && solved_at.is_none() {
                solved_at = Some(step);
            }
            // Six times, the last time in the end.
            if step * 6 / steps > (step - EVERY) * 6 / steps {
                let one = |i: isize| shades(restored.images.index(0, i).data());
                film.push((step, (0..mechanisms.len() as isize).map(one).collect()));
            }
        }
    }
    let model = trainer.judged();
    let found = evaluate(&model, bank, truth)?;
    Ok(Trained { model, found, purity, solved_at, film })
}

/// Pixels on [0, 1] as shades.
pub(super) fn shades(pixels: &[f32]) -> Vec<u8> {
    pixels.iter().map(|&x| (255.0 * x.clamp(0.0, 1.0)).round() as u8).collect()
}

/// Who wins what, as a picture.
pub(super) fn win_matrix(title: &str, wins: &WinMatrix, names: &[String]) -> Figure {
    let experts: Vec<String> = (0..wins.shares()[0].len()).map(|j| j.to_string()).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let experts: Vec<&str> = experts.iter().map(String::as_str).collect();
    Figure::heatmap(title, &names, &experts, wins.shares().concat())
}

/// A grid of square pictures, a column a mechanism.
pub(super) fn sheet(title: &str, caption: &str, rows: &[Vec<Vec<u8>>], names: &[String]) -> Figure {
    let image = |(m, pixels): (usize, &Vec<u8>)| {
        let side = pixels.len().isqrt();
        Image::grey(side, side, pixels.clone(), names.get(m).map_or("", |name| name))
    };
    let images = rows.iter().flat_map(|row| row.iter().enumerate().map(image)).collect();
    Figure::images(title, caption, rows[0].len(), images)
}
