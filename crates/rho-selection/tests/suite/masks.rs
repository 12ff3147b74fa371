//! A class that cannot be has the logit −∞ and the probability 0. Every score then has the value that it has without the class.

use seedbed_rho_selection::pick::{Draw, diverse};
use seedbed_rho_selection::score::{
    LaplaceConfig, LastLayerLaplace, bald, conditional_entropy, el2n, entropy, fit_temperature,
    gradient_norm, last_layer_grand, least_confidence, loss_minus_conditional_entropy,
    losses_at_temperature, sigmoid_pair_losses,
};
use seedbed_rho_selection::{
    Candidates, NotFinite, Policy, Rows, Score, SelectionConfig, SelectionError, Selector,
};

const NO: f32 = f32::NEG_INFINITY;
/// Two samples of three examples over four classes, of which each row lacks some.
const MASKED: [f32; 24] = [
    1.0, NO, 0.5, -2.0, NO, NO, 3.0, 1.0, 0.0, 0.0, 0.0, NO, //
    0.2, NO, 1.5, -1.0, NO, NO, -2.0, 1.0, 0.0, 4.0, 0.0, NO,
];
const LABELS: [usize; 3] = [2, 3, 1];

/// The same with a class that is all but impossible in the place of one that is.
fn nearly() -> Vec<f32> {
    MASKED.iter().map(|&z| if z == NO { -1e4 } else { z }).collect()
}

fn alike(
    name: &str,
    masked: Result<Vec<f32>, SelectionError>,
    nearly: Result<Vec<f32>, SelectionError>,
) {
    let (masked, nearly) = (masked.unwrap(), nearly.unwrap());
    assert_eq!(masked.len(), nearly.len());
    for (a, b) in masked.iter().zip(&nearly) {
        assert!(a.is_finite() && (a - b).abs() < 1e-6, "{name}: {masked:?} {nearly:?}");
    }
}

#[test]
fn every_score_takes_classes_that_cannot_be() {
    let nearly = nearly();
    let (a, b) = (Rows::new(&MASKED, 4).unwrap(), Rows::new(&nearly, 4).unwrap());
    let (first_a, first_b) =
        (Rows::new(&MASKED[..12], 4).unwrap(), Rows::new(&nearly[..12], 4).unwrap());
    let features = [0.5, -1.0, 2.0, 0.0, 1.0, 1.0];
    let h = Rows::new(&features, 2).unwrap();
    alike("entropy", entropy(a, 3), entropy(b, 3));
    alike("bald", bald(a, 3), bald(b, 3));
    alike("conditional entropy", conditional_entropy(a, 3), conditional_entropy(b, 3));
    alike(
        "loss less conditional entropy",
        loss_minus_conditional_entropy(a, &LABELS),
        loss_minus_conditional_entropy(b, &LABELS),
    );
    alike("least confidence", least_confidence(first_a), least_confidence(first_b));
    alike("gradient norm", gradient_norm(first_a, &LABELS), gradient_norm(first_b, &LABELS));
    alike("el2n", el2n(a, &LABELS), el2n(b, &LABELS));
    alike("grand", last_layer_grand(first_a, &LABELS, h), last_layer_grand(first_b, &LABELS, h));
    alike(
        "losses",
        losses_at_temperature(first_a, &LABELS, 2.0),
        losses_at_temperature(first_b, &LABELS, 2.0),
    );
    let temperature = |rows| fit_temperature(rows, &LABELS).map(|t| vec![t as f32]);
    alike("temperature", temperature(first_a), temperature(first_b));
    let laplace = |logits| {
        let mut posterior = LastLayerLaplace::new(2, 4, LaplaceConfig::default()).unwrap();
        posterior.observe(h, logits, &LABELS)?;
        posterior.scores(h, logits, &LABELS, &[0.1, 0.2, 0.3])
    };
    alike("laplace", laplace(first_a), laplace(first_b));
    let picks = |logits| {
        let mut rng = seedbed_kernels::Rng::new(0);
        diverse(logits, &LABELS, h, 2, Draw::Greedy, &mut rng).unwrap()
    };
    assert_eq!(picks(first_a), picks(first_b));
}

