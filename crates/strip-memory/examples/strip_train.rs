//! Trains a strip machine: `cargo run --release -p seedbed-strip-memory --example strip_train -- kv-add --seed 0 --dir runs/kv-add-0`

use std::fs;
use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Context as _, Result};
use clap::Parser;
use seedbed_autodiff::Rng;
use seedbed_data::programs::{ProgramSize, ProgramTask};
use seedbed_nn::Config as _;
use seedbed_strip_memory::train::{Recipe, Trainer};
use seedbed_strip_memory::{Choosing, StripConfig, addressing, evaluate};

/// Trains a machine whose memory keeps whole tapes, until it answers programs exactly.
#[derive(Parser)]
struct Arguments {
    /// What to learn: kv-add, registers, chase or ledger.
    task: String,
    /// The seed of weights, programs and noise.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Where the checkpoint goes, and from where a training goes on.
    #[arg(long)]
    dir: PathBuf,
    /// Settings of the recipe in JSON, such as '{"steps": 2000}'.
    #[arg(long, default_value = "{}")]
    recipe: String,
    /// Settings of the machine in JSON, such as '{"maps": 32}'.
    #[arg(long, default_value = "{}")]
    machine: String,
    /// Tries the trained machine on programs of so many items, operations and digits, any number of times.
    #[arg(long, value_name = "ITEMS,OPERATIONS,DIGITS")]
    test: Vec<String>,
}

/// What is given changes what is there.
fn merged<T: serde::Serialize + serde::de::DeserializeOwned>(of: &T, change: &str) -> Result<T> {
    let mut value = serde_json::to_value(of)?;
    let change: serde_json::Map<String, serde_json::Value> = serde_json::from_str(change)?;
    value.as_object_mut().context("settings are an object")?.extend(change);
    Ok(serde_json::from_value(value)?)
}

fn main() -> Result<()> {
    let a = Arguments::parse();
    let task = ProgramTask::ALL.into_iter().find(|task| task.name() == a.task);
    let task = task.with_context(|| {
        format!("there is no task {:?}: kv-add, registers, chase and ledger are there", a.task)
    })?;
    let operations = task.operations().len();
    let config = merged(&StripConfig { operations, ..Default::default() }, &a.machine)?.check()?;
    let recipe = merged(&Recipe::of(task), &a.recipe)?.check()?;
    let steps = recipe.steps;
    let mut trainer = Trainer::new(config, recipe, task, a.seed)?;
    fs::create_dir_all(&a.dir)?;
    let file = a.dir.join("training.safetensors");
    if file.exists() {
        trainer.load(&file)?;
        println!("goes on after step {}", trainer.progress().step);
    }
    let begun = Instant::now();
    while trainer.progress().step < steps {
        if let Some([last, average]) = trainer.step()? {
            let p = trainer.progress();
            println!(
                "step {:5}, {:4.0} s: loss {:.4}, error {:.3} at {:?}, ramp {:.2}; exact {last:.3}, average {average:.3}",
                p.step,
                begun.elapsed().as_secs_f64(),
                p.loss,
                p.error,
                (p.size.items, p.size.operations, p.size.digits),
                p.ramp
            );
            trainer.save(&file)?;
        }
    }
    trainer.best().save(&a.dir.join("machine.safetensors"))?;
    for test in &a.test {
        let numbers: Vec<usize> = test.split(',').map(str::parse).collect::<Result<_, _>>()?;
        let [items, operations, digits] = numbers[..] else {
            anyhow::bail!("{test:?} should be three numbers: items, operations, digits")
        };
        let size = ProgramSize { items, operations, digits };
        // The same weights with the right addresses handed over: what is wrong then is wrong arithmetic.
        let mut given = trainer.best().clone();
        given.config.choosing = Choosing::Given;
        for tough in [0.0, 1.0] {
            let share = |machine| {
                let rng = &mut Rng::new(a.seed + 1_000_000);
                evaluate(machine, task, size, tough, 64, rng)
            };
            let (exact, given) = (share(trainer.best())?, share(&given)?);
            let programs: Vec<_> = (0..32)
                .map(|i| task.sample(size, tough, &mut Rng::new(a.seed + 2_000_000 + i)))
                .collect::<Result<_, _>>()?;
            let slots = programs.iter().map(|p| p.slots()).max().unwrap_or(0);
            let heads =
                addressing(trainer.best(), &programs, slots.max(trainer.best().config.slots))?;
            println!("{heads:?}");
            println!(
                "{test}, tough {tough}: {exact:.3} of 64 exact, with the right addresses {given:.3}"
            );
        }
    }
    Ok(())
}
