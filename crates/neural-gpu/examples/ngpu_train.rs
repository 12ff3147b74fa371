//! Trains a network on binary addition or multiplication until it is exact, and can be stopped and started again at any time:
//! `cargo run --release -p seedbed-neural-gpu --example ngpu_train -- add --seed 0 --dir runs/add-0`
//!
//! With `--original` it is Kaiser and Sutskever's network, in their way. The directory gets `log.jsonl`, `training.safetensors` (to go on from) and `best.safetensors` (the network that was validated best).

use std::fs;
use std::io::Write as _;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use clap::Parser;
use seedbed_data::strings::{Arithmetic, Layout, Operation, StringTask as _};
use seedbed_neural_gpu::train::{Recipe, RelaxedRecipe, RelaxedTrainer, Trainer};
use seedbed_neural_gpu::{DiagonalConfig, Moving, NeuralGpuConfig, Reach};
use seedbed_nn::Config as _;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// Trains a Neural GPU until it is exact.
#[derive(Parser)]
struct Arguments {
    /// What to learn: add, multiply or subtract.
    #[arg(value_parser = operation)]
    operation: Operation,
    /// The seed of weights, examples and noise.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Where the log and the checkpoints go.
    #[arg(long)]
    dir: PathBuf,
    /// Writes the two numbers one below the other, and lets cells see their left neighbour alone.
    #[arg(long)]
    aligned: bool,
    /// Trains the original network instead of the diagonal one, with a recipe of its own.
    #[arg(long, conflicts_with_all = ["aligned", "cycles"])]
    original: bool,
    /// Numbers in the state of a cell; 24 for addition and 96 for multiplication if not given, and 6 where numbers are aligned. For the original network those of a pixel: 24.
    #[arg(long)]
    maps: Option<usize>,
    /// A setting of the recipe in the place of the usual one, as `name=value`, any number of times.
    #[arg(long)]
    set: Vec<String>,
    /// Stops after so many minutes of this run.
    #[arg(long)]
    minutes: Option<f64>,
    /// Stops after so many cycles of one network, exact or not.
    #[arg(long, default_value_t = 100)]
    cycles: u64,
}

fn operation(name: &str) -> Result<Operation, String> {
    serde_json::from_value(Value::String(name.into())).map_err(|e| e.to_string())
}

/// Seconds between two checkpoints.
const SAVE_EVERY: Duration = Duration::from_secs(60);

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let layout = if arguments.aligned { Layout::Aligned } else { Layout::Unaligned };
    let task = Arithmetic { operation: arguments.operation, base: 2, layout };
    task.check()?;
    if arguments.original {
        return original(&arguments, task);
    }
    let maps = arguments.maps.unwrap_or(match (task.operation, layout) {
        (_, Layout::Aligned) => 6,
        (Operation::Multiply, _) => 96,
        _ => 24,
    });
    let (moving, reach) = match layout {
        Layout::Aligned => (Moving { right: maps / 3, left: 0 }, Reach::Left),
        Layout::Unaligned => (Moving::thirds(maps), Reach::Both),
    };
    let recipe = changed(Recipe::of(&task, maps), &arguments.set)?;
    let [input_symbols, target_symbols] = task.symbols();
    let config = DiagonalConfig {
        maps,
        moving,
        reach,
        input_symbols,
        target_symbols,
        rounded: recipe.rounded,
    };
    let stages = recipe.validation.len();
    let mut trainer = Trainer::new(config.check()?, recipe.clone().check()?, task, arguments.seed)?;

    let [training, best] = files(&arguments)?;
    if training.exists() {
        trainer.load(&training)?;
    }
    let mut log = Log::open(arguments.dir.join("log.jsonl"), trainer.progress().step)?;
    log.line(json!({ "step": trainer.progress().step, "recipe": recipe, "maps": maps, "seed": arguments.seed }))?;

    let started = Instant::now();
    let mut saved = Instant::now();
    loop {
        let event = trainer.step()?;
        let progress = trainer.progress();
        let exact = trainer.best().is_some_and(|(_, validated)| validated.is_exact(stages));
        if event.is_some() || progress.step.is_multiple_of(100) {
            let seconds = started.elapsed().as_secs_f64();
            log.line(json!({ "step": progress.step, "seconds": seconds, "progress": progress, "event": event }))?;
        }
        let late = arguments.minutes.is_some_and(|m| started.elapsed().as_secs_f64() > 60.0 * m);
        let done = exact || late || progress.cycles(&recipe) >= arguments.cycles;
        if done || saved.elapsed() > SAVE_EVERY {
            trainer.save(&training)?;
            trainer.save_best(&best)?;
            saved = Instant::now();
        }
        if done {
            println!("exact: {exact}, {:?}", trainer.best().map(|(_, validated)| validated));
            return Ok(());
        }
    }
}

