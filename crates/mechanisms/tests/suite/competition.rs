//! Rules against their definitions, for any scores.

use proptest::prelude::*;
use seedbed_autodiff::{Rng, Tensor, grad};
use seedbed_mechanisms::competition::{Competition, Round, Rule};
use seedbed_mechanisms::{Experts, MechanismsError};

fn tensor(rows: &[Vec<f64>]) -> Tensor<f64> {
    Tensor::new(rows.concat(), &[rows.len(), rows[0].len()])
}

fn judge(rule: Rule, rows: &[Vec<f64>]) -> Round<f64> {
    let mut competition = Competition::new(rows[0].len(), rule).unwrap();
    competition.judge(&tensor(rows), &mut Rng::new(0)).unwrap()
}

/// Scores of 1 to 6 samples by 1 to 4 experts, at most one of a row NaN.
fn scores() -> impl Strategy<Value = Vec<Vec<f64>>> {
    (1_usize..5).prop_flat_map(|experts| {
        let row = (prop::collection::vec(-3.0..3.0_f64, experts), 0..2 * experts).prop_map(
            move |(mut row, nan)| {
                if nan < experts && experts > 1 {
                    row[nan] = f64::NAN;
                }
                row
            },
        );
        prop::collection::vec(row, 1..7)
    })
}

/// The highest sum of scores at which no expert has more than `capacity` samples, by trying all.
fn best_sum(rows: &[Vec<f64>], capacity: usize, taken: &mut Vec<usize>) -> f64 {
    let Some((row, rest)) = rows.split_first() else { return 0.0 };
    let mut best = f64::NEG_INFINITY;
    for expert in 0..row.len() {
        if taken[expert] < capacity {
            taken[expert] += 1;
            best = best.max(row[expert] + best_sum(rest, capacity, taken));
            taken[expert] -= 1;
        }
    }
    best
}

proptest! {
    #[test]
    fn the_highest_score_wins_and_nan_never(rows in scores()) {
        let round = judge(Rule::Argmax, &rows);
        for (row, &winner) in rows.iter().zip(round.winners()) {
            prop_assert!(row.iter().all(|&x| x.is_nan() || x <= row[winner]));
            prop_assert!(!row[winner].is_nan());
        }
        let nan = rows.iter().flatten().filter(|x| x.is_nan()).count();
        prop_assert_eq!(round.statistics.nan, nan);
        prop_assert_eq!(round.statistics.relocated, 0);
        prop_assert_eq!(round.statistics.wins.iter().sum::<usize>(), rows.len());
    }

    #[test]
    fn a_balanced_round_is_the_best_of_all_that_keep_the_capacity(rows in scores()) {
        let rows: Vec<Vec<f64>> =
            rows.iter().map(|row| row.iter().map(|x| if x.is_nan() { -3.0 } else { *x }).collect()).collect();
        let round = judge(Rule::Balanced { slack: 0.0 }, &rows);
        let experts = rows[0].len();
        let capacity = rows.len().div_ceil(experts);
        prop_assert!(round.statistics.wins.iter().all(|&wins| wins <= capacity));
        let sum: f64 = rows.iter().zip(round.winners()).map(|(row, &w)| row[w]).sum();
        let best = best_sum(&rows, capacity, &mut vec![0; experts]);
        prop_assert!((sum - best).abs() <= 1e-9, "{} against {}", sum, best);
    }

    #[test]
    fn a_balanced_round_gives_no_sample_to_nan_where_there_is_room(rows in scores()) {
        // With room for all everywhere nobody has to take what it has NaN for.
        let round = judge(Rule::Balanced { slack: 10.0 }, &rows);
        for (row, &winner) in rows.iter().zip(round.winners()) {
            prop_assert!(!row[winner].is_nan());
        }
    }

    #[test]
    fn soft_weights_are_a_softmax_without_nan(rows in scores(), temperature in 0.2..3.0_f64) {
        let round = judge(Rule::Soft { temperature }, &rows);
        let experts = rows[0].len();
        for (i, row) in rows.iter().enumerate() {
            let e: Vec<f64> = row.iter().map(|x| if x.is_nan() { 0.0 } else { (x / temperature).exp() }).collect();
            for (j, e_j) in e.iter().enumerate() {
                let weight = round.weights.data()[i * experts + j];
                prop_assert!((weight - e_j / e.iter().sum::<f64>()).abs() < 1e-9);
            }
        }
    }

    #[test]
    fn the_statistics_are_what_they_say(rows in scores()) {
        let round = judge(Rule::Argmax, &rows);
        let mut margins = Vec::new();
        for (row, &w) in rows.iter().zip(round.winners()) {
            let others = row.iter().enumerate().filter(|&(j, x)| j != w && !x.is_nan()).map(|(_, &x)| x);
            margins.extend(others.reduce(f64::max).map(|second| row[w] - second));
        }
        let mean = margins.iter().sum::<f64>() / margins.len().max(1) as f64;
        prop_assert!((round.statistics.margin - mean).abs() < 1e-12);
        prop_assert!((0.0..=1.0 + 1e-12).contains(&round.statistics.balance));
    }
}

