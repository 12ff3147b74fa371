//! The report on a reference, on numbers worked out by hand.

use seedbed_rho_selection::report::{Recommendation, ReferenceReport, TrainingLengths};
use seedbed_rho_selection::{Rows, SelectionError};

const LENGTHS: TrainingLengths =
    TrainingLengths { planned: 400, reference: 1_000, unfinished: false };

/// Logits by which each row is `margin` nats surer of its class than of the other.
fn sure_of(classes: &[usize], margin: f32) -> Vec<f32> {
    classes.iter().flat_map(|&c| if c == 0 { [margin, 0.0] } else { [0.0, margin] }).collect()
}

fn report(
    asked: &[f32],
    other: &[f32],
    labels: &[usize],
    lengths: TrainingLengths,
) -> ReferenceReport {
    let (asked, other) = (Rows::new(asked, 2).unwrap(), Rows::new(other, 2).unwrap());
    ReferenceReport::new(asked, other, labels, lengths).unwrap()
}

/// 100 rows of two classes in turn, of which the first so many have the other's label.
fn labels(wrong: usize) -> (Vec<usize>, Vec<usize>) {
    let truth: Vec<usize> = (0..100).map(|i| i % 2).collect();
    let labels =
        truth.iter().enumerate().map(|(i, &c)| if i < wrong { 1 - c } else { c }).collect();
    (truth, labels)
}

#[test]
fn a_perfect_reference_finds_all_wrong_labels() {
    let (truth, labels) = labels(20);
    let logits = sure_of(&truth, 3.0);
    let report = report(&logits, &logits, &labels, LENGTHS);
    assert_eq!((report.examples, report.accuracy, report.agreement), (100, 0.8, 1.0));
    assert_eq!((report.most_frequent, report.vetoed, report.overlap), (0.5, 0.2, Some(0.0)));
    assert!((report.wrong_labels - 0.2).abs() < 1e-12);
    assert!((report.accuracy_on_right_labels - 1.0).abs() < 1e-12);
    let (low, high) = ((1.0 + (-3_f64).exp()).ln(), (1.0 + 3_f64.exp()).ln());
    assert!((report.mean_loss - (0.8 * low + 0.2 * high)).abs() < 1e-6);
    // Two models that say the same have no reducible loss late in training; early and midway the surest labels are picked.
    assert!((report.wrong_picks.uniform - 0.2).abs() < 1e-12 && report.wrong_picks.veto < 1e-9);
    assert_eq!(report.recommendation, Recommendation::RhoVeto);
}

#[test]
fn wrong_labels_are_estimated_where_models_err() {
    // Each model errs on a tenth of the rows, on others than the other; the first 30 labels are wrong.
    let (truth, labels) = labels(30);
    let erring = |from: usize| {
        let said: Vec<usize> = truth
            .iter()
            .enumerate()
            .map(|(i, &c)| if i % 10 == from { 1 - c } else { c })
            .collect();
        sure_of(&said, 2.0)
    };
    let report = report(&erring(3), &erring(7), &labels, LENGTHS);
    // They agree on 80 rows, 24 of which have a wrong label. Right are 63 of 70, and 3 of 30 by mistake.
    assert!((report.agreement - 0.8).abs() < 1e-12 && (report.accuracy - 0.66).abs() < 1e-12);
    assert!((report.wrong_labels - 0.3).abs() < 1e-12);
    assert!((report.accuracy_on_right_labels - 0.9).abs() < 1e-12);
    // Midway and late the ten are picked that the other finds hard and the asked one does not: one finds no more of them wrong than of all. Early
    // they are the first ten on which the asked one is sure, four of which the other contradicts.
    let (both, one) = (0.3 * 0.01 / (0.3 * 0.01 + 0.7 * 0.81), 0.3);
    let expected = ((4.0 * one + 6.0 * both) / 10.0 + 2.0 * one) / 3.0;
    for picks in [report.wrong_picks.rho, report.wrong_picks.veto] {
        assert!((picks - expected).abs() < 1e-9, "{picks} {expected}");
    }
    // 34 are vetoed, of which the other is sure of 10; so it is of 56 of the 66 others.
    let higher = (10.0 / 66.0) * (10.0 / 34.0);
    let equal = (10.0 / 66.0) * (24.0 / 34.0) + (56.0 / 66.0) * (10.0 / 34.0);
    assert!((report.overlap.unwrap() - 2.0 * (higher + equal / 2.0)).abs() < 1e-9);
}

