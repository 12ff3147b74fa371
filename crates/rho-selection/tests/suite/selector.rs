//! The selector: schedules, resuming, bad input.

use seedbed_rho_selection::pick::{Draw, Proposal};
use seedbed_rho_selection::{
    Candidates, IrreducibleLosses, Known, NotFinite, Off, Policy, Repair, Rows, Schedule, Score,
    SelectionConfig, SelectionError, Selector, SelectorState,
};

const N: usize = 40;

/// Everything that any score or policy may need, a little different at every step.
struct Batch {
    ids: Vec<u64>,
    losses: Vec<f32>,
    labels: Vec<usize>,
    logits: Vec<f32>,
    features: Vec<f32>,
    joint: Vec<f32>,
}

fn numbers(n: usize, salt: u64) -> Vec<f32> {
    // SplitMix64.
    let number = |i: u64| {
        let z = (i + 10_000 * salt).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb) >> 40
    };
    (0..n as u64).map(|i| number(i + 1) as f32 / (1 << 24) as f32).collect()
}

impl Batch {
    fn new(step: u64) -> Self {
        Self {
            ids: (0..N as u64).map(|i| 5 * i).collect(),
            losses: numbers(N, step),
            labels: (0..N).map(|i| i % 3).collect(),
            logits: numbers(3 * N, step + 100),
            features: numbers(4 * N, step + 200),
            joint: numbers(N * N, step + 300),
        }
    }

    fn candidates(&self) -> Candidates<'_> {
        Candidates::new(&self.ids, &self.losses)
            .labels(&self.labels)
            .logits(Rows::new(&self.logits, 3).unwrap())
            .features(Rows::new(&self.features, 4).unwrap())
            .joint(Rows::new(&self.joint, N).unwrap())
    }
}

fn irreducible() -> IrreducibleLosses {
    let ids: Vec<u64> = (0..N as u64).map(|i| 5 * i).collect();
    IrreducibleLosses::new(&ids, &numbers(N, 77)).unwrap()
}

fn selector(config: SelectionConfig) -> Selector {
    Selector::new(config.check().unwrap(), irreducible()).unwrap()
}

fn by_policy(policy: Policy) -> SelectionConfig {
    SelectionConfig { policy, ratio: 0.2.into(), seed: 3, ..Default::default() }
}

fn policies() -> Vec<Policy> {
    let temperature = Schedule::Linear { from: 1.0, to: 0.1, steps: 5 };
    vec![
        Policy::TopK,
        Policy::Softmax { temperature },
        Policy::Importance { proposal: Proposal::Softmax { temperature }, tau: 0.0 },
        Policy::Threshold { above: 0.3 },
        Policy::ClassBalanced,
        Policy::RankLaw,
        Policy::Diverse { draw: Draw::Proportional },
        Policy::Joint { chunks: 4 },
    ]
}

#[test]
fn a_resumed_selector_goes_on_as_an_uninterrupted_one() {
    for policy in policies() {
        let config = SelectionConfig {
            warm_up: 2,
            every: 2,
            ratio: Schedule::Linear { from: 0.5, to: 0.1, steps: 8 },
            ..by_policy(policy)
        };
        let mut whole = selector(config);
        let uninterrupted: Vec<_> =
            (0..10).map(|t| whole.select(&Batch::new(t).candidates()).unwrap()).collect();
        for stop in [1, 4, 7] {
            let mut first = selector(config);
            for t in 0..stop {
                first.select(&Batch::new(t).candidates()).unwrap();
            }
            let saved = serde_json::to_string(&first.state()).unwrap();
            let mut second = selector(config);
            second.restore(serde_json::from_str(&saved).unwrap()).unwrap();
            for t in stop..10 {
                let again = second.select(&Batch::new(t).candidates()).unwrap();
                assert_eq!(again, uninterrupted[t as usize], "{policy:?} at {t}");
            }
        }
    }
}

#[test]
fn a_state_of_another_configuration_is_refused() {
    let state = selector(by_policy(Policy::TopK)).state();
    let mut other = selector(SelectionConfig { warm_up: 7, ..by_policy(Policy::TopK) });
    let error = other.restore(state).unwrap_err().to_string();
    assert!(error.starts_with("configuration: is SelectionConfig"), "{error}");
    let config = by_policy(Policy::RankLaw);
    other = selector(config);
    other.restore(SelectorState { config, step: 3 }).unwrap();
    assert_eq!(other.state().step, 3);
}

