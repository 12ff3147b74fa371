//! Scores and picks held against values that `scripts/golden.py` computed with NumPy.

use crate::common::Golden;
use seedbed_kernels::Rng;
use seedbed_rho_selection::pick::{Draw, diverse};
use seedbed_rho_selection::score::{
    bald, conditional_entropy, el2n, entropy, gradient_norm, last_layer_grand, least_confidence,
    loss_minus_conditional_entropy, losses_at_temperature, sigmoid_pair_losses,
};
use seedbed_rho_selection::{
    Candidates, IrreducibleLosses, Rows, Score, SelectionConfig, Selector, reducible_loss, top_k,
};

#[track_caller]
fn close(ours: &[f32], theirs: &[f64], within: f64) {
    assert_eq!(ours.len(), theirs.len());
    for (ours, theirs) in ours.iter().zip(theirs) {
        assert!((f64::from(*ours) - theirs).abs() < within, "{ours} {theirs}");
    }
}

#[test]
fn reducible_losses_and_their_highest() {
    let golden = Golden::read("picks.txt");
    let (training, irreducible) = (golden.floats("training"), golden.floats("irreducible"));
    let scores = reducible_loss(&training, &irreducible).unwrap();
    close(&scores, &golden.numbers("reducible"), 1e-6);
    assert_eq!(top_k(&scores, 32).unwrap(), golden.positions("top_32_reducible"));
    assert_eq!(top_k(&training, 32).unwrap(), golden.positions("top_32_training"));
    assert_eq!(top_k(&golden.floats("ties"), 5).unwrap(), golden.positions("top_5_ties"));
}

#[test]
fn the_selector_picks_by_its_score() {
    let golden = Golden::read("picks.txt");
    let (training, irreducible) = (golden.floats("training"), golden.floats("irreducible"));
    let ids: Vec<u64> = (0..training.len() as u64).map(|i| 1_000 + 7 * i).collect();
    let by = |score| {
        let config = SelectionConfig { score, ..Default::default() };
        let il = IrreducibleLosses::new(&ids, &irreducible).unwrap();
        let mut selector = Selector::new(config.check().unwrap(), il).unwrap();
        selector.select(&Candidates::new(&ids, &training)).unwrap()
    };
    assert_eq!(by(Score::ReducibleLoss).indices, golden.positions("top_32_reducible"));
    assert_eq!(by(Score::TrainingLoss).indices, golden.positions("top_32_training"));
    let mut easiest = irreducible.clone();
    easiest.sort_by(f32::total_cmp);
    let lowest = by(Score::LowIrreducibleLoss);
    let il: Vec<f32> = lowest.indices.iter().map(|&i| irreducible[i]).collect();
    assert_eq!(il, easiest[..32]);
    let uniform = by(Score::Uniform);
    assert_eq!(uniform, by(Score::Uniform), "the same seed gives the same picks");
    assert_ne!(uniform.indices, golden.positions("top_32_training"));
    assert_eq!(uniform.weights, [1.0; 32]);
}

#[test]
fn scores_of_logits() {
    let golden = Golden::read("scores.txt");
    let (logits, labels) = (golden.floats("logits"), golden.positions("labels"));
    let sampled = Rows::new(&logits, 4).unwrap();
    let first = Rows::new(&logits[..12 * 4], 4).unwrap();
    let is = |scores: Vec<f32>, name: &str| close(&scores, &golden.numbers(name), 2e-6);
    is(el2n(sampled, &labels).unwrap(), "el2n");
    let features = golden.floats("features");
    let features = Rows::new(&features, 5).unwrap();
    is(last_layer_grand(first, &labels, features).unwrap(), "last_layer_grand");
    let batch = Candidates::of_ids(&[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]).labels(&labels);
    for (score, logits, name) in
        [(Score::El2n, sampled, "el2n"), (Score::Grand, first, "last_layer_grand")]
    {
        let config = SelectionConfig { score, ..Default::default() };
        let mut selector = Selector::new(config.check().unwrap(), Default::default()).unwrap();
        let batch = batch.logits(logits).features(features);
        is(selector.select(&batch).unwrap().scores, name);
    }
    is(bald(sampled, 12).unwrap(), "bald");
    is(entropy(sampled, 12).unwrap(), "entropy");
    is(conditional_entropy(sampled, 12).unwrap(), "conditional_entropy");
    is(loss_minus_conditional_entropy(sampled, &labels).unwrap(), "loss_minus_conditional_entropy");
    is(gradient_norm(first, &labels).unwrap(), "gradient_norm");
    is(least_confidence(first).unwrap(), "least_confidence");
    is(losses_at_temperature(first, &labels, 2.5).unwrap(), "losses_at_2.5");
}

#[test]
fn the_selector_computes_scores_of_logits() {
    let golden = Golden::read("scores.txt");
    let (logits, labels) = (golden.floats("logits"), golden.positions("labels"));
    let sampled = Rows::new(&logits, 4).unwrap();
    let first = Rows::new(&logits[..12 * 4], 4).unwrap();
    let ids: Vec<u64> = (0..12).collect();
    for (score, logits, name) in [
        (Score::Bald, sampled, "bald"),
        (Score::Entropy, sampled, "entropy"),
        (Score::ConditionalEntropy, sampled, "conditional_entropy"),
        (Score::LossMinusConditionalEntropy, sampled, "loss_minus_conditional_entropy"),
        (Score::GradientNorm, first, "gradient_norm"),
        (Score::LeastConfidence, first, "least_confidence"),
    ] {
        let config = SelectionConfig { score, ratio: 0.25.into(), ..Default::default() };
        let mut selector = Selector::new(config.check().unwrap(), Default::default()).unwrap();
        assert!(selector.needs_logits() && !selector.needs_losses());
        let batch = Candidates::of_ids(&ids).logits(logits).labels(&labels);
        let chosen = selector.select(&batch).unwrap();
        close(&chosen.scores, &golden.numbers(name), 2e-6);
        assert_eq!(chosen.indices, top_k(&chosen.scores, 3).unwrap());
    }
}

#[test]
fn diverse_picks() {
    let golden = Golden::read("diverse.txt");
    let (logits, features) = (golden.floats("logits"), golden.floats("features"));
    let (logits, features) = (Rows::new(&logits, 4).unwrap(), Rows::new(&features, 6).unwrap());
    let labels = golden.positions("labels");
    let mut rng = Rng::new(0);
    let picks = diverse(logits, &labels, features, 9, Draw::Greedy, &mut rng).unwrap();
    assert_eq!(picks, golden.positions("greedy_9"));
    // All 20 span 20 of 24 dimensions: every one is picked once, drawn or not.
    for draw in [Draw::Greedy, Draw::Proportional] {
        let mut all = diverse(logits, &labels, features, 20, draw, &mut rng).unwrap();
        all.sort_unstable();
        assert_eq!(all, (0..20).collect::<Vec<_>>());
    }
}

#[test]
fn losses_of_pairs() {
    let golden = Golden::read("joint.txt");
    let similarity = golden.floats("similarity");
    let losses = sigmoid_pair_losses(Rows::new(&similarity, 6).unwrap(), 10.0, -10.0).unwrap();
    close(&losses, &golden.numbers("losses"), 1e-5);
}
