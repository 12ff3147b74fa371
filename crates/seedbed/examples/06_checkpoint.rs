//! Stop, go on, and get the same bits as if nothing had happened.

// ANCHOR: all
use seedbed::autodiff::Activation;
use seedbed::nn::checkpoint::{Checkpoint, Writer};
use seedbed::nn::optim::{AdamW, AdamWConfig};
use seedbed::nn::{Config, Mlp};
use seedbed::prelude::*;

/// One step on a random batch; everything that it depends on is an argument.
fn step(model: &mut Mlp, optimizer: &mut AdamW<Mlp>, rng: &mut Rng) {
    let x = Tensor::uniform(&[16, 2], -1.0, 1.0, rng);
    let y = (&x * &x).sum_keepdim(-1);
    let (_, gradient) = value_and_grad(model, |m| (m.forward(&x) - &y).square().mean(..));
    optimizer.step(model, &gradient);
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut rng = Rng::new(0);
    let mut model = Mlp::new(&[2, 32, 1], Activation::Tanh, &mut rng);
    let mut optimizer = AdamW::new(&model, AdamWConfig::default().check()?);
    for _ in 0..50 {
        step(&mut model, &mut optimizer, &mut rng);
    }

    let file = std::env::temp_dir().join(format!("seedbed-{}.safetensors", std::process::id()));
    let mut writer = Writer::new();
    writer.module("model", &model).optimizer(&optimizer).rng("rng", &rng);
    writer.write(&file)?;

    // Another process would begin here.
    let checkpoint = Checkpoint::read(&file)?;
    let mut resumed = checkpoint.module("model", &model)?;
    let mut its_optimizer = AdamW::new(&resumed, AdamWConfig::default().check()?);
    checkpoint.load_optimizer(&mut its_optimizer)?;
    let mut its_rng = checkpoint.rng("rng")?;

    for _ in 0..50 {
        step(&mut model, &mut optimizer, &mut rng);
        step(&mut resumed, &mut its_optimizer, &mut its_rng);
    }
    assert_eq!(model.params(), resumed.params());
    println!("resumed and uninterrupted training agree in every bit");
    std::fs::remove_file(&file)?;
    Ok(())
}
// ANCHOR_END: all