#[test]
fn every_policy_picks_within_the_batch() {
    for policy in policies() {
        let chosen = selector(by_policy(policy)).select(&Batch::new(0).candidates()).unwrap();
        let (k, unique) = (chosen.indices.len(), chosen.telemetry.unique);
        assert_eq!((chosen.weights.len(), chosen.telemetry.picked), (k, k), "{policy:?}");
        assert!(chosen.indices.iter().all(|&i| i < N));
        match policy {
            Policy::Threshold { above } => {
                assert!(k > 0 && chosen.indices.iter().all(|&i| chosen.scores[i] > above));
            }
            Policy::Importance { .. } => assert_eq!(k, 8),
            _ => assert_eq!((k, unique), (8, 8), "{policy:?}"),
        }
        let needs_scores = policy.needs_scores();
        assert_eq!(chosen.scores.len(), if needs_scores { N } else { 0 }, "{policy:?}");
    }
}

#[test]
fn steps_that_do_not_select_are_uniform_or_take_everything() {
    let config = SelectionConfig { warm_up: 3, every: 2, ..by_policy(Policy::TopK) };
    let mut selector = selector(config);
    let selected: Vec<bool> = (0..8)
        .map(|t| {
            let batch = Batch::new(t);
            assert_eq!(selector.needs_losses(), selector.selects());
            let candidates = if selector.selects() {
                batch.candidates()
            } else {
                Candidates::of_ids(&batch.ids)
            };
            let chosen = selector.select(&candidates).unwrap();
            assert_eq!(chosen.indices.len(), 8);
            assert_eq!((chosen.telemetry.step, chosen.scores.is_empty()), (t, t < 3 || t % 2 == 0));
            chosen.telemetry.selected
        })
        .collect();
    assert_eq!(selected, [false, false, false, true, false, true, false, true]);

    let config = SelectionConfig { off: Off::Everything, ..config };
    let everything =
        self::selector(config).select(&Candidates::of_ids(&Batch::new(0).ids)).unwrap();
    assert_eq!(everything.indices, (0..N).collect::<Vec<_>>());
}

#[test]
fn the_ratio_follows_its_schedule_and_short_batches_keep_it() {
    let ratio = Schedule::Linear { from: 1.0, to: 0.1, steps: 2 };
    let mut scheduled = selector(SelectionConfig { ratio, ..Default::default() });
    let picked = |selector: &mut Selector, n: usize| {
        let batch = Batch::new(0);
        selector
            .select(&Candidates::new(&batch.ids[..n], &batch.losses[..n]))
            .unwrap()
            .indices
            .len()
    };
    assert_eq!([0; 3].map(|_| picked(&mut scheduled, N)), [40, 22, 4]);
    let mut constant = selector(SelectionConfig::default());
    assert_eq!([40, 20, 11, 3, 1].map(|n| picked(&mut constant, n)), [4, 2, 1, 1, 1]);
}

#[test]
fn what_is_not_finite_is_refused_or_dropped_whatever_the_policy() {
    for policy in policies() {
        let mut batch = Batch::new(0);
        batch.losses[3] = f32::NAN;
        batch.logits[3 * 7 + 1] = f32::INFINITY;
        let error = selector(by_policy(policy)).select(&batch.candidates()).unwrap_err();
        assert_eq!(
            error.to_string(),
            "training loss of example 15 is NaN: it must be finite",
            "{policy:?}"
        );
        let config = SelectionConfig { not_finite: NotFinite::Drop, ..by_policy(policy) };
        let wrong = vec![true; N];
        let known = Known { corrupted: Some(&wrong), ..Default::default() };
        let chosen = selector(config).select(&batch.candidates().known(known)).unwrap();
        assert!(chosen.indices.iter().all(|&i| i < N && i != 3 && i != 7), "{policy:?}");
        assert_eq!((chosen.telemetry.dropped, chosen.telemetry.candidates), (2, N));
        if policy.needs_scores() {
            let dropped = (0..N).filter(|&i| chosen.scores[i].is_nan()).collect::<Vec<_>>();
            assert_eq!(dropped, [3, 7]);
        }
    }
    // A bad example spoils all of its joint scores, those of the others with it among them.
    let mut batch = Batch::new(0);
    (0..N).flat_map(|i| [i * N + 3, 3 * N + i]).for_each(|at| batch.joint[at] = f32::NAN);
    let joint = by_policy(Policy::Joint { chunks: 4 });
    let chosen = selector(SelectionConfig { not_finite: NotFinite::Drop, ..joint })
        .select(&batch.candidates())
        .unwrap();
    assert!(chosen.telemetry.dropped == 1 && !chosen.indices.contains(&3));
    batch.joint = vec![0.0; N * N];
    batch.joint[1] = f32::NAN;
    assert!(selector(joint).select(&batch.candidates()).is_err());

    let config = SelectionConfig { not_finite: NotFinite::Drop, ..Default::default() };
    let error = selector(config).select(&Candidates::new(&[5], &[f32::NAN])).unwrap_err();
    assert_eq!(error, SelectionError::AllDropped { n: 1 });
}

