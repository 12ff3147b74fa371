//! What an error says is an id is one; and settings at the edge of what numbers can be.

use seedbed_rho_selection::pick::{Proposal, importance};
use seedbed_rho_selection::score::{
    JointScore, LaplaceConfig, LastLayerLaplace, el2n, gradient_norm, joint_scores,
    sigmoid_pair_losses,
};
use seedbed_rho_selection::{
    Candidates, IrreducibleLosses, NotFinite, Policy, Repair, Rows, Schedule, Score,
    SelectionConfig, SelectionError, Selector, StaleLosses, reducible_loss, top_k,
};

const IDS: [u64; 4] = [101, 102, 103, 104];

fn refused(config: SelectionConfig, candidates: &Candidates<'_>) -> String {
    let il = IrreducibleLosses::new(&IDS, &[-3e38; 4]).unwrap();
    let mut selector = Selector::new(config.check().unwrap(), il).unwrap();
    selector.select(candidates).unwrap_err().to_string()
}

#[test]
fn errors_about_candidates_name_ids() {
    let good = SelectionConfig { score: Score::Given, ..Default::default() };
    let proportional = Policy::Importance { proposal: Proposal::Proportional, tau: 0.0 };
    let said = refused(
        SelectionConfig { policy: proportional, ..good },
        &Candidates::new(&IDS, &[1.0, 2.0, -1.0, 0.0]),
    );
    assert!(said.starts_with("score of example 103 is -1: it must be at least 0"), "{said}");

    let three = [0.0; 12];
    let logits = Rows::new(&three, 3).unwrap();
    let batch = Candidates::new(&IDS, &[0.0; 4]).logits(logits).labels(&[0, 1, 2, 3]);
    let said = refused(good, &batch);
    assert_eq!(said, "label of example 104 is 3: it must be below the number of classes (3)");

    // The difference of two finite losses that is not.
    let said = refused(SelectionConfig::default(), &Candidates::new(&IDS, &[0.0, 0.0, 0.0, 3e38]));
    assert_eq!(said, "reducible loss of example 104 is inf: it must be finite");

    // Among the others, once some are dropped.
    let drops = SelectionConfig { policy: proportional, not_finite: NotFinite::Drop, ..good };
    let said = refused(drops, &Candidates::new(&IDS, &[f32::NAN, 2.0, 1.0, -1.0]));
    assert!(said.starts_with("score of example 104 is -1"), "{said}");

    // A number of the second sample of the second example.
    let mut sampled = vec![0.0; 16];
    sampled[11] = f32::NAN;
    let sampled = Rows::new(&sampled, 2).unwrap();
    let said = refused(
        SelectionConfig { score: Score::Bald, ..Default::default() },
        &Candidates::of_ids(&IDS).logits(sampled),
    );
    assert_eq!(said, "logit of example 102 is NaN: it must be finite");

    // A joint score beside the diagonal.
    let mut joint = vec![0.0; 16];
    joint[9] = f32::NAN;
    let said = refused(
        SelectionConfig { policy: Policy::Joint { chunks: 1 }, ..good },
        &Candidates::of_ids(&IDS).joint(Rows::new(&joint, 4).unwrap()),
    );
    assert_eq!(said, "joint score of example 103 is NaN: it must be finite");

    let mut stale = StaleLosses::new(1);
    let said = stale.update(&IDS, &[0.0, f32::INFINITY, 0.0, 0.0], 0).unwrap_err().to_string();
    assert_eq!(said, "training loss of example 102 is inf: it must be finite");
}

#[test]
fn errors_of_functions_without_ids_name_positions() {
    let said = |error: SelectionError| error.to_string();
    assert_eq!(
        said(top_k(&[0.0, 1.0, f32::NAN], 1).unwrap_err()),
        "score at position 2 is NaN: it must be finite"
    );
    let mut logits = vec![0.0; 12];
    logits[9] = f32::NAN;
    let rows = Rows::new(&logits, 2).unwrap();
    assert_eq!(
        said(gradient_norm(rows, &[0; 6]).unwrap_err()),
        "logit at position 4 is NaN: it must be finite"
    );
    assert_eq!(
        said(el2n(rows, &[0; 3]).unwrap_err()),
        "logit at position 1 is NaN: it must be finite"
    );
    assert_eq!(
        said(el2n(Rows::new(&[0.0; 12], 2).unwrap(), &[0, 9, 0]).unwrap_err()),
        "label at position 1 is 9: it must be below the number of classes (2)"
    );
    assert_eq!(
        said(reducible_loss(&[0.0, f32::MAX], &[0.0, -f32::MAX]).unwrap_err()),
        "reducible loss at position 1 is inf: it must be finite"
    );
    let large = [0.0, 0.0, f32::MAX, 0.0];
    let small = large.map(|x| -x);
    let joint = joint_scores(
        Rows::new(&large, 2).unwrap(),
        Rows::new(&small, 2).unwrap(),
        JointScore::Learnability,
    );
    assert_eq!(said(joint.unwrap_err()), "joint score at position 1 is inf: it must be finite");
}

