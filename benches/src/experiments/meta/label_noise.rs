//! `meta-label-noise`: which labels are wrong? Weights of examples by bilevel optimisation, beside losses.

use anyhow::Result;
use seedbed::autodiff::{Rng, Tensor};
use seedbed::data::{ImageSet, LabelNoise, mnist};
use seedbed::meta::bilevel::{DataWeights, InnerMomentum, WeighingConfig, adapt};
use seedbed::nn::{Activation, Config as _, Mlp};

use crate::experiment::{Context, Outcome};
use crate::experiments::claim::Claim;
use crate::experiments::jobs::side_by_side;
use crate::row::Row;

pub(super) const CLAIM: Claim = Claim {
    name: NAME,
    about: "1,000 digits of 14×14 pixels, two labels in ten drawn at random, and 1,000 others: as noisy, or clean. Which of the first thousand are wrong? The average precision of an order by: weights from bilevel \
            optimisation (50 inner steps of a network of 32 hidden units, exact hypergradient, 30 outer steps); the loss after 50 steps at a faster rate; the irreducible loss, of a network \
            trained on the others; the reducible loss, their difference, lowest first. By chance it is the share of wrong labels.",
    long: true,
    run,
};

const NAME: &str = "meta-label-noise";

/// Examples, and others.
const EXAMPLES: usize = 1000;
const SIDE: usize = 14;
/// For weights: slow enough that wrong labels are not learnt by heart.
const SLOW: InnerMomentum = InnerMomentum { rate: 0.02, momentum: 0.9 };
/// For losses, which tell more after a faster training.
const FAST: InnerMomentum = InnerMomentum { rate: 0.1, momentum: 0.9 };

/// Ways to order examples, the most suspicious first.
const WAYS: [&str; 4] = ["bilevel", "highest_loss", "irreducible_loss", "reducible_loss"];

fn run(context: &Context) -> Result<Outcome> {
    let seeds = context.seeds(3, 10) as u64;
    let digits = mnist::embedded().train.resized([SIDE, SIDE]);
    let jobs: Vec<(bool, u64)> =
        [false, true].iter().flat_map(|&clean| (0..seeds).map(move |s| (clean, s))).collect();
    context.progress.set_length(jobs.len() as u64);
    let found = side_by_side(&jobs, |&(clean, seed)| {
        let precisions = precisions(&digits, clean, seed)?;
        context.progress.inc(1);
        Ok(precisions)
    })?;
    let mut outcome = Outcome::new();
    for (suffix, of_seeds) in ["", "-clean-others"].iter().zip(found.chunks(seeds as usize)) {
        for (way, metric) in WAYS.iter().enumerate() {
            let values: Vec<f64> = of_seeds.iter().map(|precisions| precisions[way]).collect();
            let row = Row::learn(&format!("{NAME}{suffix}"), metric, "AP", &values);
            outcome = outcome.row(row.source("average precision at finding wrong labels"));
        }
    }
    Ok(outcome)
}

/// The average precision of every way.
fn precisions(digits: &ImageSet, clean_others: bool, seed: u64) -> Result<[f64; 4]> {
    let rng = &mut Rng::numbered(seed, 7);
    let rows = rng.permutation(digits.len());
    let (of_train, of_others) = rows[..2 * EXAMPLES].split_at(EXAMPLES);
    let [train, others] = [of_train, of_others].map(|rows| digits.select(rows));
    let noise = LabelNoise::Uniform { share: 0.2 };
    let noisy = noise.apply(train.labels(), train.num_classes(), rng)?;
    let other_labels = match clean_others {
        true => others.labels().to_vec(),
        false => noise.apply(others.labels(), others.num_classes(), rng)?.labels,
    };
    let (x, x_others) = (pixels(&train), pixels(&others));
    let net = Mlp::<f32>::new(&[SIDE * SIDE, 32, train.num_classes()], Activation::Relu, rng);
    let losses = |net: &Mlp| net.forward(&x).cross_entropy_each(&noisy.labels);
    let held_out = |net: &Mlp| net.forward(&x_others).cross_entropy_each(&other_labels);
    let config = WeighingConfig::default().check()?;
    let steps = config.inner_steps;
    let problem =
        DataWeights { start: net.clone(), losses, held_out: |net: &Mlp| held_out(net).mean(..) };
    let weights: Vec<f32> = problem.weigh(EXAMPLES, &SLOW, &config);

    let trained = adapt(&problem, &Tensor::zeros(&[EXAMPLES]), &FAST, steps);
    let swapped =
        DataWeights { start: net, losses: held_out, held_out: |_: &Mlp| Tensor::scalar(0.0) };
    let reference = adapt(&swapped, &Tensor::zeros(&[EXAMPLES]), &FAST, steps);
    let (loss, irreducible) = (losses(&trained).to_vec(), losses(&reference).to_vec());
    let reducible = loss.iter().zip(&irreducible).map(|(loss, irreducible)| irreducible - loss);
    let scores = [
        weights.iter().map(|weight| -weight).collect(),
        loss.clone(),
        irreducible.clone(),
        reducible.collect(),
    ];
    Ok(scores.map(|scores: Vec<f32>| average_precision(&scores, &noisy.wrong)))
}

/// Images as rows of numbers from 0 to 1.
fn pixels(set: &ImageSet) -> Tensor {
    let pixels = set.images().iter().map(|&pixel| f32::from(pixel) / 255.0).collect();
    Tensor::new(pixels, &[set.len(), SIDE * SIDE])
}

/// The mean, over the rows that are sought, of the share of them among all with at least their score.
fn average_precision(scores: &[f32], sought: &[bool]) -> f64 {
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]));
    let (mut found, mut sum) = (0.0, 0.0);
    for (place, &row) in order.iter().enumerate() {
        if sought[row] {
            found += 1.0;
            sum += found / (place + 1) as f64;
        }
    }
    sum / f64::max(found, 1.0)
}

#[cfg(test)]
mod tests {
    use super::average_precision;

    #[test]
    fn average_precision_is_the_mean_precision_at_what_is_found() {
        let scores = [0.9, 0.8, 0.7, 0.1];
        let precision = average_precision(&scores, &[true, false, true, false]);
        assert!((precision - (1.0 + 2.0 / 3.0) / 2.0).abs() < 1e-12);
    }
}
