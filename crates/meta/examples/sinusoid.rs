//! Learns to adapt to sinusoids from ten points (MAML), and says how well:
//! `cargo run --release -p seedbed-meta --example sinusoid`

use std::time::Instant;

use clap::Parser;
use seedbed_autodiff::Rng;
use seedbed_meta::bilevel::Hypergradient;
use seedbed_meta::fewshot::{SineInit, SineTrainer, SineTraining};
use seedbed_nn::Config as _;

/// Learns to adapt to sinusoids from ten points.
#[derive(Parser)]
struct Arguments {
    /// Steps of the outer optimiser.
    #[arg(long, default_value_t = 32_000)]
    steps: u64,
    /// The seed of network and tasks.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// The outer learning rate, which falls to 0 along half a cosine.
    #[arg(long, default_value_t = 4e-3)]
    rate: f64,
    /// Leaves second derivatives out (FOMAML).
    #[arg(long)]
    first_order: bool,
    /// Draws the network as the authors' code does.
    #[arg(long)]
    narrow: bool,
}

fn main() -> anyhow::Result<()> {
    let Arguments { steps, seed, rate, first_order, narrow } = Arguments::parse();
    let init = if narrow { SineInit::Narrow } else { SineInit::Wide };
    let hypergradient = if first_order { Hypergradient::FirstOrder } else { Hypergradient::Nested };
    let config = SineTraining { init, steps, rate, hypergradient, ..Default::default() }.check()?;
    let mut trainer = SineTrainer::new(&config, seed);
    let start = Instant::now();
    for step in 1..=steps {
        let loss = trainer.step();
        if step % 2000 == 0 {
            println!("step {step:6}: loss after adaptation {loss:.3}");
        }
    }
    println!("{:.1} s", start.elapsed().as_secs_f64());
    let steps = [0, 1, 5, 10];
    let errors = trainer.errors(1000, &steps, &mut Rng::numbered(seed, 1));
    for (steps, error) in steps.iter().zip(errors) {
        println!("error after {steps:2} steps: {error:.3}");
    }
    Ok(())
}
