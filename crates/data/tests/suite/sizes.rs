//! Sizes that no memory holds: errors, or panics that say so, never a wrapped number and never an abort.

use ndarray::Array3;
use proptest::prelude::*;
use seedbed_autodiff::Rng;
use seedbed_data::tasks::{
    Addition, AssociativeRecall, Copy, NGrams, PrioritySort, RepeatCopy, SequenceTask, Sequences,
};
use seedbed_data::{
    Batches, Channels, DataError, Flip, FolderOptions, ImageSet, LabelNoise, Normalize, dominated,
    duplicate, folder, imbalance, resize, stratified_split,
};

use crate::samples;

/// Numbers that overflow when they are multiplied, added to, or taken as bytes.
const HUGE: [usize; 6] =
    [usize::MAX, usize::MAX - 1, 1 << 63, (1 << 63) - 1, (usize::MAX / 3) + 1, 1 << 48];

fn complaint<T>(result: Result<T, DataError>) -> String {
    match result {
        Err(error @ DataError::Invalid { .. }) => error.to_string(),
        Err(error) => panic!("{error}"),
        Ok(_) => panic!("it was accepted"),
    }
}

#[test]
fn tasks_that_no_memory_holds_are_refused() {
    for n in HUGE {
        let tasks: Vec<Box<dyn SequenceTask>> = vec![
            Box::new(Copy { lengths: 1..=n, width: 8 }),
            Box::new(Copy { lengths: 1..=2, width: n }),
            Box::new(RepeatCopy { lengths: 1..=n, ..Default::default() }),
            Box::new(RepeatCopy { repeats: 1..=n, ..Default::default() }),
            Box::new(RepeatCopy { lengths: 1..=n, repeats: 1..=n, ..Default::default() }),
            Box::new(RepeatCopy { width: n, ..Default::default() }),
            Box::new(AssociativeRecall { items: 2..=n, ..Default::default() }),
            Box::new(AssociativeRecall { item_length: n, ..Default::default() }),
            Box::new(AssociativeRecall { width: n, ..Default::default() }),
            Box::new(AssociativeRecall { items: n..=n, item_length: n, width: n }),
            Box::new(Addition { bits: 1..=n }),
            Box::new(Addition { bits: 0..=n }),
            Box::new(PrioritySort { length: n, highest: 1, width: 8 }),
            Box::new(PrioritySort { length: n, highest: n, width: n }),
            Box::new(PrioritySort { length: 2, highest: n, width: 1 }),
            Box::new(NGrams { context: 5, length: n }),
            Box::new(NGrams { context: n, length: 200 }),
        ];
        for (i, task) in tasks.iter().enumerate() {
            let message = complaint(task.check());
            assert!(message.contains("; it should be "), "{message}");
            let _ = (task.channels(), task.vectors());
            assert!(Sequences::new(&**task, 4, Rng::new(0)).is_err(), "task {i} of {n}");
        }
        assert!(complaint(Sequences::new(Copy::default(), n, Rng::new(0))).contains("batch_size"));
    }
    let message = complaint(Copy { lengths: 1..=1 << 30, width: 8 }.check());
    assert_eq!(
        message,
        "the longest sequence is 2147483649 steps with 9 channels; it should be at most 1073741824 numbers"
    );
    // Large, but there are machines for it.
    assert!(Copy { lengths: 1..=1_000_000, width: 8 }.check().is_ok());
}

#[test]
fn streams_and_rows_that_no_memory_holds_are_refused() {
    let rng = &mut Rng::new(0);
    for n in HUGE {
        assert!(complaint(Batches::new(n, 4, Rng::new(0))).starts_with("the number of rows is "));
        let mut batches = Batches::new(5, n, Rng::new(0)).unwrap();
        assert_eq!((batches.next_rows().len(), batches.epoch()), (5, 1));
        assert_eq!(seedbed_data::in_order(5, n).collect::<Vec<_>>(), [vec![0, 1, 2, 3, 4]]);
        assert!(complaint(duplicate(n, 0.1, 2, rng)).starts_with("the number of rows is "));
        assert!(complaint(duplicate(100, 0.1, n, rng)).starts_with("the number of rows is "));
        assert!(complaint(dominated(n, &[0], 0.5)).starts_with("the number of classes is "));
    }
    assert_eq!(duplicate(100, 0.0, usize::MAX, rng).unwrap().len(), 100);
}