/// The training of the original network.
fn original(arguments: &Arguments, task: Arithmetic) -> Result<()> {
    let recipe = changed(RelaxedRecipe::default(), &arguments.set)?;
    let [input_symbols, target_symbols] = task.symbols();
    let maps = arguments.maps.unwrap_or(24);
    let config = NeuralGpuConfig { maps, input_symbols, target_symbols, ..Default::default() };
    let stages = recipe.validation.len();
    let seed = arguments.seed;
    let mut trainer = RelaxedTrainer::new(config.check()?, recipe.clone().check()?, task, seed)?;
    let [training, best] = files(arguments)?;
    if training.exists() {
        trainer.load(&training)?;
    }
    let mut log = Log::open(arguments.dir.join("log.jsonl"), trainer.progress().step)?;
    log.line(
        json!({ "step": trainer.progress().step, "recipe": recipe, "maps": maps, "seed": seed }),
    )?;

    let (started, mut saved) = (Instant::now(), Instant::now());
    loop {
        let event = trainer.step()?;
        let progress = trainer.progress();
        let exact = trainer.best().is_some_and(|(_, validated)| validated.is_exact(stages));
        if event.is_some() || progress.step.is_multiple_of(recipe.every) {
            let seconds = started.elapsed().as_secs_f64();
            log.line(json!({ "step": progress.step, "seconds": seconds, "progress": progress, "event": event }))?;
        }
        let done =
            exact || arguments.minutes.is_some_and(|m| started.elapsed().as_secs_f64() > 60.0 * m);
        if done || saved.elapsed() > SAVE_EVERY {
            trainer.save(&training)?;
            trainer.save_best(&best)?;
            saved = Instant::now();
        }
        if done {
            println!("exact: {exact}, {:?}", trainer.best().map(|(_, validated)| validated));
            return Ok(());
        }
    }
}

/// The files of the training and of the best network, in a directory that is there.
fn files(arguments: &Arguments) -> Result<[PathBuf; 2]> {
    let dir = &arguments.dir;
    fs::create_dir_all(dir).with_context(|| format!("cannot make {}", dir.display()))?;
    Ok(["training", "best"].map(|name| dir.join(format!("{name}.safetensors"))))
}

/// The recipe with some settings changed.
fn changed<R: Serialize + DeserializeOwned>(recipe: R, settings: &[String]) -> Result<R> {
    let mut recipe = serde_json::to_value(recipe)?;
    for setting in settings {
        let (name, value) = setting.split_once('=').context("a setting is name=value")?;
        let place = recipe.get_mut(name).with_context(|| format!("there is no {name}"))?;
        *place = serde_json::from_str(value).with_context(|| format!("{name}: {value}"))?;
    }
    Ok(serde_json::from_value(recipe)?)
}

/// A log of one JSON object a line.
struct Log(fs::File);

impl Log {
    /// Without the lines of steps that will be made again.
    fn open(file: PathBuf, step: u64) -> Result<Self> {
        let before = fs::read_to_string(&file).unwrap_or_default();
        let of_step = |line: &str| {
            serde_json::from_str::<Value>(line).ok().and_then(|line| line.get("step")?.as_u64())
        };
        let kept = before.lines().filter(|line| of_step(line).is_some_and(|s| s <= step));
        let kept: String = kept.flat_map(|line| [line, "\n"]).collect();
        let mut out = fs::File::create(&file)?;
        out.write_all(kept.as_bytes())?;
        Ok(Self(out))
    }

    fn line(&mut self, line: Value) -> Result<()> {
        writeln!(self.0, "{line}")?;
        Ok(())
    }
}
