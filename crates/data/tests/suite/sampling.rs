//! Batches, splits, label noise, duplicates, imbalance.

use proptest::prelude::*;
use seedbed_autodiff::Rng;
use seedbed_data::{
    Batches, BatchesState, Flip, LabelNoise, dominated, duplicate, imbalance, long_tail, mnist,
    stratified_split,
};

fn counts(labels: impl IntoIterator<Item = usize>, classes: usize) -> Vec<usize> {
    labels.into_iter().fold(vec![0; classes], |mut counts, label| {
        counts[label] += 1;
        counts
    })
}

proptest! {
    #[test]
    fn an_epoch_has_every_row_once(rows in 1_usize..200, size in 1_usize..50, seed: u64, drop: bool) {
        let drop = drop && size <= rows;
        let mut batches = Batches::new(rows, size, Rng::new(seed)).unwrap().drop_last(drop).unwrap();
        let mut orders = Vec::new();
        for epoch in 0..3 {
            prop_assert_eq!(batches.epoch(), epoch);
            let epoch_batches: Vec<_> =
                (0..batches.batches_per_epoch()).map(|_| batches.next_rows()).collect();
            prop_assert!(epoch_batches[..epoch_batches.len() - 1].iter().all(|b| b.len() == size));
            let mut order = epoch_batches.concat();
            prop_assert_eq!(order.len(), if drop { rows / size * size } else { rows });
            orders.push(order.clone());
            order.sort_unstable();
            order.dedup();
            prop_assert_eq!(order.len(), if drop { rows / size * size } else { rows });
            prop_assert!(order.iter().all(|&row| row < rows));
        }
        prop_assert!(rows < 20 || (orders[0] != orders[1] && orders[1] != orders[2]));
    }

    #[test]
    fn resumed_is_uninterrupted(rows in 1_usize..60, size in 1_usize..20, seed: u64, stop in 0_usize..40, drop: bool) {
        let batches = Batches::new(rows, size, Rng::new(seed)).unwrap();
        let mut batches = batches.drop_last(drop && size <= rows).unwrap();
        batches.by_ref().take(stop).for_each(std::mem::drop);
        let saved = serde_json::to_vec(&batches.state()).unwrap();
        let fresh = Batches::new(rows, size, Rng::new(!seed)).unwrap();
        let mut resumed = fresh.drop_last(drop && size <= rows).unwrap();
        resumed.restore(&serde_json::from_slice(&saved).unwrap()).unwrap();
        prop_assert_eq!(&resumed, &batches);
        for _ in 0..40 {
            prop_assert_eq!(resumed.next_rows(), batches.next_rows());
        }
        prop_assert_eq!(resumed.epoch(), batches.epoch());
    }

    #[test]
    fn no_state_makes_restore_panic(rows in 0_usize..5, batch_size in 0_usize..7, drop_last: bool, position in 0_usize..9, bytes in 54_usize..58) {
        let state = serde_json::json!({
            "rows": rows, "batch_size": batch_size, "drop_last": drop_last,
            "epoch": 3, "position": position, "rng": vec![200_u8; bytes],
        });
        let state: BatchesState = serde_json::from_value(state).unwrap();
        let Ok(batches) = Batches::new(rows, batch_size, Rng::new(0)) else { return Ok(()) };
        let Ok(mut batches) = batches.drop_last(drop_last) else { return Ok(()) };
        let before = batches.clone();
        if batches.restore(&state).is_err() {
            prop_assert_eq!(batches, before);
        } else {
            prop_assert!(!batches.next_rows().is_empty());
            prop_assert_eq!(bytes, 56);
            prop_assert!(position < rows && position % batch_size == 0);
        }
    }

    #[test]
    fn splits_are_stratified(labels in proptest::collection::vec(0_usize..5, 0..200), a in 0.0..0.6, b in 0.0..0.4, seed: u64) {
        let parts = stratified_split(&labels, &[a, b], &mut Rng::new(seed)).unwrap();
        let mut all = parts.concat();
        all.sort_unstable();
        let total = all.len();
        all.dedup();
        prop_assert_eq!(all.len(), total, "a row in two parts");
        let of = counts(labels.iter().copied(), 5);
        for (part, share) in parts.iter().zip([a, b]) {
            prop_assert!(part.is_sorted());
            prop_assert!((part.len() as f64 - share * labels.len() as f64).abs() <= 1.0);
            let got = counts(part.iter().map(|&row| labels[row]), 5);
            for (got, of) in got.iter().zip(&of) {
                // Within the class's own rounding and what the classes before it carried over.
                prop_assert!((*got as f64 - share * *of as f64).abs() < 2.0);
            }
        }
    }
}