#[test]
fn who_wins_much_needs_a_better_score() {
    let rule = Rule::LoadBias { strength: 1.0, decay: 0.5 };
    let mut competition = Competition::new(2, rule).unwrap();
    let scores = tensor(&[vec![0.3, 0.0], vec![0.3, 0.0]]);
    let rng = &mut Rng::new(0);
    assert_eq!(competition.judge(&scores, rng).unwrap().winners(), [0, 0]);
    assert_eq!(competition.shares(), [0.75, 0.25]);
    // 0.3 − ln 1.5 < 0 − ln 0.5
    let round = competition.judge(&scores, rng).unwrap();
    assert_eq!((round.winners(), round.statistics.relocated), (&[1, 1][..], 2));
    assert_eq!(competition.shares(), [0.375, 0.625]);
}

#[test]
fn a_random_round_meets_everybody_but_nan() {
    let rows = vec![vec![0.0, f64::NAN, 1.0]; 300];
    let wins = judge(Rule::Random, &rows).statistics.wins;
    assert!(wins[1] == 0 && wins[0] > 100 && wins[2] > 100, "{wins:?}");
}

#[test]
fn an_oracle_may_choose_what_scores_less() {
    let scores = tensor(&[vec![0.0, 1.0], vec![2.0, 0.0]]);
    let round = Round::of_winners(vec![0, 0], &scores).unwrap();
    assert_eq!((round.won_by(0), round.won_by(1)), (vec![0, 1], vec![]));
    assert_eq!((round.statistics.relocated, round.statistics.balance), (1, 0.0));
    assert_eq!(round.weights.to_vec(), [1.0, 0.0, 1.0, 0.0]);
}

#[test]
fn infinite_scores_are_scores() {
    let (up, down) = (f64::INFINITY, f64::NEG_INFINITY);
    assert_eq!(judge(Rule::Argmax, &[vec![down, f64::NAN]]).winners(), [0]);
    let rows = [vec![up, 0.0], vec![0.5, down], vec![1.0, 0.9], vec![2.0, 0.0]];
    let round = judge(Rule::Balanced { slack: 0.0 }, &rows);
    // Two places each: the two that lose most keep the first.
    assert_eq!(round.winners()[..2], [0, 0]);
    assert_eq!(round.statistics.wins, [2, 2]);
}

#[test]
fn outputs_are_selected_and_mixed() {
    let outputs =
        [1.0, 10.0].map(|x| Tensor::<f64>::new(vec![x, x + 1.0, x + 2.0, x + 3.0], &[2, 2]));
    let scores = tensor(&[vec![0.0, 1.0], vec![1.0, 0.0]]);
    let round =
        Competition::new(2, Rule::Argmax).unwrap().judge(&scores, &mut Rng::new(0)).unwrap();
    assert_eq!(round.select(&outputs).to_vec(), [10.0, 11.0, 3.0, 4.0]);
    assert_eq!(round.mix(&outputs), round.select(&outputs));
}

#[test]
fn the_gradient_goes_through_soft_weights_only() {
    let outputs = [1.0, 3.0].map(|x| Tensor::<f64>::full(&[1, 1], x));
    let slope = |rule| {
        grad(&tensor(&[vec![0.2, 0.1]]), |scores| {
            let mut competition = Competition::new(2, rule).unwrap();
            competition.judge(scores, &mut Rng::new(0)).unwrap().mix(&outputs).sum(..)
                + scores.sum(..) * 0.0
        })
    };
    assert_eq!(slope(Rule::Argmax).to_vec(), [0.0, 0.0]);
    // w₀ w₁ (y₀ − y₁)
    let w = 1.0 / (1.0 + (-0.1_f64).exp());
    assert!((slope(Rule::Soft { temperature: 1.0 }).data()[0] + 2.0 * w * (1.0 - w)).abs() < 1e-12);
}