#[test]
fn dropping_changes_nothing_for_the_others() {
    let mut batch = Batch::new(0);
    batch.losses[0] = f32::NAN;
    let config =
        SelectionConfig { not_finite: NotFinite::Drop, ratio: 0.2.into(), ..Default::default() };
    let dropped = selector(config).select(&batch.candidates()).unwrap();
    let rest = Candidates::new(&batch.ids[1..], &batch.losses[1..]);
    let alone = selector(config).select(&rest).unwrap();
    let shifted: Vec<usize> = alone.indices.iter().map(|i| i + 1).collect();
    assert_eq!((dropped.indices, &dropped.scores[1..]), (shifted, &alone.scores[..]));
}

#[test]
fn bad_batches_are_refused_and_the_step_is_not_taken() {
    let batch = Batch::new(0);
    let mut selector = selector(SelectionConfig::default());
    let mut said = |candidates: &Candidates<'_>| {
        let message = selector.select(candidates).unwrap_err().to_string();
        assert_eq!(selector.state().step, 0);
        message
    };
    let one = [1.0];
    assert_eq!(said(&Candidates::new(&[], &[])), "there are no candidates: at least one is needed");
    assert_eq!(
        said(&Candidates::new(&[0, 5], &one)),
        "ids has 2 entries and training losses has 1: they must be as many"
    );
    assert_eq!(
        said(&Candidates::new(&[5, 0, 5], &[0.0; 3])),
        "id 5 is given twice: ids must be unique"
    );
    assert_eq!(
        said(&Candidates::new(&[3], &one)),
        "example 3 has no irreducible loss: the reference model must have scored every training \
         example (40 ids are known)"
    );
    assert_eq!(
        said(&Candidates::of_ids(&batch.ids)),
        "reducible-loss needs training losses of the candidates, and none were given: add them \
         with Candidates::new"
    );
    let logits = Rows::new(&[0.0; 6], 2).unwrap();
    assert_eq!(
        said(&Candidates::new(&[0, 5], &[1.0; 2]).logits(logits)),
        "3 rows for 2 examples: there must be one row an example, or as many for each (all of \
         the first sample, then all of the second, …)"
    );
    let logits = Rows::new(&[0.0; 4], 2).unwrap();
    assert_eq!(
        said(&Candidates::new(&[0, 5], &[1.0; 2]).logits(logits).labels(&[0, 2])),
        "label of example 5 is 2: it must be below the number of classes (2)"
    );
    let flags = [true];
    let known = Known { duplicated: Some(&flags), ..Default::default() };
    assert_eq!(
        said(&Candidates::new(&[0, 5], &[1.0; 2]).known(known)),
        "ids has 2 entries and known.duplicated has 1: they must be as many"
    );
}

#[test]
fn what_a_score_or_policy_needs_is_asked_for() {
    let (ids, losses) = ([0, 5], [1.0, 2.0]);
    let batch = Candidates::new(&ids, &losses);
    let said = |config: SelectionConfig| selector(config).select(&batch).unwrap_err().to_string();
    for (config, needs) in [
        (SelectionConfig { score: Score::Bald, ..Default::default() }, "bald needs logits"),
        (by_policy(Policy::ClassBalanced), "class-balanced needs labels"),
        (by_policy(Policy::Diverse { draw: Draw::Greedy }), "diverse needs logits"),
        (by_policy(Policy::Joint { chunks: 2 }), "joint needs joint scores"),
        (
            SelectionConfig { repair: Repair::Temperature { t: 2.0 }, ..Default::default() },
            "repair.temperature needs logits",
        ),
    ] {
        let message = said(config);
        assert!(message.starts_with(needs), "{message}");
        // Before the training starts, too, and not only after a warm-up.
        let mut later = selector(SelectionConfig { warm_up: 3, every: 2, ..config });
        later.select(&batch).unwrap();
        assert_eq!(later.check_batch(&batch).unwrap_err().to_string(), message);
        assert_eq!(later.state().step, 1);
    }
    selector(by_policy(Policy::TopK)).check_batch(&batch).unwrap();
    let proportional = Policy::Importance { proposal: Proposal::Proportional, tau: 0.0 };
    let negative = SelectionConfig { score: Score::Given, ..by_policy(proportional) };
    let error = selector(negative).select(&Candidates::new(&[0, 5], &[0.5, -1.0])).unwrap_err();
    assert!(error.to_string().starts_with("score of example 5 is -1: it must be at least 0"));
}