#[test]
fn a_seed_gives_the_same_rows_for_ever() {
    // Not right or wrong, but experiments are reported with their seeds: a change must be meant.
    let mut batches = Batches::new(8, 8, Rng::new(0)).unwrap();
    assert_eq!(batches.next_rows(), [2, 0, 6, 1, 3, 5, 7, 4]);
    assert_eq!(batches.next_rows(), [4, 0, 1, 6, 5, 2, 7, 3]);
    let labels: Vec<usize> = (0..12).map(|i| i % 3).collect();
    let noise = LabelNoise::Uniform { share: 0.5 };
    assert_eq!(
        noise.apply(&labels, 3, &mut Rng::new(0)).unwrap().labels,
        [0, 0, 2, 0, 1, 1, 1, 1, 1, 1, 1, 2]
    );
    let parts = stratified_split(&labels, &[0.5, 0.5], &mut Rng::new(0)).unwrap();
    assert_eq!(parts[0], [4, 6, 7, 8, 9, 11]);
}

#[test]
fn a_whole_split_leaves_nothing_out() {
    let labels = mnist::embedded().train.labels().to_vec();
    for k in [2, 3, 7] {
        let parts = stratified_split(&labels, &vec![1.0 / k as f64; k], &mut Rng::new(1)).unwrap();
        assert_eq!(parts.iter().map(Vec::len).sum::<usize>(), labels.len());
        for part in &parts {
            assert!(part.len().abs_diff(labels.len() / k) <= 1);
            let got = counts(part.iter().map(|&row| labels[row]), 10);
            let of = counts(labels.iter().copied(), 10);
            assert!(got.iter().zip(&of).all(|(g, n)| g.abs_diff(n / k) <= 2), "{got:?}");
        }
    }
    let mut rng = Rng::new(5);
    let first = stratified_split(&labels, &[0.5, 0.5], &mut rng).unwrap();
    assert_ne!(first, stratified_split(&labels, &[0.5, 0.5], &mut rng).unwrap());
    assert_eq!(first, stratified_split(&labels, &[0.5, 0.5], &mut Rng::new(5)).unwrap());
}

#[test]
fn uniform_noise_of_ten_percent_makes_nine_percent_wrong() {
    let labels: Vec<usize> = (0..50_000).map(|i| i % 10).collect();
    let noise = LabelNoise::Uniform { share: 0.1 };
    let noisy = noise.apply(&labels, 10, &mut Rng::new(3)).unwrap();
    assert_eq!(noisy.num_corrupted(), 5_000);
    // Binomial(5000, 0.9): mean 4500, standard deviation 21.
    assert!(noisy.num_wrong().abs_diff(4_500) < 5 * 21, "{}", noisy.num_wrong());
    let new = (0..50_000).filter(|&i| noisy.corrupted[i]).map(|i| noisy.labels[i]);
    // Each class gets 500 ± 21 of the new labels.
    assert!(counts(new, 10).iter().all(|&n| n.abs_diff(500) < 5 * 22));
    for (i, label) in labels.iter().enumerate() {
        assert_eq!(noisy.wrong[i], noisy.labels[i] != *label);
        assert!(noisy.corrupted[i] || !noisy.wrong[i]);
    }
    // Chosen all over the file.
    assert!(noisy.corrupted[..25_000].iter().filter(|&&c| c).count().abs_diff(2_500) < 5 * 34);
}

