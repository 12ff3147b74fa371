//! Proves that a network adds aligned binary numbers of every length, or says why not; then adds numbers of a million bits:
//! `cargo run --release -p seedbed-neural-gpu --example certify -- best.safetensors certificate.json`

use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Result, ensure};
use seedbed_autodiff::Rng;
use seedbed_data::strings::{Arithmetic, Layout, Operands, Operation};
use seedbed_neural_gpu::DiagonalGpu;
use seedbed_neural_gpu::automaton::{Automaton, Halt};
use seedbed_neural_gpu::certificate::certify_addition;

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1).map(PathBuf::from);
    let (Some(network), certificate) = (arguments.next(), arguments.next()) else {
        anyhow::bail!("usage: certify NETWORK [CERTIFICATE]")
    };
    let (model, _) = DiagonalGpu::<f32>::load(&network)?;
    let task = Arithmetic { operation: Operation::Add, base: 2, layout: Layout::Aligned };
    let started = Instant::now();
    let proof = certify_addition(&model, &task)?;
    println!(
        "certified for every length in {:.1?}: {} states, {} rules, margin {:.3}, c = {}, {} places visited",
        started.elapsed(),
        proof.states.len(),
        proof.rules.len(),
        proof.margin,
        proof.settles_within,
        proof.visited
    );
    if let Some(file) = certificate {
        std::fs::write(file, serde_json::to_vec_pretty(&proof)?)?;
    }
    let (mut automaton, mut rng) = (Automaton::new(&model)?, Rng::new(0));
    for bits in [100_000, 1_000_000] {
        for kind in [Operands::Uniform, Operands::Propagate, Operands::Greatest] {
            let example = task.sample_of(kind, bits + 1, &mut rng);
            let bound = (proof.settles_within + 1) * example.len();
            let started = Instant::now();
            let run = automaton.run(&example.input, Halt::WhenSettled { bound })?;
            ensure!(run.answer == example.target, "{bits} bits, {kind:?}: wrong");
            println!(
                "{bits} bits, {kind:?}: right, {} steps, {:.1} visits a cell, {:.2?}",
                run.steps,
                run.visits as f64 / example.len() as f64,
                started.elapsed()
            );
        }
    }
    Ok(())
}
