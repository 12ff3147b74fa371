//! Samplers follow the laws that they name: chi-square tests with fixed seeds, against probabilities worked out by plain loops.

use std::collections::HashMap;

use seedbed_kernels::Rng;
use seedbed_rho_selection::pick::{
    Draw, diverse, gumbel_top_k, importance, joint, rank_law, uniform,
};
use seedbed_rho_selection::{Rows, SelectionError};

const DRAWS: usize = 20_000;

/// The chi-square statistic of ordered outcomes against their probabilities, per degree of freedom. Above 3 at 11 degrees
/// has a probability below 1 in 2,000.
fn chi_square(expected: &HashMap<Vec<usize>, f64>, mut draw: impl FnMut() -> Vec<usize>) -> f64 {
    let mut seen: HashMap<Vec<usize>, f64> = HashMap::new();
    for _ in 0..DRAWS {
        *seen.entry(draw()).or_default() += 1.0;
    }
    assert!(seen.keys().all(|outcome| expected.contains_key(outcome)), "{seen:?}");
    let total: f64 = expected.values().sum();
    assert!((total - 1.0).abs() < 1e-12, "the probabilities sum to {total}");
    let terms = expected.iter().map(|(outcome, p)| {
        let expected = p * DRAWS as f64;
        (seen.get(outcome).unwrap_or(&0.0) - expected).powi(2) / expected
    });
    terms.sum::<f64>() / (expected.len() - 1) as f64
}

/// The probability of each ordered pair, drawn one after the other without replacement ∝ weight.
fn pairs(first: &[f64], second: impl Fn(usize, usize) -> f64) -> HashMap<Vec<usize>, f64> {
    let n = first.len();
    let total: f64 = first.iter().sum();
    let mut p = HashMap::new();
    for (i, p_first) in first.iter().enumerate() {
        let rest: f64 = (0..n).filter(|&j| j != i).map(|j| second(i, j)).sum();
        for j in (0..n).filter(|&j| j != i) {
            p.insert(vec![i, j], p_first / total * second(i, j) / rest);
        }
    }
    p
}

#[test]
fn uniform_pairs_are_uniform() {
    let mut rng = Rng::new(1);
    let statistic = chi_square(&pairs(&[1.0; 4], |_, _| 1.0), || uniform(4, 2, &mut rng).unwrap());
    assert!(statistic < 3.0, "{statistic}");
}

#[test]
fn softmax_sampling_draws_one_after_the_other() {
    let scores = [0.3, -1.0, 1.2, 0.0];
    let weights: Vec<f64> = scores.iter().map(|&s: &f32| (f64::from(s) / 0.7).exp()).collect();
    let expected = pairs(&weights, |_, j| weights[j]);
    let mut rng = Rng::new(2);
    let statistic = chi_square(&expected, || gumbel_top_k(&scores, 2, 0.7, &mut rng).unwrap());
    assert!(statistic < 3.0, "{statistic}");
}

#[test]
fn a_low_temperature_is_top_k() {
    let mut rng = Rng::new(3);
    for _ in 0..100 {
        assert_eq!(gumbel_top_k(&[0.1, 0.4, 0.2, 0.3], 3, 1e-4, &mut rng).unwrap(), [1, 3, 2]);
    }
}

#[test]
fn selective_backprop_draws_by_rank() {
    // Ranks 2, 0, 3, 1 of 4; half are picked, so that the exponent is 1.
    let scores = [0.5, -3.0, 8.0, 0.1];
    let weights = [2.5, 0.5, 3.5, 1.5];
    let expected = pairs(&weights, |_, j| weights[j]);
    let mut rng = Rng::new(4);
    let statistic = chi_square(&expected, || rank_law(&scores, 2, &mut rng).unwrap());
    assert!(statistic < 3.0, "{statistic}");
}

#[test]
fn joint_sampling_adds_what_is_worth_more_together() {
    let s = [0.2, 0.5, -0.3, 0.1, -0.4, 1.0, 0.7, 0.0, 0.6_f32];
    let at = |i: usize, j: usize| f64::from(s[3 * i + j]);
    let expected = pairs(&[1.0; 3], |i, j| (at(j, j) + at(j, i) + at(i, j)).exp());
    let mut rng = Rng::new(5);
    let scores = Rows::new(&s, 3).unwrap();
    let statistic = chi_square(&expected, || joint(scores, 2, 2, &mut rng).unwrap());
    assert!(statistic < 3.0, "{statistic}");
    // One chunk is uniform; chunks of any size give as many different examples as asked for.
    let statistic =
        chi_square(&pairs(&[1.0; 3], |_, _| 1.0), || joint(scores, 2, 1, &mut rng).unwrap());
    assert!(statistic < 3.0, "{statistic}");
    let wide: Vec<f32> = (0..49).map(|i| (i % 5) as f32 / 10.0).collect();
    for (k, chunks) in [(7, 3), (6, 4), (1, 1), (5, 5)] {
        let mut picked = joint(Rows::new(&wide, 7).unwrap(), k, chunks, &mut rng).unwrap();
        picked.sort_unstable();
        picked.dedup();
        assert_eq!(picked.len(), k);
    }
}

