//! Trains ten experts on ten mechanisms over the embedded digits, and prints how they share them:
//! `cargo run --release -p seedbed-mechanisms --example icm_train -- --seed 0 --steps 800`
//!
//! Settings are those of `TrainConfig`, as JSON: `--settings '{"r1": 1.0, "rule": "Argmax"}'`; what is not named stays as it is.

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

/// Trains experts on mechanisms over the embedded digits.
#[derive(Parser)]
struct Arguments {
    /// The seed of data, networks and batches.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Steps of the competition.
    #[arg(long, default_value_t = 800)]
    steps: u64,
    /// Steps between two evaluations.
    #[arg(long, default_value_t = 100)]
    every: u64,
    /// The images' sides.
    #[arg(long, default_value_t = 16)]
    side: usize,
    /// How far translations go.
    #[arg(long, default_value_t = 2)]
    pixels: usize,
    /// The paper's algorithm in the place of ours.
    #[arg(long)]
    paper: bool,
    /// Settings that differ, as JSON.
    #[arg(long, default_value = "{}")]
    settings: String,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let usual = match arguments.paper {
        true => TrainConfig::paper(),
        false => TrainConfig::default().for_steps(arguments.steps),
    };
    let mut settings =
        serde_json::to_value(usual.half().for_images([arguments.side, arguments.side, 1]))?;
    let changed: Value = serde_json::from_str(&arguments.settings).context("--settings")?;
    merge(&mut settings, changed);
    let config = serde_json::from_value::<TrainConfig>(settings).context("--settings")?.check()?;

    let digits = mnist::embedded();
    let small = |set: &ImageSet| -> Tensor {
        set.resized([arguments.side; 2]).tensor(&(0..set.len()).collect::<Vec<_>>())
    };
    let (train, test) = (small(&digits.train), small(&digits.test));
    let mechanisms = Mechanism::ten(arguments.pixels);
    let rng = &mut Rng::new(arguments.seed);
    let (data, _) = Unpaired::split(&train, &mechanisms, rng)?;
    let (transformed, truth) = transform(&test.slice(0, 0..500), &mechanisms, rng)?;
    let mut trainer = Trainer::new(&config, &data, arguments.seed)?;
    let start = Instant::now();
    for step in 1..=arguments.steps {
        if let Some([to, from]) = trainer.step(&data)?.revived {
            println!("{step:5}: expert {to} takes over from expert {from}");
        }
        if step % arguments.every == 0 {
            let found = evaluate(&trainer.model, &transformed, &truth)?;
            println!(
                "{step:5}: {:2} of {} experts own mechanisms, purity {:.3}{}, error {:.4}, {:.0} s",
                found.wins.coverage(),
                config.experts,
                found.wins.purity(),
                if found.wins.is_solved() { " (solved)" } else { "" },
                found.errors.mean(),
                start.elapsed().as_secs_f64(),
            );
        }
    }
    Ok(())
}

/// Puts the fields of one JSON object into another, objects within objects too.
fn merge(into: &mut Value, from: Value) {
    match (into, from) {
        (Value::Object(into), Value::Object(from)) => {
            for (key, value) in from {
                merge(into.entry(key).or_insert(Value::Null), value);
            }
        }
        (into, from) => *into = from,
    }
}