#[test]
fn what_cannot_be_judged_is_refused() {
    let rng = &mut Rng::new(0);
    let error = |result: Result<Competition, MechanismsError>| result.unwrap_err().to_string();
    assert_eq!(
        error(Competition::new(0, Rule::Argmax)),
        "there are no experts, but should be at least 1"
    );
    assert_eq!(
        error(Competition::new(2, Rule::Soft { temperature: 0.0 })),
        "temperature is 0, but should be a finite number > 0"
    );
    let mut competition = Competition::new(2, Rule::Argmax).unwrap();
    let nan = tensor(&[vec![0.0, 1.0], vec![f64::NAN, f64::NAN]]);
    let before = competition.clone();
    assert_eq!(competition.judge(&nan, rng).unwrap_err(), MechanismsError::NoScore { sample: 1 });
    assert_eq!(competition, before);
    let error = competition.judge(&Tensor::<f64>::zeros(&[2, 3]), rng).unwrap_err().to_string();
    assert_eq!(
        error,
        "the shape of the scores is [2, 3], but should be [samples, 2], a score for each expert"
    );
    assert!(competition.judge(&Tensor::<f64>::zeros(&[0, 2]), rng).is_err());
    let error =
        Round::of_winners(vec![0, 2], &Tensor::<f64>::zeros(&[2, 2])).unwrap_err().to_string();
    assert_eq!(error, "sample 1 is given to expert 2, but should be given to one below 2");
}

#[test]
fn nobody_competes_where_there_are_no_experts() {
    let nobody = Experts::<f32> { experts: vec![], discriminator: crate::training::judge() };
    let x = Tensor::zeros(&[1, 8, 8, 1]);
    assert_eq!(nobody.restore(&x).unwrap_err(), MechanismsError::NoExperts);
}

/// Scores for which the work of an auction would grow with the range of the scores.
#[test]
fn a_balanced_round_ends_whatever_the_scores_are() {
    let judge_all = |rows: Vec<Vec<f64>>| {
        let round = judge(Rule::Balanced { slack: 0.0 }, &rows);
        let capacity = rows.len().div_ceil(rows[0].len());
        assert!(round.statistics.wins.iter().all(|&wins| wins <= capacity));
        round
    };
    let (nan, inf) = (f64::NAN, f64::INFINITY);
    // Equal scores; two places that all want, and a third that nobody does.
    assert_eq!(judge_all(vec![vec![1.0; 3]; 300]).statistics.wins, [100; 3]);
    assert_eq!(judge_all(vec![vec![1.0, 1.0, nan]; 300]).statistics.wins, [100; 3]);
    assert_eq!(judge_all(vec![vec![1.0, 1.0, -inf]; 300]).statistics.wins, [100; 3]);
    assert_eq!(judge_all(vec![vec![-inf; 3]; 300]).statistics.wins, [100; 3]);
    assert_eq!(judge_all(vec![vec![inf; 3]; 300]).statistics.wins, [100; 3]);
    // A range beyond that of numbers, and one next to which the differences are nothing.
    assert_eq!(judge_all(vec![vec![1.7e308, -1.7e308]; 10]).statistics.wins, [5; 2]);
    let huge = [[1e300, 0.0], [0.9, 0.1], [0.8, 0.7], [0.6, 0.5]].map(|row| row.to_vec());
    assert_eq!(judge_all(huge.to_vec()).winners(), [0, 0, 1, 1]);
    let high = [[1e15 + 2.0, 1e15], [1e15 + 1.0, 1e15]].map(|row| row.to_vec());
    assert_eq!(judge_all(high.to_vec()).winners(), [0, 1]);
    let tiny = [[2e-310, 0.0], [1e-310, 0.0]].map(|row| row.to_vec());
    assert_eq!(judge_all(tiny.to_vec()).winners(), [0, 1]);
}

#[test]
fn a_balanced_round_puts_off_nan_then_infinity_then_the_sum() {
    let judge = |rows: &[[f64; 2]]| {
        let rows: Vec<Vec<f64>> = rows.iter().map(|row| row.to_vec()).collect();
        judge(Rule::Balanced { slack: 0.0 }, &rows).winners().to_vec()
    };
    let (nan, inf) = (f64::NAN, f64::INFINITY);
    assert_eq!(judge(&[[9.0, -inf], [1.0, nan]]), [1, 0]);
    assert_eq!(judge(&[[9e300, -9e300], [1.0, -inf]]), [1, 0]);
    assert_eq!(judge(&[[1e300, 0.0], [inf, 5.0]]), [1, 0]);
    assert_eq!(judge(&[[nan, 0.0], [nan, 1.0]]), [0, 1]);
}