#[test]
fn diverse_sampling_begins_by_correlation() {
    // One class axis and features of one number: the gradients are numbers, aᵢ hᵢ.
    let logits = [0.0; 8];
    let features = [1.0, 2.0, 4.0, -1.0];
    let (logits, features) = (Rows::new(&logits, 2).unwrap(), Rows::new(&features, 1).unwrap());
    let mut rng = Rng::new(6);
    // |⟨gᵢ, mean⟩| ∝ |hᵢ|; after the first pick nothing is left to explain, and the second is uniform.
    let expected = pairs(&[1.0, 2.0, 4.0, 1.0], |_, _| 1.0);
    let statistic = chi_square(&expected, || {
        diverse(logits, &[0; 4], features, 2, Draw::Proportional, &mut rng).unwrap()
    });
    assert!(statistic < 3.0, "{statistic}");
}

#[test]
fn copies_are_not_picked_while_others_have_something_new() {
    // Two directions, each four times.
    let logits = [0.0; 16];
    let features: Vec<f32> =
        (0..8).flat_map(|i| if i < 4 { [1.0, 0.0] } else { [0.0, 2.0] }).collect();
    let (logits, features) = (Rows::new(&logits, 2).unwrap(), Rows::new(&features, 2).unwrap());
    let mut rng = Rng::new(9);
    for draw in [Draw::Greedy, Draw::Proportional] {
        for _ in 0..50 {
            let picks = diverse(logits, &[1; 8], features, 2, draw, &mut rng).unwrap();
            assert_ne!(picks[0] < 4, picks[1] < 4, "{picks:?}");
        }
    }
}

#[test]
fn importance_sampling_is_unbiased() {
    let losses = [0.1, 2.0, 0.7, 5.0, 1.1];
    let p = [0.1, 0.3, 0.05, 0.35, 0.2];
    let mean = losses.iter().sum::<f64>() / 5.0;
    // The variance of one pick's w L / k, by definition.
    let variance: f64 =
        (0..5).map(|i| p[i] * (losses[i] / (5.0 * p[i]) - mean).powi(2)).sum::<f64>();
    let mut rng = Rng::new(7);
    let (mut total, mut counts) = (0.0, [0.0; 5]);
    for _ in 0..DRAWS {
        let picked = importance(&p, 3, 0.0, &mut rng).unwrap();
        assert_eq!((picked.indices.len(), picked.weights.len()), (3, 3));
        for (&i, &w) in picked.indices.iter().zip(&picked.weights) {
            assert!((f64::from(w) - 1.0 / (5.0 * p[i])).abs() < 1e-6);
            total += f64::from(w) * losses[i] / 3.0;
            counts[i] += 1.0;
        }
    }
    let error = (total / DRAWS as f64 - mean) / (variance / (3 * DRAWS) as f64).sqrt();
    assert!(error.abs() < 4.0, "{error} standard errors off");
    for i in 0..5 {
        let expected = 3.0 * DRAWS as f64 * p[i];
        assert!((counts[i] - expected).abs() < 4.0 * (expected * (1.0 - p[i])).sqrt());
    }
}

#[test]
fn importance_sampling_waits_until_it_pays() {
    let mut rng = Rng::new(8);
    // All on one of four: τ = √4. Equal: τ = 1.
    let one = [0.0, 1.0, 0.0, 0.0];
    let picked = importance(&one, 3, 1.99, &mut rng).unwrap();
    assert_eq!((picked.indices, picked.weights), (vec![1; 3], vec![0.25; 3]));
    let picked = importance(&one, 3, 2.01, &mut rng).unwrap();
    assert_eq!(picked.weights, [1.0; 3]);
    // They need not sum to 1: what a batch is worth is the same.
    for p in [0.25, 4.0] {
        let equal = importance(&[p; 4], 4, 1.01, &mut rng).unwrap();
        let mut all = equal.indices;
        all.sort_unstable();
        assert_eq!(all, [0, 1, 2, 3], "without replacement");
    }
    assert_eq!(importance(&[], 1, 0.0, &mut rng), Err(SelectionError::TooMany { k: 1, n: 0 }));
    for (p, says) in [
        ([0.0, 0.0], "probabilities: is 0 throughout, must be above 0 somewhere"),
        (
            [0.5, f64::NAN],
            "probability at position 1 is NaN: it must be a finite number, at least 0",
        ),
        ([-1.0, 2.0], "probability at position 0 is -1: it must be a finite number, at least 0"),
    ] {
        assert_eq!(importance(&p, 1, 0.0, &mut rng).unwrap_err().to_string(), says);
    }
}
