//! Policies held against naive loops, on random scores with ties.

use proptest::prelude::*;
use seedbed_rho_selection::pick::{above, class_balanced};
use seedbed_rho_selection::score::select_tokens;
use seedbed_rho_selection::{SelectionError, top_k};

fn scores() -> impl Strategy<Value = Vec<f32>> {
    prop::collection::vec(prop_oneof![-9.0..9.0_f32, Just(0.0), Just(-0.0), Just(1.0)], 1..200)
}

/// Some k from 1 to n.
fn of(n: usize, share: f64) -> usize {
    1 + (share * (n - 1) as f64) as usize
}

fn stable_order(scores: &[f32]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]));
    order
}

proptest! {
    #[test]
    fn top_k_is_the_head_of_a_stable_sort(scores in scores(), share in 0.0..1.0) {
        let k = of(scores.len(), share);
        prop_assert_eq!(top_k(&scores, k).unwrap(), &stable_order(&scores)[..k]);
    }

    #[test]
    fn a_threshold_picks_what_is_above(scores in scores(), bound in -9.0..9.0_f32) {
        let order = stable_order(&scores);
        let mut naive: Vec<usize> = order.iter().copied().filter(|&i| scores[i] > bound).collect();
        if naive.is_empty() {
            naive = vec![order[0]];
        }
        prop_assert_eq!(above(&scores, bound).unwrap(), naive);
    }

    #[test]
    fn classes_take_turns(scores in scores(), share in 0.0..1.0, seed in 0..1_000_usize) {
        let k = of(scores.len(), share);
        let labels: Vec<usize> = (0..scores.len()).map(|i| (i * 31 + seed) % 7 % 4).collect();
        // Round by round: the best that is left of every class, these in the order of their scores.
        let mut left = stable_order(&scores);
        let mut naive = Vec::new();
        while !left.is_empty() {
            let mut classes = Vec::new();
            let round: Vec<usize> = left.iter().copied().filter(|&i| {
                let first = !classes.contains(&labels[i]);
                classes.push(labels[i]);
                first
            }).collect();
            left.retain(|i| !round.contains(i));
            naive.extend(round);
        }
        prop_assert_eq!(class_balanced(&scores, &labels, k).unwrap(), &naive[..k]);
    }

    #[test]
    fn tokens_are_the_highest_of_those_that_count(
        tokens in prop::collection::vec((0.0..9.0_f32, 0.0..9.0_f32, any::<bool>()), 1..100),
        share in 0.01..1.0,
    ) {
        let training: Vec<f32> = tokens.iter().map(|t| if t.2 { t.0 } else { f32::NAN }).collect();
        let reference: Vec<f32> = tokens.iter().map(|t| t.1).collect();
        let mask: Vec<bool> = tokens.iter().map(|t| t.2).collect();
        let chosen = select_tokens(&training, &reference, &mask, share);
        let count = mask.iter().filter(|&&counts| counts).count();
        if count == 0 {
            prop_assert!(matches!(chosen, Err(SelectionError::Empty { .. })), "all masked");
        } else {
            let k = ((share * count as f64).round() as usize).max(1);
            let mut naive: Vec<usize> = (0..mask.len()).filter(|&t| mask[t]).collect();
            naive.sort_by(|&a, &b| {
                (training[b] - reference[b]).total_cmp(&(training[a] - reference[a]))
            });
            let chosen = chosen.unwrap();
            prop_assert_eq!(&chosen.indices, &naive[..k]);
            prop_assert_eq!(chosen.weights, vec![1.0; k]);
        }
    }
}