#[test]
fn the_recommendation_follows_the_reference() {
    let (truth, wrong) = labels(20);
    let (_, right) = labels(0);
    let logits = sure_of(&truth, 3.0);
    let said = |labels: &[usize], lengths| {
        let report = report(&logits, &logits, labels, lengths);
        let text = report.to_string();
        assert!(text.contains(&format!("\nrecommended: {} (", report.recommendation)), "{text}");
        report.recommendation
    };
    assert_eq!(said(&right, LENGTHS), Recommendation::Rho);
    assert_eq!(said(&wrong, LENGTHS), Recommendation::RhoVeto);
    // An unfinished reference that the model will overtake, and one that it will not.
    let unfinished = TrainingLengths { unfinished: true, ..LENGTHS };
    assert_eq!(said(&wrong, unfinished), Recommendation::RhoVeto);
    let overtaken = TrainingLengths { planned: 750, ..unfinished };
    assert_eq!(said(&wrong, overtaken), Recommendation::Uniform);
    assert_eq!(
        said(&wrong, TrainingLengths { unfinished: false, ..overtaken }),
        Recommendation::RhoVeto
    );
    // One that knows nothing.
    let blind = vec![1.0; 200];
    let report = report(&blind, &blind, &right, LENGTHS);
    assert_eq!((report.accuracy, report.recommendation), (0.5, Recommendation::Uniform));
    assert_eq!(report.overlap, None);
    assert!(report.to_string().contains("no better than always the most frequent label"));
}

#[test]
fn reports_are_read_back_and_bad_input_refused() {
    let (truth, labels) = labels(20);
    let logits = sure_of(&truth, 3.0);
    let written = report(&logits, &logits, &labels, LENGTHS);
    let text = serde_json::to_string(&written).unwrap();
    assert!(text.contains("\"recommendation\":\"rho-veto\""), "{text}");
    assert_eq!(serde_json::from_str::<ReferenceReport>(&text).unwrap(), written);
    let rows = Rows::new(&logits, 2).unwrap();
    let said = |asked, other, labels: &[usize]| {
        ReferenceReport::new(asked, other, labels, LENGTHS).unwrap_err().to_string()
    };
    let nothing = Rows::new(&[], 2).unwrap();
    assert_eq!(said(nothing, nothing, &[]), "there are no examples: at least one is needed");
    assert!(said(rows, rows, &labels[1..]).starts_with("labels has 99 entries"));
    assert!(said(rows, Rows::new(&logits, 1).unwrap(), &labels).contains("logits of the other"));
    let mut beyond = labels.clone();
    beyond[3] = 2;
    assert!(said(rows, rows, &beyond).starts_with("label at position 3 is 2"));
    // A class that cannot be is ordinary, also where it is the label.
    let mut masked = logits.clone();
    masked[0] = f32::NEG_INFINITY;
    let masked = Rows::new(&masked, 2).unwrap();
    let report = ReferenceReport::new(masked, masked, &labels, LENGTHS).unwrap();
    assert!(report.mean_loss.is_finite());
    let all = vec![f32::NEG_INFINITY; 200];
    let all = Rows::new(&all, 2).unwrap();
    let error = ReferenceReport::new(all, rows, &labels, LENGTHS).unwrap_err();
    assert!(matches!(error, SelectionError::NotFinite { .. }));
}
