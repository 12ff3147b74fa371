//! Algorithmic tasks: the targets are what the task says, whatever the lengths.

use std::collections::BTreeSet;

use proptest::prelude::*;
use seedbed_autodiff::{Rng, Tensor};
use seedbed_data::tasks::{
    Addition, AssociativeRecall, Copy, NGrams, PrioritySort, RepeatCopy, SequenceBatch,
    SequenceTask, Sequences,
};

/// The vectors of one sequence, step by step.
fn steps(x: &Tensor, sequence: usize) -> Vec<Vec<f32>> {
    let &[_, sequences, channels] = x.shape() else { panic!("{:?}", x.shape()) };
    let rows = x.data().chunks(channels).skip(sequence).step_by(sequences);
    rows.map(<[f32]>::to_vec).collect()
}

/// Inputs and targets of each sequence, after what holds for every task was looked at: shapes, bits, and no input
/// while the model answers.
fn sequences(task: &impl SequenceTask, size: usize, seed: u64) -> Vec<[Vec<Vec<f32>>; 2]> {
    let batch = task.sample(size, &mut Rng::new(seed));
    let [inputs, outputs] = task.channels();
    assert_eq!(batch.inputs.shape(), [batch.steps(), size, inputs]);
    assert_eq!(batch.targets.shape(), [batch.answers.len(), size, outputs]);
    assert!(batch.targets.data().iter().all(|&x| x == 0.0 || x == 1.0));
    (0..size).map(|i| [steps(&batch.inputs, i), steps(&batch.targets, i)]).collect()
}

fn is_blank(steps: &[Vec<f32>]) -> bool {
    steps.iter().flatten().all(|&x| x == 0.0)
}

/// A vector with nothing but one signal, which is 1.
fn is_signal(vector: &[f32], channel: usize) -> bool {
    vector.iter().enumerate().all(|(i, &x)| x == f32::from(i == channel))
}