#[test]
fn a_label_may_be_any_number() {
    let rng = &mut Rng::new(0);
    for label in HUGE {
        let labels = [0, label, 0, label];
        for part in stratified_split(&labels, &[0.5, 0.5], rng).unwrap() {
            let mut classes: Vec<usize> = part.iter().map(|&row| labels[row]).collect();
            classes.sort_unstable();
            assert_eq!(classes, [0, label]);
        }
        assert!(complaint(imbalance(&labels, &[1.0, 1.0], rng)).contains("the number of shares"));
        // One less than the number of classes, of which no table is made.
        let classes = label.saturating_add(1);
        let labels = [0, classes - 1, 1];
        let flips = vec![Flip { from: classes - 1, to: 1, share: 1.0 }];
        let noisy = LabelNoise::Pairs { flips }.apply(&labels, classes, rng).unwrap();
        assert_eq!(noisy.labels, [0, 1, 1]);
        let noise = LabelNoise::Uniform { share: 1.0 };
        assert!(noise.apply(&labels, classes, rng).is_ok());
        assert!(noise.apply(&[classes], classes, rng).is_err());
    }
}

#[test]
fn images_that_no_memory_holds_are_refused() {
    let root = tempfile::tempdir().unwrap();
    std::fs::create_dir(root.path().join("a")).unwrap();
    std::fs::write(root.path().join("a/1.png"), samples::plain_png(2, 2, 7)).unwrap();
    for n in HUGE {
        for size in [[n, 1], [1, n], [n, n]] {
            let options =
                FolderOptions { size: Some(size), channels: Channels::Rgb, ..Default::default() };
            let error = folder::read(root.path(), options).unwrap_err().to_string();
            assert!(error.contains("is announced, which is more than the limit of"), "{error}");
            let large = std::panic::catch_unwind(|| resize(Array3::zeros((2, 2, 1)).view(), size));
            let text = *large.unwrap_err().downcast::<String>().unwrap();
            assert!(text.ends_with("pixels are more than can be held"), "{text}");
        }
    }
    let options = FolderOptions { size: Some([0, 5]), ..Default::default() };
    let error = folder::read(root.path(), options).unwrap_err().to_string();
    assert_eq!(error, "size is 0×5 pixels; it should be at least 1×1");
}

#[test]
fn a_normalisation_that_makes_infinite_pixels_is_refused() {
    for (mean, std) in [(0.0, 1e-320), (0.5, 1e-40), (1e300, 1.0), (1e39, 1e-1)] {
        let message = complaint(Normalize::new(vec![0.0, mean], vec![1.0, std]));
        assert!(
            message.ends_with("it should be so large that pixels stay below 3.4e38"),
            "{message}"
        );
    }
    let extreme = Normalize::new(vec![0.5], vec![1e-37]).unwrap();
    let set = ImageSet::new(ndarray::Array4::zeros((1, 1, 1, 1)), vec![0], ["a"]).unwrap();
    assert!(set.tensor_with::<f32>(&[0], &extreme).item().is_finite());
}

#[test]
fn another_streams_state_is_refused_and_changes_nothing() {
    let new = |rows, size| Batches::new(rows, size, Rng::new(3)).unwrap();
    let mut saved = new(100, 8);
    saved.next_rows();
    let state = saved.state();
    for (mut other, says) in [
        (new(1000, 8), "the state's number of rows is 100; it should be 1000, as in this stream"),
        (new(10, 8), "the state's number of rows is 100; it should be 10, as in this stream"),
        (new(100, 4), "the state's batch_size is 8; it should be 4, as in this stream"),
        (
            new(100, 8).drop_last(true).unwrap(),
            "the state's drop_last is false; it should be true, as in this stream",
        ),
    ] {
        let before = other.clone();
        assert_eq!(complaint(other.restore(&state)), says);
        assert_eq!(other, before);
    }
    let mut same = new(100, 8);
    same.restore(&state).unwrap();
    assert_eq!(same, saved);

    let mut sequences = Sequences::new(Copy::default(), 8, Rng::new(0)).unwrap();
    sequences.next_batch();
    let mut other = Sequences::new(Copy::default(), 4, Rng::new(1)).unwrap();
    let before = other.clone();
    let message = complaint(other.restore(&sequences.state()));
    assert_eq!(message, "the state's batch_size is 8; it should be 4, as in this stream");
    assert_eq!(other, before);
}

proptest! {
    /// A share that is a whole number of rows is that number, whatever its rounding.
    #[test]
    fn shares_of_many_rows(n in 1_usize..3000, part in 0_usize..3000) {
        let part = part.min(n);
        let rows = duplicate(n, part as f64 / n as f64, 2, &mut Rng::new(0)).unwrap();
        prop_assert_eq!(rows.len(), n + part);
    }
}