#[test]
fn entropies_of_masked_classes_are_those_of_the_others() {
    // Uniform over two of five classes: ln 2. One alone: 0.
    let two = [NO, 7.0, NO, 7.0, NO];
    let one = [NO, NO, -3.0, NO, NO];
    for (row, h) in [(two, 2_f32.ln()), (one, 0.0)] {
        let rows = Rows::new(&row, 5).unwrap();
        assert!((entropy(rows, 1).unwrap()[0] - h).abs() < 1e-7);
        assert!((conditional_entropy(rows, 1).unwrap()[0] - h).abs() < 1e-7);
        assert!(bald(rows, 1).unwrap()[0].abs() < 1e-7);
    }
    // Two samples that each exclude what the other is sure of: they disagree by ln 2.
    let logits = [0.0, NO, NO, 0.0];
    assert!((bald(Rows::new(&logits, 2).unwrap(), 1).unwrap()[0] - 2_f32.ln()).abs() < 1e-7);
    // The label itself cannot be: the gradient is finite, the loss is not.
    let rows = Rows::new(&logits[..2], 2).unwrap();
    assert!((gradient_norm(rows, &[1]).unwrap()[0] - 2_f32.sqrt()).abs() < 1e-6);
    let said = losses_at_temperature(rows, &[1], 1.0).unwrap_err().to_string();
    assert_eq!(said, "cross-entropy at position 0 is inf: it must be finite");
    let said = loss_minus_conditional_entropy(rows, &[1]).unwrap_err().to_string();
    assert_eq!(said, "cross-entropy at position 0 is inf: it must be finite");
}

#[test]
fn rows_that_are_no_distribution_are_refused() {
    for bad in [[NO, NO], [f32::NAN, 0.0], [f32::INFINITY, 0.0], [NO, f32::NAN]] {
        let rows = Rows::new(&bad, 2).unwrap();
        for result in [
            entropy(rows, 1),
            bald(rows, 1),
            conditional_entropy(rows, 1),
            least_confidence(rows),
            gradient_norm(rows, &[0]),
            el2n(rows, &[0]),
            losses_at_temperature(rows, &[0], 1.0),
            loss_minus_conditional_entropy(rows, &[0]),
        ] {
            let said = result.unwrap_err().to_string();
            assert!(said.starts_with("logit at position 0 is "), "{said}");
        }
    }
}

#[test]
fn pairs_that_cannot_belong_together_cost_nothing() {
    let losses =
        sigmoid_pair_losses(Rows::new(&[1.0, NO, 0.0, 2.0], 2).unwrap(), 1.0, 0.0).unwrap();
    assert_eq!(losses[1], 0.0);
    assert!((losses[0] - (-1_f32).exp().ln_1p()).abs() < 1e-6);
    assert!((losses[2] - 2_f32.ln()).abs() < 1e-6);
    for bad in [[NO, 0.0, 0.0, 1.0], [1.0, f32::INFINITY, 0.0, 1.0], [1.0, f32::NAN, 0.0, 1.0]] {
        assert!(sigmoid_pair_losses(Rows::new(&bad, 2).unwrap(), 1.0, 0.0).is_err());
    }
}

#[test]
fn the_selector_takes_masks() {
    let ids = [1, 2, 3];
    for (score, policy) in [
        (Score::Entropy, Policy::TopK),
        (Score::El2n, Policy::TopK),
        (Score::GradientNorm, Policy::ClassBalanced),
        (Score::Given, Policy::TopK),
    ] {
        let config = SelectionConfig { score, policy, ratio: 0.7.into(), ..Default::default() };
        let mut selector = Selector::new(config.check().unwrap(), Default::default()).unwrap();
        let logits = Rows::new(&MASKED[..12], 4).unwrap();
        let batch = Candidates::new(&ids, &[0.1, 0.2, 0.3]).logits(logits).labels(&LABELS);
        let chosen = selector.select(&batch).unwrap();
        assert!(chosen.scores.iter().all(|score| score.is_finite()));
        assert_eq!((chosen.telemetry.dropped, chosen.indices.len()), (0, 2));
        // The label of the third shares the highest logit with others: no right answer.
        assert_eq!(chosen.telemetry.already_correct.unwrap().base, 0.0);
    }
    // A row without any class is dropped or refused like another that is not finite.
    let mut logits = MASKED[..12].to_vec();
    logits[4..8].fill(NO);
    let batch = Candidates::of_ids(&ids).logits(Rows::new(&logits, 4).unwrap());
    let config = SelectionConfig { score: Score::Entropy, ..Default::default() };
    let mut selector = Selector::new(config.check().unwrap(), Default::default()).unwrap();
    let said = selector.select(&batch).unwrap_err().to_string();
    assert_eq!(said, "logit of example 2 is -inf: it must be finite");
    let config = SelectionConfig { not_finite: NotFinite::Drop, ..config };
    let mut selector = Selector::new(config.check().unwrap(), Default::default()).unwrap();
    assert_eq!(selector.select(&batch).unwrap().telemetry.dropped, 1);
}
