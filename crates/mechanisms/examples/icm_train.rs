//! Trains experts until each undoes one of ten mechanisms, prints who wins what as it goes, and can be stopped and started again:
//! `cargo run --release -p seedbed-mechanisms --example icm_train -- --dir runs/icm --seed 0`
//!
//! The directory gets `training.safetensors` (to go on from) and `experts.safetensors` (to restore images with).

use std::fs;
use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Context as _, Result};
use clap::Parser;
use seedbed_autodiff::{Rng, Tensor};
use seedbed_data::{ImageSet, mnist};
use seedbed_mechanisms::evaluate::evaluate;
use seedbed_mechanisms::mechanism::Mechanism;
use seedbed_mechanisms::samples::{Unpaired, transform};
use seedbed_mechanisms::train::{TrainConfig, Trainer};
use seedbed_nn::Config as _;
use serde_json::Value;

/// Experts compete for digits that something was done to.
#[derive(Parser)]
struct Arguments {
    /// Where the files go; without it nothing is written.
    #[arg(long)]
    dir: Option<PathBuf>,
    /// The seed of weights, batches and noise.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Steps in all.
    #[arg(long, default_value_t = 1000)]
    steps: u64,
    /// Steps between two evaluations.
    #[arg(long, default_value_t = 100)]
    every: u64,
    /// Pixels of a side.
    #[arg(long, default_value_t = 16)]
    side: usize,
    /// Pixels of a shift.
    #[arg(long, default_value_t = 2)]
    shift: usize,
    /// Begins with the paper's settings in the place of ours.
    #[arg(long)]
    paper: bool,
    /// Networks of full width; else half.
    #[arg(long)]
    full_width: bool,
    /// A setting of the configuration, as `name=value` with the value in JSON: `r1=1`, `expert_adam.lr=0.001`, `rule={"kind":"argmax"}`.
    #[arg(long)]
    set: Vec<String>,
}

/// Images of the bank that experts are evaluated on.
const BANK: usize = 500;

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let digits = mnist::embedded();
    let mechanisms = Mechanism::ten(arguments.shift);
    let rng = &mut Rng::new(arguments.seed);
    let (data, _) = Unpaired::split(&of_side(&digits.train, arguments.side), &mechanisms, rng)?;
    let test = of_side(&digits.test, arguments.side).slice(0, ..BANK);
    let (bank, truth) = transform(&test, &mechanisms, rng)?;

    let config = if arguments.paper { TrainConfig::paper() } else { TrainConfig::default() };
    let config = if arguments.full_width { config } else { config.half() };
    let config = changed(config.for_images(data.image_shape()), &arguments.set)?.check()?;
    let mut trainer = Trainer::<f32>::new(&config, &data, arguments.seed)?;
    let saved = arguments.dir.as_ref().map(|dir| dir.join("training.safetensors"));
    if let Some(file) = saved.as_ref().filter(|file| file.exists()) {
        trainer.load(file)?;
    }
    let rows: Vec<usize> = (0..digits.train.len()).collect();
    let known = Known {
        images: flat(&digits.train.resized([arguments.side; 2]).tensor(&rows)),
        labels: digits.train.labels(),
        wanted: &digits.test.labels()[..BANK],
    };
    let clean = read(&known, &truth.clean);
    let started = Instant::now();
    while trainer.steps() < arguments.steps {
        let report = trainer.step(&data)?;
        if !report.step.is_multiple_of(arguments.every) && report.step != arguments.steps {
            continue;
        }
        let model = trainer.judged();
        let found = evaluate(&model, &bank, &truth)?;
        let (purity, coverage) = (found.wins.purity(), found.wins.coverage());
        let read = read(&known, &model.restore(&bank)?.images);
        println!(
            "step {:5}  purity {purity:.3}  coverage {coverage}  solved {}  error {:.4}  read {read:.1} % of {clean:.1} %  losses {:.3} {:.3}  {:.0} s",
            report.step,
            found.wins.is_solved(),
            found.errors.mean(),
            report.expert_loss,
            report.discriminator_loss,
            started.elapsed().as_secs_f64()
        );
        for (m, row) in found.wins.shares().iter().enumerate() {
            let shares: Vec<String> =
                row.iter().map(|share| format!("{:3.0}", 100.0 * share)).collect();
            let (error, before) = (found.errors.restored[m], found.errors.untouched[m]);
            let name = &truth.names[m];
            println!("    {name:>16} {}   {error:.4} of {before:.4}", shares.join(" "));
        }
        if let (Some(dir), Some(file)) = (&arguments.dir, &saved) {
            fs::create_dir_all(dir).with_context(|| format!("cannot make {}", dir.display()))?;
            trainer.save(file)?;
            model.save(&config, &dir.join("experts.safetensors"))?;
        }
    }
    Ok(())
}

/// Digits whose classes are known, and the classes of the bank.
struct Known<'a> {
    images: Tensor,
    labels: &'a [usize],
    wanted: &'a [usize],
}

/// `[n, pixels]`.
fn flat(images: &Tensor) -> Tensor {
    let n = images.shape()[0];
    images.reshape(&[n, images.len() / n])
}

/// How many percent of images have the class of the known digit that is nearest to them: a classifier that never saw a mechanism.
fn read(known: &Known, images: &Tensor) -> f64 {
    // ‖a − b‖² = ‖a‖² + ‖b‖² − 2 a·b, and ‖a‖² is the same for all b.
    let distances = known.images.square().sum(1) - flat(images).matmul_nt(&known.images) * 2.0;
    let nearest = distances.argmin(-1);
    let right = nearest.iter().zip(known.wanted).filter(|&(&i, &class)| known.labels[i] == class);
    100.0 * right.count() as f64 / known.wanted.len() as f64
}

/// All images of a set, `[n, side, side, 1]`.
fn of_side(set: &ImageSet, side: usize) -> Tensor {
    set.resized([side; 2]).tensor(&(0..set.len()).collect::<Vec<_>>())
}

/// The configuration with some settings changed.
fn changed(config: TrainConfig, settings: &[String]) -> Result<TrainConfig> {
    let mut config = serde_json::to_value(config)?;
    for setting in settings {
        let (name, value) = setting.split_once('=').context("a setting is name=value")?;
        let pointer = format!("/{}", name.replace('.', "/"));
        let place =
            config.pointer_mut(&pointer).with_context(|| format!("there is no setting {name}"))?;
        *place = serde_json::from_str::<Value>(value)
            .with_context(|| format!("{name}: {value:?} is no JSON"))?;
    }
    Ok(serde_json::from_value(config)?)
}
