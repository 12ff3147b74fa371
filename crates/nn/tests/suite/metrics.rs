//! Measures of predictions, against scikit-learn and against their definitions (`scripts/golden_metrics.py`).

use proptest::prelude::*;
use seedbed_autodiff::Tensor;
use seedbed_nn::loss::{self, CrossEntropy};
use seedbed_nn::metrics::{
    ConfusionMatrix, accuracy, auroc, expected_calibration_error, perplexity, predictions,
    top_k_accuracy,
};
use serde_json::Value;

type T = Tensor<f64>;

fn numbers(x: &Value) -> Vec<f64> {
    x.as_array().expect("a list").iter().map(|x| x.as_f64().expect("a number")).collect()
}

fn indices(x: &Value) -> Vec<usize> {
    numbers(x).into_iter().map(|x| x as usize).collect()
}

#[track_caller]
fn close(got: f64, want: &Value, what: &str) {
    let want = want.as_f64().expect("a number");
    assert!((got - want).abs() <= 1e-12 * (1.0 + want.abs()), "{what}: {got}, right is {want}");
}

#[test]
fn measures_and_losses_are_those_of_scikit_learn_and_numpy() {
    let cases: Vec<Value> =
        serde_json::from_str(include_str!("../golden/metrics.json")).expect("the script's JSON");
    assert_eq!(cases.len(), 5);
    for case in &cases {
        let labels = indices(&case["labels"]);
        let rows: Vec<Vec<f64>> =
            case["logits"].as_array().expect("rows").iter().map(numbers).collect();
        let (n, classes) = (rows.len(), rows[0].len());
        let logits = T::new(rows.concat(), &[n, classes]);

        let mut matrix = ConfusionMatrix::new(classes);
        let predicted: Vec<_> = indices(&case["predicted"]).into_iter().map(Some).collect();
        matrix.add(&predicted, &labels);
        for class in 0..classes {
            let row = numbers(&case["confusion"][class]);
            let counts = (0..classes).map(|p| matrix.count(class, p) as f64);
            assert_eq!(counts.collect::<Vec<_>>(), row);
            // What scikit-learn calls 0 is a share of nothing.
            let or_zero = |x: f64| if x.is_nan() { 0.0 } else { x };
            close(or_zero(matrix.precision(class)), &case["precision"][class], "precision");
            close(or_zero(matrix.recall(class)), &case["recall"][class], "recall");
            close(or_zero(matrix.f1(class)), &case["f1"][class], "F1");
        }
        close(matrix.mean_precision(), &case["macro"][0], "mean precision");
        close(matrix.mean_recall(), &case["macro"][1], "mean recall");
        close(matrix.mean_f1(), &case["macro"][2], "mean F1");

        let answers: Vec<bool> = labels.iter().map(|&label| label == 0).collect();
        let area = auroc(&numbers(&case["scores"]), &answers);
        match &case["auroc"] {
            Value::Null => assert!(area.is_nan()),
            want => close(area, want, "AUROC"),
        }
        for k in [1, 2] {
            close(top_k_accuracy(&logits, &labels, k), &case["top_k"][k - 1], "top k");
        }
        close(perplexity(&logits, &labels), &case["perplexity"], "perplexity");
        close(
            expected_calibration_error(&logits, &labels, 15),
            &case["calibration"],
            "calibration",
        );

        let plain = CrossEntropy::default().weighted(&numbers(&case["weights"]));
        let plain = if n > 1 { plain.ignoring(classes - 1) } else { plain };
        for (i, smoothing) in [0.0, 0.2].into_iter().enumerate() {
            let loss = plain.clone().smoothed(smoothing).mean(&logits, &labels).item();
            close(loss, &case["weighted"][i], "weighted cross-entropy");
        }
        let x = logits.index(1, 1);
        let targets = T::new(labels.iter().map(|&l| (l % 2) as f64).collect(), &[n]);
        let weighted = loss::bce_with_positive_weights(&x, &targets, &T::scalar(2.5)).item();
        close(weighted, &case["positive_weight"], "positive weight");
        close(loss::focal(&x, &targets, 2.0, Some(0.25)).item(), &case["focal"], "focal");
    }
}