#[test]
#[should_panic(expected = "Repair::veto: is for 0 classes, must be for at least 2")]
fn a_veto_for_no_classes_is_a_fault_of_the_caller() {
    Repair::veto(0);
}

#[test]
fn settings_at_the_edge_of_numbers_are_refused_or_right() {
    let good = SelectionConfig::default();
    let bad = |config: SelectionConfig| config.check().unwrap_err().to_string();
    for t in [0.0, 1e-320, 1e-101, 1e101, f64::MAX, f64::INFINITY, f64::NAN] {
        let proposal = Proposal::Softmax { temperature: t.into() };
        for policy in [
            Policy::Softmax { temperature: t.into() },
            Policy::Softmax { temperature: Schedule::Geometric { from: 1.0, to: t, steps: 9 } },
            Policy::Importance { proposal, tau: 0.0 },
        ] {
            let said = bad(SelectionConfig { policy, ..good });
            assert!(said.starts_with("policy temperature: is "), "{t} {said}");
        }
    }
    // The coldest that is taken gives the highest scores, in order, and no NaN.
    let scores = [-3e38, 3e38, 1.0, 0.0];
    for temperature in [1e-100, 1e100] {
        for policy in [
            Policy::Softmax { temperature: temperature.into() },
            Policy::Importance {
                proposal: Proposal::Softmax { temperature: temperature.into() },
                tau: 0.0,
            },
        ] {
            let config = SelectionConfig { score: Score::Given, policy, ratio: 1.0.into(), ..good };
            let mut selector = Selector::new(config.check().unwrap(), Default::default()).unwrap();
            let chosen = selector.select(&Candidates::new(&IDS, &scores)).unwrap();
            assert!(chosen.weights.iter().all(|weight| weight.is_finite()));
            if temperature < 1.0 && matches!(policy, Policy::Softmax { .. }) {
                assert_eq!(chosen.indices, [1, 2, 3, 0]);
            }
        }
    }
    for repair in [
        Repair::Veto { above: f32::NEG_INFINITY },
        Repair::Veto { above: f32::NAN },
        Repair::Clip { at: f32::INFINITY },
        Repair::Temperature { t: 1e-40 },
        Repair::Temperature { t: f32::MAX },
    ] {
        let said = bad(SelectionConfig { repair, ..good });
        assert!(said.starts_with("repair."), "{said}");
    }
    // Losses below 0 are no logarithms of probabilities.
    let below = Repair::ProbabilityDifference.of_losses(&[-200.0], &[-300.0]);
    assert!(
        below.unwrap_err().to_string().starts_with("difference of probabilities at position 0")
    );
    // What is vetoed comes last beside the largest scores, too.
    let veto = Repair::Veto { above: 1.0 };
    let scores = veto.of_losses(&[0.0, 0.0], &[2.0, 1.0]).unwrap();
    assert!(scores[0] < scores[1]);
    let scores = veto.of_losses(&[-1e9, 0.0], &[0.0, 3.0]).unwrap();
    assert!(scores[1] < scores[0], "{scores:?}");

    let edge =
        SelectionConfig { warm_up: u64::MAX - 1, every: u64::MAX, score: Score::Given, ..good };
    let mut selector = Selector::new(edge.check().unwrap(), Default::default()).unwrap();
    let mut state = selector.state();
    state.step = u64::MAX;
    selector.restore(state).unwrap();
    selector.check_batch(&Candidates::new(&IDS, &[1.0; 4])).unwrap();
    selector.select(&Candidates::new(&IDS, &[1.0; 4])).unwrap();
}

#[test]
fn extremes_of_other_settings_are_refused() {
    let config = LaplaceConfig::default();
    for (config, field) in [
        (LaplaceConfig { prior_precision: 1e-320, ..config }, "prior_precision"),
        (LaplaceConfig { prior_precision: 1e308, ..config }, "prior_precision"),
        (LaplaceConfig { effective_examples: 1e308, ..config }, "effective_examples"),
        (LaplaceConfig { samples: usize::MAX, ..config }, "samples"),
        (LaplaceConfig { momentum: f64::NAN, ..config }, "momentum"),
    ] {
        let said = LastLayerLaplace::new(2, 2, config).unwrap_err().to_string();
        assert!(said.starts_with(&format!("{field}: is ")), "{said}");
    }
    for (width, classes) in [(1 << 40, 2), (2, usize::MAX), (0, 2)] {
        assert!(LastLayerLaplace::new(width, classes, config).is_err());
    }
    let rows = Rows::new(&[1.0], 1).unwrap();
    for (scale, bias) in [(1.0, f64::INFINITY), (1.0, f64::NAN), (0.0, 0.0), (f64::NAN, 0.0)] {
        assert!(sigmoid_pair_losses(rows, scale, bias).is_err(), "{scale} {bias}");
    }
    assert!(sigmoid_pair_losses(Rows::new(&[-1.0], 1).unwrap(), 1e308, 0.0).is_err());
    let mut rng = seedbed_kernels::Rng::new(0);
    assert!(importance(&[f64::INFINITY, 1.0], 1, 0.0, &mut rng).is_err());
}