#[test]
fn configurations_are_checked_before_training() {
    let said = |config: SelectionConfig| config.check().unwrap_err().to_string();
    let good = SelectionConfig::default();
    for (config, right) in [
        (
            SelectionConfig { ratio: 0.0.into(), ..good },
            "ratio: is 0, must be above 0 and at most 1 at every step",
        ),
        (
            SelectionConfig { ratio: f64::NAN.into(), ..good },
            "ratio: is NaN, must be above 0 and at most 1 at every step",
        ),
        (SelectionConfig { every: 0, ..good }, "every: is 0, must be at least 1"),
        (
            by_policy(Policy::Softmax { temperature: (-1.0).into() }),
            "policy temperature: is -1, must be a finite number above 0 at every step",
        ),
        (
            by_policy(Policy::Threshold { above: f32::NAN }),
            "policy.threshold.above: is NaN, must be a finite number",
        ),
        (by_policy(Policy::Joint { chunks: 0 }), "policy.joint.chunks: is 0, must be at least 1"),
        (
            by_policy(Policy::Importance { proposal: Proposal::Proportional, tau: -1.0 }),
            "policy.importance.tau: is -1, must be a finite number, at least 0",
        ),
        (
            SelectionConfig { repair: Repair::Clip { at: 0.0 }, ..good },
            "repair.clip.at: is 0, must be a finite number above 0",
        ),
        (
            SelectionConfig { score: Score::TrainingLoss, repair: Repair::veto(10), ..good },
            "repair: is Veto { above: 2.3025851 } of the score training-loss, must be none: it \
             repairs the score reducible-loss",
        ),
    ] {
        assert_eq!(said(config), right);
    }
    let none = Selector::new(good.check().unwrap(), IrreducibleLosses::default());
    assert_eq!(
        none.unwrap_err().to_string(),
        "irreducible losses: is empty, must be those of the training set for the score \
         reducible-loss"
    );
    // A policy that looks at no scores needs nothing that these are made of.
    let diverse = by_policy(Policy::Diverse { draw: Draw::Greedy }).check().unwrap();
    Selector::new(diverse, IrreducibleLosses::default()).unwrap().check_ids(&[1, 2]).unwrap();
    let selector = selector(good);
    selector.check_ids(&[0, 5, 10]).unwrap();
    assert_eq!(selector.check_ids(&[0, 0]), Err(SelectionError::DuplicateId { id: 0 }));
    assert!(matches!(selector.check_ids(&[1]), Err(SelectionError::MissingId { id: 1, .. })));
}

#[test]
fn configurations_are_read_and_unknown_fields_refused() {
    let text = r#"{
        "score": "training-loss", "policy": {"softmax": {"temperature": {"constant": 0.5}}},
        "ratio": {"linear": {"from": 1.0, "to": 0.1, "steps": 100}}, "off": "everything"
    }"#;
    let config: SelectionConfig = serde_json::from_str(text).unwrap();
    assert_eq!((config.score, config.off), (Score::TrainingLoss, Off::Everything));
    let again = serde_json::to_string(&config).unwrap();
    assert_eq!(serde_json::from_str::<SelectionConfig>(&again).unwrap(), config);
    assert!(serde_json::from_str::<SelectionConfig>(r#"{"rate": 0.1}"#).is_err());
    let bare: SelectionConfig = serde_json::from_str(r#"{"ratio": 0.2}"#).unwrap();
    assert_eq!(bare, SelectionConfig { ratio: 0.2.into(), ..Default::default() });
    for score in
        ["bald", "el2n", "grand", "given", "low-irreducible-loss", "loss-minus-conditional-entropy"]
    {
        let read: Score = serde_json::from_value(score.into()).unwrap();
        assert_eq!(read.name(), score);
    }
}
