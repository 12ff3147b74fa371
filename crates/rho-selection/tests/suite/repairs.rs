//! Repairs of the reducible loss, and calibration, on numbers worked out by hand.

use seedbed_rho_selection::score::{
    JointScore, Repair, excess_loss, fit_temperature, joint_scores, losses_at_temperature,
};
use seedbed_rho_selection::{
    Candidates, IrreducibleLosses, Rows, SelectionConfig, SelectionError, Selector, reducible_loss,
};

/// A wrong label under a weak reference model, something useful, something learnt, and a label that the reference finds worse than a guess.
const TRAINING: [f32; 4] = [9.0, 2.5, 0.1, 7.0];
const IRREDUCIBLE: [f32; 4] = [2.0, 0.5, 0.2, 3.0];

fn ranked(repair: Repair) -> Vec<usize> {
    let scores = repair.of_losses(&TRAINING, &IRREDUCIBLE).unwrap();
    seedbed_rho_selection::top_k(&scores, 4).unwrap()
}

#[test]
fn each_repair_bounds_the_difference() {
    assert_eq!(ranked(Repair::None), [0, 3, 1, 2]);
    assert_eq!(ranked(Repair::Clip { at: 3.0 }), [1, 0, 3, 2]);
    assert_eq!(ranked(Repair::veto(10)), [0, 1, 2, 3]);
    let difference = Repair::ProbabilityDifference.of_losses(&TRAINING, &IRREDUCIBLE).unwrap();
    for ((t, il), d) in TRAINING.iter().zip(IRREDUCIBLE).zip(difference) {
        assert!((d - ((-il).exp() - (-t).exp())).abs() < 1e-7);
    }
}

#[test]
fn vetoed_examples_come_last_by_their_irreducible_loss() {
    let scores = Repair::Veto { above: 1.0 }.of_losses(&TRAINING, &IRREDUCIBLE).unwrap();
    // The lowest of the others is 0.1 − 0.2.
    assert_eq!(&scores[1..3], &reducible_loss(&TRAINING, &IRREDUCIBLE).unwrap()[1..3]);
    assert!((scores[0] - (-0.1 - 2.0)).abs() < 1e-6 && (scores[3] - (-0.1 - 3.0)).abs() < 1e-6);
    // All vetoed: the least noisy first. At the bound is not above it.
    let all = Repair::Veto { above: 0.1 };
    assert_eq!(ranked(all), [2, 1, 0, 3]);
    let exact = Repair::Veto { above: 0.5 }.of_losses(&[1.0], &[0.5]).unwrap();
    assert_eq!(exact, [0.5]);
}

#[test]
fn the_temperature_is_applied_to_logits_in_the_selector() {
    let logits = [8.0, 0.0, 0.0, 8.0, 1.0, 0.0];
    let labels = [1, 1, 0];
    let rows = Rows::new(&logits, 2).unwrap();
    let config = SelectionConfig { repair: Repair::Temperature { t: 4.0 }, ..Default::default() };
    let il = IrreducibleLosses::new(&[0, 1, 2], &[0.5, 0.25, 0.0]).unwrap();
    let mut selector = Selector::new(config.check().unwrap(), il).unwrap();
    assert!(selector.needs_logits() && !selector.needs_losses());
    let batch = Candidates::of_ids(&[0, 1, 2]).logits(rows).labels(&labels);
    let chosen = selector.select(&batch).unwrap();
    let cooled = losses_at_temperature(rows, &labels, 4.0).unwrap();
    assert!((cooled[0] - (1.0 + 2_f32.exp()).ln()).abs() < 1e-6);
    assert_eq!(chosen.scores, reducible_loss(&cooled, &[0.5, 0.25, 0.0]).unwrap());
    let error = Repair::Temperature { t: 2.0 }.of_losses(&[1.0], &[1.0]).unwrap_err();
    assert!(matches!(error, SelectionError::Missing { what: "logits", .. }));
}

#[test]
fn the_fitted_temperature_has_the_lowest_loss() {
    let logits: Vec<f32> = (0..60).map(|i| ((i * 29 % 17) as f32 - 8.0) / 2.0).collect();
    // The largest logit is right three times out of four, else the smallest.
    let label = |(i, z): (usize, &[f32])| {
        let sign = if i % 4 == 0 { -1.0 } else { 1.0 };
        (0..3).max_by(|&a, &b| (sign * z[a]).total_cmp(&(sign * z[b]))).unwrap()
    };
    let labels: Vec<usize> = logits.chunks(3).enumerate().map(label).collect();
    let rows = Rows::new(&logits, 3).unwrap();
    let mean = |t: f64| -> f64 {
        losses_at_temperature(rows, &labels, t).unwrap().iter().map(|&x| f64::from(x)).sum()
    };
    let best = fit_temperature(rows, &labels).unwrap();
    assert!((0.1..50.0).contains(&best), "{best}");
    for other in [0.1, 0.5, 1.0, 2.0, 5.0, 20.0, 90.0, best * 1.05, best / 1.05] {
        assert!(mean(best) <= mean(other) + 1e-5, "{best} {other}");
    }
    // Always right: ever colder is better, until the loss is 0 to the last bit.
    let sure = fit_temperature(Rows::new(&[1.0, 0.0], 2).unwrap(), &[0]).unwrap();
    assert!(sure < 0.04, "{sure}");
    assert!(fit_temperature(rows, &labels[1..]).is_err());
    assert!(losses_at_temperature(rows, &labels, 0.0).is_err());
}

#[test]
fn joint_scores_are_of_three_kinds() {
    let (learner, reference) = ([1.0, 2.0, 3.0, 4.0], [0.5, 0.5, 1.0, 1.0]);
    let (l, r) = (Rows::new(&learner, 2).unwrap(), Rows::new(&reference, 2).unwrap());
    let scores = |kind| joint_scores(l, r, kind).unwrap();
    assert_eq!(scores(JointScore::Learnability), [0.5, 1.5, 2.0, 3.0]);
    assert_eq!(scores(JointScore::HardLearner), learner);
    assert_eq!(scores(JointScore::EasyReference), reference.map(|x| -x));
    assert!(joint_scores(Rows::new(&learner, 4).unwrap(), r, JointScore::default()).is_err());
}

#[test]
fn masked_tokens_may_be_anything() {
    let training = [1.0, f32::NAN, 3.0];
    let (positions, scores) =
        excess_loss(&training, &[0.5, 0.0, 1.0], &[true, false, true]).unwrap();
    assert_eq!((positions, scores), (vec![0, 2], vec![0.5, 2.0]));
    let error = excess_loss(&training, &[0.0; 3], &[true; 3]).unwrap_err();
    assert_eq!(error.to_string(), "training loss at position 1 is NaN: it must be finite");
    assert!(excess_loss(&training, &[0.0; 2], &[true; 3]).is_err());
}
