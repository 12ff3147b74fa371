//! Finds wrong labels among digits by weights of examples: `cargo run --release -p seedbed-meta --example wrong_labels`

use anyhow::Result;
use clap::Parser;
use seedbed_autodiff::{Rng, Tensor};
use seedbed_data::{ImageSet, LabelNoise, mnist};
use seedbed_meta::bilevel::{DataWeights, InnerMomentum, WeighingConfig};
use seedbed_nn::{Activation, Config as _, Mlp};

/// Draws two labels in ten anew, weighs 1,000 digits so that a network that learns from them does well on 1,000 others, and shows how many of the digits with the lowest weights have wrong
/// labels.
#[derive(Parser)]
struct Arguments {
    /// The seed of digits, noise and network.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Hidden units of the network; 0 for none.
    #[arg(long, default_value_t = 32)]
    hidden: usize,
    /// Steps of an inner training.
    #[arg(long, default_value_t = 50)]
    inner: usize,
    /// Changes of the weights.
    #[arg(long, default_value_t = 30)]
    outer: usize,
    /// The rate of the inner training.
    #[arg(long, default_value_t = 0.02)]
    inner_rate: f64,
    /// The rate of the weights.
    #[arg(long, default_value_t = 0.3)]
    rate: f64,
    /// The share of labels of the others that are drawn anew, too.
    #[arg(long, default_value_t = 0.0)]
    noise_of_others: f64,
}

const SIDE: usize = 14;

fn main() -> Result<()> {
    let a = Arguments::parse();
    let rng = &mut Rng::new(a.seed);
    let digits = mnist::embedded().train.resized([SIDE, SIDE]);
    let rows = rng.permutation(digits.len());
    let [train, others] = [0..1000, 1000..2000].map(|range| digits.select(&rows[range]));
    let noisy = |set: &ImageSet, share, rng: &mut Rng| {
        LabelNoise::Uniform { share }.apply(set.labels(), set.num_classes(), rng)
    };
    let labels = noisy(&train, 0.2, rng)?;
    let other_labels = noisy(&others, a.noise_of_others, rng)?.labels;
    let (x, x_others) = (pixels(&train), pixels(&others));
    let sizes = [SIDE * SIDE, a.hidden, 10];
    let sizes: Vec<usize> = sizes.into_iter().filter(|&size| size > 0).collect();
    let problem = DataWeights {
        start: Mlp::<f32>::new(&sizes, Activation::Relu, rng),
        losses: |net: &Mlp| net.forward(&x).cross_entropy_each(&labels.labels),
        held_out: |net: &Mlp| net.forward(&x_others).cross_entropy(&other_labels),
    };
    let config = WeighingConfig {
        inner_steps: a.inner,
        outer_steps: a.outer,
        rate: a.rate,
        ..Default::default()
    };
    let sgd = InnerMomentum { rate: a.inner_rate, momentum: 0.9 };
    let weights: Vec<f32> = problem.weigh(train.len(), &sgd, &config.check()?);

    let mut order: Vec<usize> = (0..train.len()).collect();
    order.sort_by(|&i, &j| weights[i].total_cmp(&weights[j]));
    let all = labels.num_wrong();
    println!("{all} of {} labels are wrong", train.len());
    for share in [1, 2, 4] {
        let n = all / share;
        let found = order[..n].iter().filter(|&&row| labels.wrong[row]).count();
        println!("of the {n} digits with the lowest weights {found} are wrong");
    }
    for &row in &order[..5] {
        let (said, is) = (labels.labels[row], train.labels()[row]);
        println!("weight {:.3}: labelled {said}, is {is}", weights[row]);
    }
    Ok(())
}

/// Images as rows of numbers from 0 to 1.
fn pixels(set: &ImageSet) -> Tensor {
    let pixels = set.images().iter().map(|&pixel| f32::from(pixel) / 255.0).collect();
    Tensor::new(pixels, &[set.len(), SIDE * SIDE])
}
