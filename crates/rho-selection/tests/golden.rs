//! Scores and picks held against values that `scripts/golden.py` computed with NumPy, and against naive loops.

use proptest::prelude::*;
use seedbed_rho_selection::{
    Candidates, IrreducibleLosses, Score, SelectionConfig, SelectionError, Selector,
    reducible_loss, top_k,
};

/// The numbers of one line of the golden file.
fn golden(name: &str) -> Vec<f64> {
    let line =
        include_str!("golden/picks.txt").lines().find(|line| line.split(' ').next() == Some(name));
    let numbers = line.unwrap_or_else(|| panic!("no line {name}")).split(' ').skip(1);
    numbers.map(|number| number.parse().unwrap()).collect()
}

fn floats(name: &str) -> Vec<f32> {
    golden(name).into_iter().map(|x| x as f32).collect()
}

fn positions(name: &str) -> Vec<usize> {
    golden(name).into_iter().map(|x| x as usize).collect()
}

/// Irreducible losses 0 for the ids below `n`.
fn zeros(n: usize) -> IrreducibleLosses {
    let ids: Vec<u64> = (0..n as u64).collect();
    IrreducibleLosses::new(&ids, &vec![0.0; n]).unwrap()
}

#[test]
fn scores_and_picks_are_those_of_an_independent_implementation() {
    let (training, irreducible) = (floats("training"), floats("irreducible"));
    let scores = reducible_loss(&training, &irreducible).unwrap();
    for (ours, theirs) in scores.iter().zip(floats("reducible")) {
        assert!((ours - theirs).abs() < 1e-6);
    }
    assert_eq!(top_k(&scores, 32).unwrap(), positions("top_32_reducible"));
    assert_eq!(top_k(&training, 32).unwrap(), positions("top_32_training"));
    assert_eq!(top_k(&floats("ties"), 5).unwrap(), positions("top_5_ties"));
}

#[test]
fn the_selector_picks_by_its_score() {
    let (training, irreducible) = (floats("training"), floats("irreducible"));
    let ids: Vec<u64> = (0..training.len() as u64).map(|i| 1_000 + 7 * i).collect();
    let by = |score| {
        let config = SelectionConfig { score, ..Default::default() };
        let il = IrreducibleLosses::new(&ids, &irreducible).unwrap();
        let mut selector = Selector::new(config.check().unwrap(), il).unwrap();
        selector.select(&Candidates::new(&ids, &training)).unwrap()
    };
    assert_eq!(by(Score::ReducibleLoss).indices, positions("top_32_reducible"));
    assert_eq!(by(Score::TrainingLoss).indices, positions("top_32_training"));
    let uniform = by(Score::Uniform);
    assert_eq!(uniform, by(Score::Uniform), "the same seed gives the same picks");
    assert_ne!(uniform.indices, positions("top_32_training"));
    assert_eq!(uniform.weights, [1.0; 32]);
}

#[test]
fn bad_input_is_refused_with_what_would_be_right() {
    let message = |error: SelectionError| error.to_string();
    assert_eq!(
        message(top_k(&[1.0, 2.0], 3).unwrap_err()),
        "cannot pick 3 of 2 candidates: k must be from 1 to 2"
    );
    assert!(top_k(&[], 1).is_err() && top_k(&[1.0], 0).is_err());
    assert_eq!(
        message(reducible_loss(&[1.0], &[1.0, 2.0]).unwrap_err()),
        "training losses has 1 entries and irreducible losses has 2: they must be as many"
    );
    assert_eq!(
        message(top_k(&[0.0, f32::NAN], 1).unwrap_err()),
        "score of example 1 is NaN: it must be finite"
    );
    let duplicate = IrreducibleLosses::new(&[4, 4], &[0.0, 0.0]).unwrap_err();
    assert_eq!(message(duplicate), "id 4 is given twice: ids must be unique");
    let infinite = IrreducibleLosses::new(&[4], &[f32::INFINITY]).unwrap_err();
    assert_eq!(message(infinite), "irreducible loss of example 4 is inf: it must be finite");
    let missing = zeros(2).of(&[1, 9]).unwrap_err();
    assert!(message(missing).starts_with("example 9 has no irreducible loss"));
}

proptest! {
    #[test]
    fn top_k_is_the_head_of_a_stable_sort(
        scores in prop::collection::vec(prop_oneof![-9.0..9.0_f32, Just(0.0), Just(-0.0)], 1..200),
        share in 0.0..1.0,
    ) {
        let k = 1 + (share * (scores.len() - 1) as f64) as usize;
        let mut order: Vec<usize> = (0..scores.len()).collect();
        order.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]));
        order.truncate(k);
        prop_assert_eq!(top_k(&scores, k).unwrap(), order);
    }
}