proptest! {
    #[test]
    fn copy_asks_for_what_it_showed(length in 1_usize..12, width in 1_usize..10, size in 1_usize..4, seed: u64) {
        for [x, y] in sequences(&Copy { lengths: length..=length, width }, size, seed) {
            prop_assert_eq!((x.len(), y.len()), (2 * length + 1, length));
            for (shown, asked) in x.iter().zip(&y) {
                prop_assert_eq!(&shown[..width], &asked[..]);
                prop_assert_eq!(shown[width], 0.0);
            }
            prop_assert!(is_signal(&x[length], width) && is_blank(&x[length + 1..]));
        }
    }

    #[test]
    fn repeat_copy_asks_again_and_again_and_then_for_the_end(length in 1_usize..7, repeats in 1_usize..7, width in 1_usize..5, seed: u64) {
        let task = RepeatCopy { lengths: length..=length, repeats: repeats..=repeats, width, ..Default::default() };
        for [x, y] in sequences(&task, 2, seed) {
            prop_assert_eq!((x.len(), y.len()), (length + 2 + length * repeats + 1, length * repeats + 1));
            for (i, asked) in y[..length * repeats].iter().enumerate() {
                prop_assert_eq!(&asked[..width], &x[i % length][..width]);
                prop_assert_eq!(asked[width], 0.0);
            }
            prop_assert!(is_signal(&y[length * repeats], width));
            prop_assert!(x[..length].iter().all(|v| v[width..] == [0.0, 0.0]));
            prop_assert!(is_signal(&x[length], width) && is_blank(&x[length + 2..]));
            let number = &x[length + 1];
            prop_assert!(is_blank(&[number[..=width].to_vec()]));
            prop_assert_eq!(number[width + 1], task.normalized(repeats) as f32);
        }
    }

    #[test]
    fn recall_asks_for_the_item_after_the_query(items in 2_usize..8, item_length in 1_usize..5, width in 5_usize..8, seed: u64) {
        let task = AssociativeRecall { items: items..=items, item_length, width };
        for [x, y] in sequences(&task, 3, seed) {
            let pitch = item_length + 1;
            prop_assert_eq!(x.len(), items * pitch + 2 + 2 * item_length);
            let vectors = |from: usize| x[from..from + item_length].iter().map(|v| v[..width].to_vec()).collect::<Vec<_>>();
            for item in 0..items {
                prop_assert!(is_signal(&x[item * pitch], width));
            }
            let query = items * pitch + 1;
            prop_assert!(is_signal(&x[query - 1], width + 1) && is_signal(&x[query + item_length], width + 1));
            prop_assert!(is_blank(&x[query + item_length + 1..]));
            // Never the last: some item before it is the query, and the one behind that is the answer.
            let follows = (0..items - 1).any(|i| vectors(i * pitch + 1) == vectors(query) && vectors((i + 1) * pitch + 1) == y);
            prop_assert!(follows);
        }
    }

    #[test]
    fn sort_asks_for_the_highest_in_order(length in 1_usize..25, left_out in 0_usize..5, width in 1_usize..9, seed: u64) {
        let highest = length.saturating_sub(left_out).max(1);
        for [x, y] in sequences(&PrioritySort { length, highest, width }, 2, seed) {
            prop_assert_eq!((x.len(), y.len()), (length + 1 + highest, highest));
            prop_assert!(is_signal(&x[length], width + 1) && is_blank(&x[length + 1..]));
            prop_assert!(x[..length].iter().all(|v| v[width].abs() <= 1.0 && v[width + 1] == 0.0));
            // Selection, one after the other, instead of a sort.
            let mut left: Vec<_> = x[..length].to_vec();
            for asked in &y {
                let best = (0..left.len()).reduce(|a, b| if left[b][width] > left[a][width] { b } else { a });
                prop_assert_eq!(&left.remove(best.unwrap())[..width], &asked[..]);
            }
        }
    }

    #[test]
    fn addition_asks_for_the_sum(bits in 1_usize..20, seed: u64) {
        for [x, y] in sequences(&Addition { bits: bits..=bits }, 3, seed) {
            let number = |from: usize, to: usize, v: &[Vec<f32>]| (from..to).rev().fold(0_u64, |n, i| 2 * n + v[i][0] as u64);
            prop_assert!(is_signal(&x[bits], 1) && is_signal(&x[2 * bits + 1], 2) && is_blank(&x[2 * bits + 2..]));
            prop_assert_eq!(number(0, bits + 1, &y), number(0, bits, &x) + number(bits + 1, 2 * bits + 1, &x));
        }
    }

    #[test]
    fn the_optimum_of_ngrams_is_counted_from_the_past(context in 1_usize..5, more in 1_usize..60, seed: u64) {
        let task = NGrams { context, length: context + more };
        let batch = task.sample(2, &mut Rng::new(seed));
        for (sequence, bits) in task.optimal_bits(&batch).into_iter().enumerate() {
            let shown = steps(&batch.inputs, sequence).concat();
            let all = steps(&batch.targets, sequence).concat();
            prop_assert_eq!(shown[0], 0.0);
            prop_assert_eq!(&shown[1..], &all[..all.len() - 1]);
            // Every place is looked up in the whole past.
            let mut expected = context as f64;
            for t in context..all.len() {
                let before = |s: &usize| all[s - context..*s] == all[t - context..t];
                let past: Vec<usize> = (context..t).filter(before).collect();
                let same = past.iter().filter(|&&s| all[s] == all[t]).count();
                expected -= ((same as f64 + 0.5) / (past.len() as f64 + 1.0)).log2();
            }
            prop_assert!((bits - expected).abs() < 1e-9, "{} {}", bits, expected);
        }
    }

    #[test]
    fn resumed_sequences_are_uninterrupted(size in 1_usize..5, stop in 0_usize..5, seed: u64) {
        let mut sequences = Sequences::new(AssociativeRecall::default(), size, Rng::new(seed)).unwrap();
        sequences.by_ref().take(stop).for_each(drop);
        let saved = serde_json::to_string(&sequences.state()).unwrap();
        let mut resumed = Sequences::new(AssociativeRecall::default(), size, Rng::new(!seed)).unwrap();
        resumed.restore(&serde_json::from_str(&saved).unwrap()).unwrap();
        prop_assert_eq!(&resumed, &sequences);
        for _ in 0..3 {
            let (a, b) = (resumed.next_batch(), sequences.next_batch());
            prop_assert_eq!((a.inputs, a.targets, a.answers), (b.inputs, b.targets, b.answers));
        }
        prop_assert_eq!(resumed.drawn(), (size * (stop + 3)) as u64);
    }
}

#[test]
fn all_lengths_are_drawn_alike() {
    let mut copies = Sequences::new(Copy::default(), 1, Rng::new(0)).unwrap();
    let mut lengths = [0; 21];
    copies.by_ref().take(4_000).for_each(|batch| lengths[batch.answers.len()] += 1);
    // 200 ± 14 of each of 1 to 20.
    assert_eq!(lengths[0], 0);
    assert!(lengths[1..].iter().all(|n: &usize| n.abs_diff(200) < 5 * 14), "{lengths:?}");

    let items = AssociativeRecall::default();
    let seen: BTreeSet<usize> = Sequences::new(items, 1, Rng::new(0))
        .unwrap()
        .take(200)
        .map(|b| b.steps() / 4 - 2)
        .collect();
    assert_eq!(seen, (2..=6).collect());
}

#[test]
fn the_count_of_repeats_is_normalized_over_what_is_trained() {
    let task = RepeatCopy { repeats: 20..=20, ..Default::default() };
    let numbers: Vec<f64> = (1..=10).map(|r| task.normalized(r)).collect();
    assert!(numbers.iter().sum::<f64>().abs() < 1e-12);
    assert!((numbers.iter().map(|x| x * x).sum::<f64>() / 10.0 - 1.0).abs() < 1e-12);
    assert!((task.normalized(20) - 14.5 / 8.25_f64.sqrt()).abs() < 1e-12);
}