#[test]
fn pairs_flip_exactly_their_share_of_the_original_labels() {
    let labels: Vec<usize> = (0..1_000).map(|i| i % 10).collect();
    let noisy = LabelNoise::mnist_pairs().apply(&labels, 10, &mut Rng::new(0)).unwrap();
    // 3 → 5, 9 → 7, 4 → 9, half of 100 each; the new nines are not flipped on.
    let got = counts(noisy.labels.iter().copied(), 10);
    assert_eq!(got, [100, 100, 100, 50, 50, 150, 100, 150, 100, 100]);
    assert_eq!(noisy.num_wrong(), 150);
    assert_eq!(noisy.wrong, noisy.corrupted);
    for (&old, &new) in labels.iter().zip(&noisy.labels) {
        assert!(old == new || [(3, 5), (9, 7), (4, 9)].contains(&(old, new)));
    }

    // Two flips of one class take different rows, up to all of them.
    let flips = [1, 2].map(|to| Flip { from: 0, to, share: 0.5 }).to_vec();
    let noisy = LabelNoise::Pairs { flips }.apply(&labels, 10, &mut Rng::new(0)).unwrap();
    assert_eq!(counts(noisy.labels, 10)[..3], [0, 150, 150]);
}

#[test]
fn a_matrix_draws_from_the_row_of_the_true_class() {
    let labels: Vec<usize> = (0..30_000).map(|i| i % 3).collect();
    let rows = vec![vec![1.0, 0.0, 0.0], vec![0.2, 0.5, 0.3], vec![0.0, 1.0, 0.0]];
    let noise = LabelNoise::Matrix { rows: rows.clone() };
    let noisy = noise.apply(&labels, 3, &mut Rng::new(9)).unwrap();
    for (class, row) in rows.iter().enumerate() {
        let of_class = (0..labels.len()).filter(|&i| labels[i] == class);
        let got = counts(of_class.map(|i| noisy.labels[i]), 3);
        for (&got, p) in got.iter().zip(row) {
            let sd = (10_000.0 * p * (1.0 - p)).sqrt();
            assert!((got as f64 - 10_000.0 * p).abs() <= 5.0 * sd, "{class}: {got} at {p}");
        }
    }
    assert_eq!(noisy.wrong, noisy.corrupted);
}

#[test]
fn noise_that_makes_no_sense_is_refused() {
    let refuse =
        |noise: LabelNoise| noise.apply(&[0, 1, 2], 3, &mut Rng::new(0)).unwrap_err().to_string();
    let flips = |flips: &[(usize, usize, f64)]| LabelNoise::Pairs {
        flips: flips.iter().map(|&(from, to, share)| Flip { from, to, share }).collect(),
    };
    assert_eq!(
        refuse(LabelNoise::Uniform { share: 1.5 }),
        "share is 1.5; it should be from 0 to 1"
    );
    assert!(refuse(LabelNoise::Uniform { share: f64::NAN }).contains("share is NaN"));
    assert!(refuse(flips(&[(0, 3, 0.5)])).contains("to is 3; it should be below 3"));
    assert!(refuse(flips(&[(1, 1, 0.5)])).contains("another class than from"));
    assert!(refuse(flips(&[(0, 1, 0.6), (0, 2, 0.6)])).contains("at most 1"));
    let matrix = |rows: &[&[f64]]| LabelNoise::Matrix {
        rows: rows.iter().map(|row| row.to_vec()).collect(),
    };
    assert!(refuse(matrix(&[&[1.0, 0.0, 0.0]])).contains("the number of rows is 1"));
    assert!(refuse(matrix(&[&[1.0], &[1.0], &[1.0]])).contains("the number of columns is 1"));
    let row: &[f64] = &[0.5, 0.4, 0.0];
    assert!(refuse(matrix(&[row, row, row])).contains("the sum of a row is 0.9"));
    let row: &[f64] = &[1.5, -0.5, 0.0];
    assert!(refuse(matrix(&[row, row, row])).contains("a probability is 1.5"));
    let error = LabelNoise::Uniform { share: 0.1 }.apply(&[3], 3, &mut Rng::new(0));
    assert!(error.unwrap_err().to_string().contains("a label is 3; it should be below 3"));
}

