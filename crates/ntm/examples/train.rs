//! Trains the machines that are shipped under `models/`, and can be stopped and started again:
//! `cargo run --release -p seedbed-ntm --example train -- copy SEED FILE`, or `recall`.

use std::error::Error;
use std::path::Path;

use seedbed_autodiff::Rng;
use seedbed_data::tasks::{AssociativeRecall, Copy, SequenceTask};
use seedbed_nn::Config;
use seedbed_nn::optim::{AdamConfig, GravesRmsPropConfig, OptimizerConfig};
use seedbed_nn::schedule::Schedule;
use seedbed_ntm::train::{TrainingConfig, train};
use seedbed_ntm::{ControllerConfig, Ntm, NtmConfig};

/// How a task is learnt: found on other seeds.
struct Setting {
    task: Box<dyn SequenceTask>,
    controller: ControllerConfig,
    /// Rows of memory that the sequences fill, so that longer ones do not read what was never seen.
    slots: usize,
    similarity_eps: f64,
    sequences: u64,
    optimizer: OptimizerConfig,
    clip_norm: f64,
    head_noise: f64,
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [name, seed, file] = &arguments[..] else {
        return Err("usage: train copy|recall SEED FILE".into());
    };
    let setting = match name.as_str() {
        "copy" => Setting {
            task: Box::new(Copy::default()),
            controller: ControllerConfig::Lstm { hidden: 100, layers: 1 },
            slots: 24,
            similarity_eps: 1.0,
            sequences: 10_000,
            optimizer: OptimizerConfig::GravesRmsProp(GravesRmsPropConfig {
                lr: 3e-4,
                ..Default::default()
            }),
            clip_norm: 10.0,
            head_noise: 0.2,
        },
        "recall" => Setting {
            task: Box::new(AssociativeRecall::default()),
            controller: ControllerConfig::FeedForward { hidden: 100, layers: 1 },
            slots: 64,
            similarity_eps: 0.01,
            sequences: 25_000,
            optimizer: OptimizerConfig::Adam(AdamConfig { lr: 1e-3, ..Default::default() }),
            clip_norm: 1.0,
            head_noise: 0.05,
        },
        other => return Err(format!("{other:?} is no task here; copy and recall are").into()),
    };
    let Setting { task, controller, slots, similarity_eps, sequences, .. } = setting;
    let mut rng = Rng::new(seed.parse()?);
    let draws = rng.split();
    let [inputs, outputs] = task.channels();
    let config =
        NtmConfig { inputs, outputs, controller, slots, similarity_eps, ..Default::default() };
    let config = config.check()?;
    let training = TrainingConfig {
        sequences,
        optimizer: setting.optimizer,
        clip_norm: Some(setting.clip_norm),
        head_noise: setting.head_noise,
        schedule: Schedule::Cosine { steps: sequences, end: 0.01 },
        dir: Some(Path::new(file).with_extension(format!("{name}-{seed}.run"))),
        ..Default::default()
    };
    let trained = train(Ntm::new(&config, &mut rng), &*task, &training.check()?, draws)?;
    for point in &trained.curve {
        let cost = point.cost;
        println!(
            "{:6} sequences: {:8.4} bits, {:.4} wrong",
            point.sequences, cost.bits, cost.bit_error
        );
    }
    println!("solved at {:?}", trained.solved_at);
    trained.model.save(&config, Path::new(file))?;
    Ok(())
}