#[test]
fn soft_weights_at_extremes() {
    let (nan, inf) = (f64::NAN, f64::INFINITY);
    let weights = |temperature: f64, row: &[f64]| {
        let rule = Rule::Soft { temperature };
        let mut competition = Competition::new(row.len(), rule).unwrap();
        let scores = Tensor::<f32>::new(row.iter().map(|&x| x as f32).collect(), &[1, row.len()]);
        let round = competition.judge(&scores, &mut Rng::new(0)).unwrap();
        round.weights.to_vec()
    };
    for temperature in [1e-30, 1.0, 1e30] {
        assert_eq!(weights(temperature, &[inf, 1.0, inf]), [0.5, 0.0, 0.5]);
        assert_eq!(weights(temperature, &[-inf, nan, -inf]), [0.5, 0.0, 0.5]);
        assert_eq!(weights(temperature, &[2.0, nan, 2.0]), [0.5, 0.0, 0.5]);
        assert_eq!(weights(temperature, &[nan, -3e38, nan]), [0.0, 1.0, 0.0]);
    }
    assert_eq!(weights(1e-30, &[1e9, 1e9, 0.0]), [0.5, 0.5, 0.0]);
    for temperature in [0.0, 1e-320, 1e300, inf, nan] {
        assert!(Competition::new(2, Rule::Soft { temperature }).is_err(), "{temperature}");
    }
    // Nothing of a gradient is NaN where a score is not finite.
    let mut competition = Competition::new(3, Rule::Soft { temperature: 0.5 }).unwrap();
    let scores = tensor(&[vec![nan, 1.0, 2.0], vec![inf, 1.0, 2.0], vec![-inf, 1.0, 2.0]]);
    let slope = grad(&scores, |scores| {
        let round = competition.judge(scores, &mut Rng::new(0)).unwrap();
        (round.weights * Tensor::new(vec![1.0, 2.0, 3.0], &[3])).sum(..)
    });
    let p = 1.0 / (1.0 + 2_f64.exp());
    let d = 2.0 * p * (1.0 - p);
    for (found, right) in slope.data().iter().zip([0.0, -d, d, 0.0, 0.0, 0.0, 0.0, -d, d]) {
        assert!((found - right).abs() < 1e-12, "{:?}", slope.to_vec());
    }
}

#[test]
fn handicaps_are_finite() {
    let rule = |strength| Rule::LoadBias { strength, decay: 0.9 };
    assert!(Competition::new(2, rule(1e300)).is_err());
    let mut competition = Competition::new(2, rule(1e30)).unwrap();
    let scores =
        tensor(&[vec![f64::INFINITY, 1.0], vec![f64::NEG_INFINITY, 1.0], vec![1e308, -1e308]]);
    for _ in 0..50 {
        let round = competition.judge(&scores, &mut Rng::new(0)).unwrap();
        assert_eq!(round.winners(), [0, 1, 0]);
    }
}

#[test]
fn a_competition_from_a_file_is_checked() {
    let read =
        |text: &str| serde_json::from_str::<Competition>(text).map_err(|error| error.to_string());
    let good = Competition::new(3, Rule::Argmax).unwrap();
    assert_eq!(read(&serde_json::to_string(&good).unwrap()), Ok(good));
    let error = |text| read(text).unwrap_err();
    assert!(error(r#"{"rule":{"kind":"argmax"},"shares":[]}"#).contains("there are no experts"));
    assert!(error(r#"{"rule":{"kind":"argmax"},"shares":[0.5,7.0]}"#).contains("a share is 7"));
    let slack = r#"{"rule":{"kind":"balanced","slack":-1.0},"shares":[0.5,0.5]}"#;
    assert!(error(slack).contains("slack is -1"));
}

#[test]
fn what_has_no_weight_is_not_mixed() {
    let (nan, inf) = (f64::NAN, f64::INFINITY);
    let scores = tensor(&[vec![nan, 0.0, 0.0], vec![0.0, 0.0, 0.0]]);
    let mut competition = Competition::new(3, Rule::Soft { temperature: 1.0 }).unwrap();
    let outputs = |broken: f64| {
        let of = |rows: [f64; 2]| Tensor::new(rows.to_vec(), &[2, 1]);
        [of([broken, 3.0]), of([1.0, 6.0]), of([3.0, 9.0])]
    };
    for broken in [nan, inf, -inf] {
        let round = competition.judge(&scores, &mut Rng::new(0)).unwrap();
        let mixed = round.mix(&outputs(broken)).to_vec();
        assert!((mixed[0] - 2.0).abs() < 1e-12 && (mixed[1] - 6.0).abs() < 1e-12, "{mixed:?}");
        // Nor is it in a gradient.
        let slope = grad(&scores, |scores| {
            let round = competition.judge(scores, &mut Rng::new(0)).unwrap();
            round.mix(&outputs(broken)).sum(..)
        });
        assert!(slope.data().iter().all(|x| x.is_finite()), "{:?}", slope.to_vec());
        // What has a weight is.
        let all = tensor(&[vec![0.0; 3], vec![0.0; 3]]);
        let round = competition.judge(&all, &mut Rng::new(0)).unwrap();
        assert!(!round.mix(&outputs(broken)).data()[0].is_finite());
    }
}