#[test]
fn noise_is_configured_by_name() {
    let parse = serde_json::from_str::<LabelNoise>;
    assert_eq!(parse(r#"{"uniform":{"share":0.1}}"#).unwrap(), LabelNoise::Uniform { share: 0.1 });
    let flip = r#"{"pairs":{"flips":[{"from":4,"to":9,"share":0.5}]}}"#;
    let flips = vec![Flip { from: 4, to: 9, share: 0.5 }];
    assert_eq!(parse(flip).unwrap(), LabelNoise::Pairs { flips });
    assert!(parse(r#"{"uniform":{"share":0.1,"rate":2}}"#).is_err());
}

#[test]
fn duplicates_and_imbalance() {
    let rows = duplicate(1_000, 0.3, 4, &mut Rng::new(0)).unwrap();
    assert_eq!(rows.len(), 1_000 + 3 * 300);
    let times = counts(rows.iter().copied(), 1_000);
    assert_eq!(counts(times, 5), [0, 700, 0, 0, 300]);
    assert!(rows[..1_000].iter().copied().eq(0..1_000));
    assert_eq!(duplicate(3, 1.0, 1, &mut Rng::new(0)).unwrap(), [0, 1, 2]);
    assert!(duplicate(3, 1.0, 0, &mut Rng::new(0)).is_err());

    let labels: Vec<usize> = (0..1_000).map(|i| i % 10).collect();
    let rows = imbalance(&labels, &long_tail(10, 100.0), &mut Rng::new(0)).unwrap();
    assert!(rows.is_sorted());
    let got = counts(rows.iter().map(|&row| labels[row]), 10);
    assert_eq!((got[0], got[9]), (100, 1));
    assert!(got.is_sorted_by(|a, b| a > b), "{got:?}");
    let keep = [1.0, 0.0, 0.06, 0.06, 0.06, 0.06, 0.06, 0.06, 0.06, 0.06];
    let rows = imbalance(&labels, &keep, &mut Rng::new(0)).unwrap();
    let got = counts(rows.iter().map(|&row| labels[row]), 10);
    assert_eq!(got, [100, 0, 6, 6, 6, 6, 6, 6, 6, 6]);
    assert!(imbalance(&labels, &keep[..9], &mut Rng::new(0)).is_err());
    assert_eq!(long_tail(1, 10.0), [1.0]);
}

#[test]
fn batches_that_make_no_sense_are_refused() {
    assert!(Batches::new(0, 1, Rng::new(0)).is_err());
    assert!(Batches::new(1, 0, Rng::new(0)).is_err());
    assert!(Batches::new(3, 4, Rng::new(0)).unwrap().drop_last(true).is_err());
}

#[test]
fn a_few_classes_dominate_as_asked() {
    let labels: Vec<usize> = (0..10_000).map(|row| row % 10).collect();
    let keep = dominated(10, &[1, 2], 0.8).unwrap();
    let rows = imbalance(&labels, &keep, &mut Rng::new(3)).unwrap();
    let few = rows.iter().filter(|&&row| [1, 2].contains(&labels[row])).count();
    assert_eq!((few, rows.len()), (2_000, 2_504), "63 of each thousand others, rounded up");
    // The other way round, the few keep little.
    let keep = dominated(4, &[0], 0.1).unwrap();
    assert!((keep[0] - 1.0 / 3.0).abs() < 1e-12 && keep[1..] == [1.0; 3], "{keep:?}");
    for (few, share) in [(&[][..], 0.5), (&[0, 1, 2, 3][..], 0.5), (&[4][..], 0.5), (&[0][..], 1.0)]
    {
        assert!(dominated(4, few, share).is_err(), "{few:?} {share}");
    }
}

#[test]
fn clothes_are_taken_for_what_looks_like_them() {
    let labels: Vec<usize> = (0..20_000).map(|row| row % 10).collect();
    let noise = LabelNoise::fashion_confusions(0.38);
    let noisy = noise.apply(&labels, 10, &mut Rng::new(1)).unwrap();
    let of = |from: usize, to: usize| {
        labels.iter().zip(&noisy.labels).filter(|&(&a, &b)| (a, b) == (from, to)).count()
    };
    // 2,000 of each class; four standard deviations of a binomial count are below 90.
    for class in 0..10 {
        assert!(of(class, class).abs_diff(1_240) < 90, "class {class}");
    }
    assert!(of(0, 6).abs_diff(380) < 90 && of(1, 3).abs_diff(760) < 90);
    assert_eq!(of(0, 9), 0, "no T-shirt is taken for a boot");
    assert!(LabelNoise::fashion_confusions(1.5).apply(&labels, 10, &mut Rng::new(1)).is_err());
}