proptest! {
    #[test]
    fn the_area_counts_pairs(pairs in prop::collection::vec((0..6_i8, any::<bool>()), 0..40)) {
        let scores: Vec<f32> = pairs.iter().map(|p| f32::from(p.0)).collect();
        let positive: Vec<bool> = pairs.iter().map(|p| p.1).collect();
        let (mut won, mut all) = (0.0, 0.0);
        for (s, _) in pairs.iter().filter(|p| p.1) {
            for (t, _) in pairs.iter().filter(|p| !p.1) {
                all += 1.0;
                won += if s > t { 1.0 } else if s == t { 0.5 } else { 0.0 };
            }
        }
        let area = auroc(&scores, &positive);
        prop_assert!(area == won / all || (all == 0.0 && area.is_nan()));
        // What turns the order round turns the area round.
        let turned: Vec<f32> = scores.iter().map(|s| -s).collect();
        prop_assert!(all == 0.0 || (auroc(&turned, &positive) + area - 1.0).abs() < 1e-12);
    }

    #[test]
    fn the_best_of_one_is_the_accuracy(scores in prop::collection::vec(0..4_i8, 12), labels in prop::collection::vec(0..4_usize, 3)) {
        let logits = Tensor::<f32>::new(scores.into_iter().map(f32::from).collect(), &[3, 4]);
        prop_assert_eq!(top_k_accuracy(&logits, &labels, 1), accuracy(&logits, &labels));
        prop_assert_eq!(top_k_accuracy(&logits, &labels, 4), 1.0);
        let mut matrix = ConfusionMatrix::new(4);
        matrix.add_logits(&logits, &labels);
        prop_assert_eq!(matrix.accuracy(), accuracy(&logits, &labels));
    }
}

#[test]
fn of_nothing_there_is_no_measure() {
    let none = Tensor::<f32>::zeros(&[0, 3]);
    assert!(top_k_accuracy(&none, &[], 1).is_nan());
    assert!(perplexity(&none, &[]).is_nan() && expected_calibration_error(&none, &[], 15).is_nan());
    assert!(auroc::<f32>(&[], &[]).is_nan() && auroc(&[1.0], &[true]).is_nan());
    let matrix = ConfusionMatrix::new(2);
    for x in
        [matrix.accuracy(), matrix.precision(0), matrix.recall(0), matrix.f1(0), matrix.mean_f1()]
    {
        assert!(x.is_nan());
    }
}

#[test]
fn what_is_no_number_is_never_right() {
    let nan = f32::NAN;
    let logits = Tensor::<f32>::new(vec![nan, 0.0, 1.0, 0.0], &[2, 2]);
    assert_eq!(predictions(&logits), [None, Some(0)]);
    assert_eq!(top_k_accuracy(&logits, &[0, 0], 2), 0.5);
    assert!(perplexity(&logits, &[0, 0]).is_nan());
    assert!(expected_calibration_error(&logits, &[0, 0], 10).is_nan());
    assert!(auroc(&[0.5, nan], &[true, false]).is_nan());
    assert_eq!(auroc(&[f32::NEG_INFINITY, f32::INFINITY], &[false, true]), 1.0);
    let mut matrix = ConfusionMatrix::new(2);
    matrix.add_logits(&logits, &[0, 0]);
    assert_eq!((matrix.missed(0), matrix.recall(0), matrix.precision(0)), (1, 0.5, 1.0));
    let mut both = matrix.clone();
    both.merge(&matrix);
    assert_eq!((both.total(), both.count(0, 0)), (4, 2));
}

#[test]
#[should_panic(expected = "ConfusionMatrix: class 2, but there are 2 classes")]
fn classes_are_checked() {
    ConfusionMatrix::new(2).add(&[Some(2)], &[0]);
}

#[test]
#[should_panic(expected = "top_k_accuracy: label 3, but there are 3 classes")]
fn labels_are_checked() {
    let _ = top_k_accuracy(&Tensor::<f32>::zeros(&[1, 3]), &[3], 1);
}
