//! The trainer on real digits: everything that a long run needs, in some seconds.
//!
//! `cargo run --release -p seedbed --features cli,mnist --example 09_trainer -- --help`

use std::error::Error;
use std::path::Path;
use std::process::ExitCode;

use seedbed::Feed;
use seedbed::data::{Batches, ImageSet, Normalize, mnist, stratified_split};
use seedbed::nn::checkpoint::Checkpoint;
use seedbed::nn::ema::EmaConfig;
use seedbed::nn::loss::accuracy;
use seedbed::nn::optim::{AdamW, AdamWConfig, ParamGroup, PerParam};
use seedbed::nn::schedule::Schedule;
use seedbed::nn::train::{Loss, Metrics, Monitor, Stopped, TrainConfig, Trainer, report};
use seedbed::nn::{BatchNorm, Config, Conv2d, Goal, Linear};
use seedbed::prelude::*;

const HELP: &str = "\
Trains a small convolutional network on handwritten digits.

09_trainer [FOLDER]             trains in this folder, or goes on with the run that is there;
                                without one, in a temporary folder that is removed at the end
09_trainer --freeze PATH FOLDER does not train the parameters of this path (conv1.*, for example)
09_trainer --predict FOLDER     reads the best model of a run and classifies digits
";

// ANCHOR: model
#[derive(Clone, Debug)]
struct Network {
    conv1: Conv2d,
    norm: BatchNorm,
    conv2: Conv2d,
    head: Linear,
}
module!(Network: f32 { conv1, norm, conv2, head });

impl Network {
    fn new(rng: &mut Rng) -> Self {
        Self {
            conv1: Conv2d::same(1, 8, [3, 3], rng),
            norm: BatchNorm::new(8),
            conv2: Conv2d::same(8, 16, [3, 3], rng),
            head: Linear::new(7 * 7 * 16, 10, rng),
        }
    }

    /// What follows the normalisation.
    fn rest(&self, x: &Tensor) -> Tensor {
        let halve = |x: &Tensor| x.relu().max_pool2d([2, 2], [2, 2], [0, 0]);
        let x = halve(&self.conv2.forward(&halve(x)));
        self.head.forward(&x.reshape(&[x.shape()[0], 7 * 7 * 16]))
    }

    fn logits(&self, images: &Tensor) -> Tensor {
        self.rest(&self.norm.forward(&self.conv1.forward(images)))
    }
}
// ANCHOR_END: model

// ANCHOR: loss
/// The loss of a batch, its accuracy, and the network with new running statistics.
fn loss(network: &Network, images: &Tensor, labels: &[usize]) -> Loss<f32, Network> {
    let (x, statistics) = network.norm.forward_train(&network.conv1.forward(images));
    let logits = network.rest(&x);
    let mut network = network.clone();
    network.norm.update(&statistics);
    Loss {
        loss: logits.cross_entropy(labels),
        metrics: Metrics::new().with("accuracy", accuracy(&logits, labels)),
        model: Some(network),
    }
}
// ANCHOR_END: loss

// ANCHOR: validate
fn validate(network: &Network, set: &ImageSet) -> Metrics {
    let rows: Vec<usize> = (0..set.len()).collect();
    let logits = network.logits(&images(set, &rows));
    Metrics::new()
        .with("loss", logits.cross_entropy(set.labels()).item().into())
        .with("accuracy", accuracy(&logits, set.labels()))
}
// ANCHOR_END: validate

fn images(set: &ImageSet, rows: &[usize]) -> Tensor {
    set.tensor_with(rows, &Normalize::mnist())
}

// ANCHOR: settings
const STEPS: u64 = 300;

fn settings(folder: &Path) -> TrainConfig {
    TrainConfig {
        steps: STEPS,
        dir: Some(folder.into()), // metrics.jsonl, checkpoints, best.safetensors
        schedule: Schedule::cosine(STEPS).warm_up(20),
        clip_norm: Some(1.0),
        ema: Some(EmaConfig { decay: 0.98, warm_up: true }), // this average is what is validated
        validate_every: 50,
        checkpoint_every: 100,
        monitor: Some(Monitor {
            metric: "accuracy".into(),
            goal: Goal::Max,
            patience: Some(3), // an early stop: after three validations without anything better
            ..Default::default()
        }),
        progress: true,     // a bar
        catch_ctrl_c: true, // Ctrl-C saves a checkpoint and stops
        ..Default::default()
    }
}
// ANCHOR_END: settings

