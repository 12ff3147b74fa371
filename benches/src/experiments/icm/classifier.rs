//! `icm-classifier`: what a classifier of digits, which never saw a mechanism, makes of clean, transformed and restored ones.

use anyhow::Result;
use seedbed::autodiff::{Activation, Rng, Tensor, value_and_grad};
use seedbed::data::Batches;
use seedbed::nn::optim::{Adam, AdamConfig};
use seedbed::nn::schedule::Schedule;
use seedbed::nn::{Config as _, Conv2d, Init, Layer, Linear, Sequential};

use super::study::{Way, seeds, trained};
use crate::experiment::{Context, Outcome};
use crate::experiments::claim::Claim;
use crate::row::{Goal, Row};

pub(super) const CLAIM: Claim = Claim {
    name: "icm-classifier",
    about: "A convolutional network learns the classes of clean digits, and is then fixed: its accuracy on digits of the test set as they are, after the mechanisms, and restored by our experts.",
    long: true,
    run,
};

fn run(context: &Context) -> Result<Outcome> {
    let (pictures, ways) = trained(context, &[Way::Ours(10)], seeds(context))?;
    let (transformed, truth, labels) = &pictures.digits;
    let net = learn(&pictures.train.0, &pictures.train.1, context.pick(1_000, 5_000))?;
    let accuracy = |x: &Tensor| {
        let answers = net.forward(x).argmax(-1);
        let right = answers.iter().zip(labels).filter(|(a, b)| a == b).count();
        100.0 * right as f64 / labels.len() as f64
    };
    let clean = accuracy(&truth.clean);
    let mut restored = Vec::new();
    for one in &ways[0] {
        restored.push(accuracy(&one.model.restore(transformed)?.images));
    }
    let memory = "Parascandolo et al. 2018; from memory, not verified";
    Ok(Outcome::new()
        .row(Row::learn(CLAIM.name, "clean", "%", &[clean]).reference(99.0, memory))
        .row(
            Row::learn(CLAIM.name, "transformed", "%", &[accuracy(transformed)])
                .reference(40.0, memory),
        )
        .row(
            Row::learn(CLAIM.name, "restored", "%", &restored)
                .source("goal: within 2 points of clean")
                .goal(Goal::AtLeast(clean - 2.0)),
        ))
}

/// A network for ten classes of pictures.
fn learn(x: &Tensor, labels: &[usize], steps: u64) -> Result<Sequential> {
    let rng = &mut Rng::new(0);
    let side = x.shape()[1];
    let mut net = Sequential::new()
        .push(Conv2d::same(1, 16, [3, 3], rng))
        .push(Activation::Relu)
        .push(Layer::max_pool2d([2, 2]))
        .push(Conv2d::same(16, 32, [3, 3], rng))
        .push(Activation::Relu)
        .push(Layer::max_pool2d([2, 2]))
        .push(Layer::Flatten)
        .push(Linear::with_init(2 * side * side, 128, Init::HeUniform, rng))
        .push(Activation::Relu)
        .push(Linear::with_init(128, 10, Init::GlorotUniform, rng));
    let mut adam = Adam::new(&net, AdamConfig { lr: 2e-3, ..AdamConfig::default() }.check()?);
    let mut batches = Batches::new(labels.len(), 64, rng.split())?;
    let rate = Schedule::linear(steps);
    for step in 0..steps {
        let rows = batches.next_rows();
        let (x, wanted) = (x.index_select(0, &rows), rows.iter().map(|&row| labels[row]));
        let wanted: Vec<usize> = wanted.collect();
        let (_, gradient) = value_and_grad(&net, |net| net.forward(&x).cross_entropy(&wanted));
        adam.step_scaled(&mut net, &gradient, rate.factor(step));
    }
    Ok(net)
}
