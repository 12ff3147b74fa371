//! A network on real handwritten digits, from the ten thousand that the data crate has inside.

// ANCHOR: all
use seedbed::autodiff::Activation;
use seedbed::data::{Batches, ImageSet, Normalize, mnist};
use seedbed::nn::optim::{AdamW, AdamWConfig};
use seedbed::nn::{Config, Mlp};
use seedbed::prelude::*;

fn pixels(set: &ImageSet, rows: &[usize]) -> Tensor {
    set.tensor_with(rows, &Normalize::mnist()).reshape(&[rows.len(), 784])
}

fn accuracy(model: &Mlp, set: &ImageSet) -> f64 {
    let rows: Vec<usize> = (0..set.len()).collect();
    let answers = model.forward(&pixels(set, &rows)).argmax(-1);
    let right = answers.iter().zip(set.labels()).filter(|(a, b)| a == b).count();
    right as f64 / set.len() as f64
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let digits = mnist::embedded();
    let mut rng = Rng::new(0);
    let mut model = Mlp::new(&[784, 128, 10], Activation::Relu, &mut rng);
    let mut optimizer = AdamW::new(&model, AdamWConfig::default().check()?);
    let mut batches = Batches::new(digits.train.len(), 100, rng.split())?;

    while batches.epoch() < 5 {
        let rows = batches.next_rows();
        let (x, labels) = (pixels(&digits.train, &rows), digits.train.labels_of(&rows));
        let (loss, gradient) = value_and_grad(&model, |m| m.forward(&x).cross_entropy(&labels));
        optimizer.step(&mut model, &gradient);
        if optimizer.steps() % 100 == 0 {
            println!("step {:3}: loss {:.3}", optimizer.steps(), loss.item());
        }
    }
    println!("{:.1} % of 2,000 unseen digits are right", 100.0 * accuracy(&model, &digits.test));
    Ok(())
}
// ANCHOR_END: all