// ANCHOR: groups
/// Vectors (biases, gains) have no weight decay; what the user names is not trained.
fn optimizer(network: &Network, frozen: Option<String>) -> Result<AdamW<Network>, Box<dyn Error>> {
    let vectors = ParamGroup { max_ndim: Some(1), weight_decay: Some(0.0), ..Default::default() };
    let frozen = frozen.map(|path| ParamGroup { path, frozen: Some(true), ..Default::default() });
    let groups: Vec<ParamGroup> = [vectors].into_iter().chain(frozen).collect();
    let config = AdamWConfig { lr: 3e-3, ..Default::default() }.check()?;
    Ok(AdamW::new(network, config).with_options(PerParam::from_groups(network, &groups)?))
}
// ANCHOR_END: groups

// ANCHOR: train
fn train(folder: &Path, frozen: Option<String>) -> Result<Stopped, Box<dyn Error>> {
    let mut rng = Rng::new(0);
    let digits = mnist::embedded().train;
    let parts = stratified_split(digits.labels(), &[0.9, 0.1], &mut rng)?;
    let [learn, held_out] = [&parts[0], &parts[1]].map(|rows| digits.select(rows));

    let network = Network::new(&mut rng);
    let optimizer = optimizer(&network, frozen)?;
    let mut batches = Feed(Batches::new(learn.len(), 64, rng.split())?);
    let mut trainer = Trainer::new(network, optimizer, rng, settings(folder).check()?);
    if let Some(step) = trainer.resume(&mut batches)? {
        println!("going on from step {step}");
    }
    let ended = trainer.fit(
        &mut batches,
        |network, rows, _rng| loss(network, &images(&learn, rows), &learn.labels_of(rows)),
        |network| validate(network, &held_out),
    )?;
    println!("curves: {}", report(folder)?.display());
    if let Some(best) = ended.best {
        println!("best on held-out digits: {:.1} %, at step {}", 100.0 * best.value, best.step);
    }
    Ok(ended.stopped)
}
// ANCHOR_END: train

// ANCHOR: predict
fn predict(folder: &Path) -> Result<(), Box<dyn Error>> {
    let checkpoint = Checkpoint::read(folder.join("best.safetensors"))?;
    // The second argument says what to expect: names and shapes. "model" instead of "ema" where there is no average.
    let network = checkpoint.module("ema", &Network::new(&mut Rng::new(0)))?;

    let digits = mnist::embedded().test;
    println!("{} unseen digits: {}", digits.len(), validate(&network, &digits));
    let rows: Vec<usize> = (0..10).collect();
    println!("the first ten are read as {}", network.logits(&images(&digits, &rows)).argmax(-1));
    println!("and their labels are      {:?}", digits.labels_of(&rows));
    Ok(())
}
// ANCHOR_END: predict

fn run(arguments: &[&str]) -> Result<(), Box<dyn Error>> {
    match arguments {
        ["--help" | "-h"] => print!("{HELP}"),
        ["--predict", folder] => predict(Path::new(folder))?,
        ["--freeze", path, folder] => {
            train(Path::new(folder), Some((*path).to_owned()))?;
        }
        [folder] if !folder.starts_with('-') => {
            train(Path::new(folder), None)?;
        }
        [] => {
            let folder =
                std::env::temp_dir().join(format!("seedbed-trainer-{}", std::process::id()));
            // After Ctrl-C the folder stays: there is a checkpoint in it.
            if train(&folder, None)? != Stopped::Interrupted {
                predict(&folder)?;
                std::fs::remove_dir_all(&folder)?;
            }
        }
        _ => return Err(format!("these arguments make no sense: {arguments:?}\n\n{HELP}").into()),
    }
    Ok(())
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("09_trainer: {error}");
            ExitCode::FAILURE
        }
    }
}
