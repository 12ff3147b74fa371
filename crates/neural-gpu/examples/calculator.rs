//! Adds numbers by a network that has learnt addition: `cargo run --release -p seedbed-neural-gpu --example calculator -- 123456789 + 987654321`
//!
//! Numbers may be powers, as in `2^2000 + 3`. The network computes in binary; its answer is checked against big integers, and both are printed when they differ.

use std::path::Path;

use anyhow::{Context as _, Result, bail};
use num_bigint::BigUint;
use seedbed_data::strings::{Arithmetic, Layout, Operation};
use seedbed_neural_gpu::DiagonalGpu;
use seedbed_neural_gpu::automaton::{Automaton, Halt};
use seedbed_neural_gpu::certificate::certify_addition;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [a, sign, b] = &arguments[..] else { bail!("usage: calculator NUMBER + NUMBER") };
    if sign != "+" {
        bail!("{sign} was not learnt; there is a network for + alone");
    }
    let (a, b) = (number(a)?, number(b)?);
    let digits = a.bits().max(b.bits()).max(1) as usize;
    let [a_digits, b_digits] = [&a, &b].map(|x| {
        let mut digits_of_x = x.to_radix_le(2);
        digits_of_x.resize(digits, 0);
        digits_of_x
    });

    let network = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/add-aligned.safetensors");
    let (model, _) = DiagonalGpu::<f32>::load(&network)?;
    let task = Arithmetic { operation: Operation::Add, base: 2, layout: Layout::Aligned };
    let certificate = certify_addition(&model, &task)?;
    let example = task.example(&a_digits, &b_digits)?;
    let bound = (certificate.settles_within + 1) * example.len();
    let run = Automaton::new(&model)?.run(&example.input, Halt::WhenSettled { bound })?;
    let answer =
        BigUint::from_radix_le(&run.answer, 2).context("the answer is no binary number")?;
    println!("{answer}");
    eprintln!(
        "{digits} bits, {} steps until nothing changed any more; proved right for every length ({} rules)",
        run.steps,
        certificate.rules.len()
    );
    if answer != &a + &b {
        println!("WRONG: by big-integer arithmetic it is {}", a + b);
        std::process::exit(1);
    }
    Ok(())
}

/// A number in decimal, or a power of two such.
fn number(text: &str) -> Result<BigUint> {
    let plain = |text: &str| -> Result<BigUint> {
        text.parse()
            .with_context(|| format!("{text:?} is no number: it should be like 12 or 2^100"))
    };
    match text.split_once('^') {
        Some((base, exponent)) => {
            let exponent: u32 =
                exponent.parse().with_context(|| format!("{exponent:?} is no exponent"))?;
            let base = plain(base)?;
            if base.bits().saturating_mul(exponent.into()) > 10_000_000 {
                bail!("{text} has more than ten million bits");
            }
            Ok(base.pow(exponent))
        }
        None => plain(text),
    }
}