#[test]
fn the_best_estimator_of_ngrams_pays_what_the_paper_says() {
    let task = NGrams::default();
    let bits = task.optimal_bits(&task.sample(2_000, &mut Rng::new(0)));
    let mean = bits.iter().sum::<f64>() / bits.len() as f64;
    // Read off the paper's figure by eye: 131 to 132. The standard error is 0.4.
    assert!((131.0..134.0).contains(&mean), "{mean}");
}

/// Two sequences of three steps, answers of two bits at the last two.
fn small() -> SequenceBatch {
    let targets = Tensor::new(vec![1.0, 0.0, 0.0, 0.0, 1.0, 1.0, 0.0, 1.0], &[2, 2, 2]);
    SequenceBatch::new(Tensor::zeros(&[3, 2, 1]), targets, 1..3)
}

#[test]
fn bits_and_errors_are_of_the_answers_only() {
    let batch = small();
    assert_eq!(batch.mask::<f64>().to_vec(), [0.0, 0.0, 1.0, 1.0, 1.0, 1.0]);
    assert_eq!(batch.bits_per_sequence(), 4);
    // Whatever is said before does not count.
    let wrong = [f32::NAN, 9.0, -9.0, 50.0];
    let right = batch.targets.data().iter().map(|t| 60.0 * t - 30.0);
    let logits = |answers: &[f32]| Tensor::new([&wrong, answers].concat(), &[3, 2, 2]);
    let mut answers: Vec<f32> = right.collect();
    assert_eq!(batch.bit_errors(&logits(&answers)), [0, 0]);
    assert!(batch.bits(&logits(&answers)).item() < 1e-6);

    // The first sequence says one bit with p = 1/4 that is 1, and one with a NaN.
    answers[0] = -(3.0_f32.ln());
    assert!((batch.bits(&logits(&answers)).item() - 2.0 / 2.0).abs() < 1e-5);
    answers[4] = f32::NAN;
    assert_eq!(batch.bit_errors(&logits(&answers)), [2, 0]);
}

#[test]
#[should_panic(
    expected = "logits of shape [2, 2, 2]; they should be [steps, sequences, outputs] = [3, 2, 2]"
)]
fn logits_of_another_shape_are_refused() {
    small().bits(&Tensor::zeros(&[2, 2, 2]));
}

#[test]
fn tasks_that_make_no_sense_are_refused() {
    fn refuse(task: impl SequenceTask) -> String {
        task.check().unwrap_err().to_string()
    }
    let copy = Copy::default;
    assert_eq!(
        refuse(Copy { lengths: 0..=3, ..copy() }),
        "lengths is 0..=3; it should be a range that is not empty, from 1 or more"
    );
    #[expect(clippy::reversed_empty_ranges, reason = "that is the mistake")]
    let reversed = 4..=3;
    assert!(refuse(Copy { lengths: reversed, ..copy() }).contains("not empty"));
    assert_eq!(refuse(Copy { width: 0, ..copy() }), "width is 0; it should be at least 1");
    assert!(refuse(RepeatCopy { repeats: 0..=1, ..Default::default() }).contains("repeats"));
    assert!(
        refuse(RepeatCopy { normalized_over: 3..=3, ..Default::default() }).contains("two numbers")
    );
    assert!(refuse(AssociativeRecall { items: 1..=6, ..Default::default() }).contains("from 2"));
    assert!(refuse(NGrams { context: 5, length: 5 }).contains("length is 5"));
    assert!(refuse(NGrams { context: 40, length: 50 }).contains("context is 40"));
    assert!(refuse(PrioritySort { highest: 21, ..Default::default() }).contains("from 1 to 20"));
    assert!(refuse(Addition { bits: 0..=8 }).contains("bits"));
    assert!(Sequences::new(copy(), 0, Rng::new(0)).unwrap_err().to_string().contains("batch_size"));

    let mut sequences = Sequences::new(copy(), 2, Rng::new(0)).unwrap();
    let mut refuse = |drawn: u64, bytes: usize| {
        let state = serde_json::json!({ "drawn": drawn, "rng": vec![1; bytes] });
        sequences.restore(&serde_json::from_value(state).unwrap()).unwrap_err().to_string()
    };
    assert_eq!(refuse(4, 3), "rng is 3 bytes; it should be 56 bytes");
    assert_eq!(refuse(3, 56), "drawn is 3; it should be a multiple of the batch size, 2");
}

#[test]
fn a_task_behind_a_reference_is_the_task() {
    let task = Copy { lengths: 1..=7, width: 3 };
    let behind: &dyn SequenceTask = &&task;
    assert_eq!((behind.vectors(), behind.channels()), (Some(7), [4, 3]));
    assert_eq!(AssociativeRecall::default().vectors(), Some(18));
    assert_eq!(NGrams::default().vectors(), None);
}
