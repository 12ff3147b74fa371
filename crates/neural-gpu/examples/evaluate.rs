//! Says how many sequences a trained network gets right, by length and by kind of operands:
//! `cargo run --release -p seedbed-neural-gpu --example evaluate -- best.safetensors add --lengths 41,101,401 --examples 64`

use std::path::PathBuf;

use anyhow::{Result, ensure};
use clap::Parser;
use seedbed_autodiff::Rng;
use seedbed_data::strings::{Arithmetic, Operands, Operation, StringTask as _};
use seedbed_neural_gpu::DiagonalGpu;
use seedbed_neural_gpu::evaluate::share_exact;
use serde_json::Value;

/// Says how many sequences a trained network gets right.
#[derive(Parser)]
struct Arguments {
    /// The network.
    file: PathBuf,
    /// What it does: add, multiply or subtract.
    #[arg(value_parser = operation)]
    operation: Operation,
    /// The lengths of the strings.
    #[arg(long, value_delimiter = ',', default_value = "41,101,401")]
    lengths: Vec<usize>,
    /// Examples of each kind and length.
    #[arg(long, default_value_t = 64)]
    examples: usize,
    /// The seed of the examples.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Does not round states, however the network is meant to be used.
    #[arg(long)]
    unrounded: bool,
}

fn operation(name: &str) -> Result<Operation, String> {
    serde_json::from_value(Value::String(name.into())).map_err(|e| e.to_string())
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let (model, config) = DiagonalGpu::<f32>::load(&arguments.file)?;
    let task = Arithmetic::binary(arguments.operation);
    ensure!(
        task.symbols() == [config.input_symbols, config.target_symbols],
        "the network has other symbols than binary numbers"
    );
    let rounded = config.rounded && !arguments.unrounded;
    let mut rng = Rng::new(arguments.seed);
    print!("{:10}", "");
    arguments.lengths.iter().for_each(|length| print!("{length:>8}"));
    println!();
    for kind in [Operands::Uniform].into_iter().chain(Operands::TOUGH) {
        print!("{:10}", format!("{kind:?}"));
        for &length in &arguments.lengths {
            let sample = |_| task.sample_of(kind, length, &mut rng);
            let examples: Vec<_> = (0..arguments.examples).map(sample).collect();
            print!("{:8.3}", share_exact(&model, &examples, rounded));
        }
        println!();
    }
    Ok(())
}
