//! Windows of a sequence of tokens.

use seedbed_autodiff::Rng;
use seedbed_data::{Windows, windows_in_order};

#[test]
fn windows_lie_in_the_text_and_every_place_is_drawn() {
    let tokens: Vec<usize> = (0..20).collect();
    let windows = Windows::new(&tokens[..], 5, 8, Rng::new(1)).unwrap();
    let mut seen = [0; 20];
    for batch in windows.take(500) {
        for (x, y) in batch.inputs.chunks(5).zip(batch.targets.chunks(5)) {
            assert!(x.windows(2).all(|pair| pair[1] == pair[0] + 1));
            assert!(x.iter().zip(y).all(|(x, y)| *y == x + 1));
            seen[x[0]] += 1;
        }
    }
    // 15 places, 4,000 windows: 267 each, with a standard deviation of 16.
    assert!(seen[..15].iter().all(|&n| (187..347).contains(&n)), "{seen:?}");
    assert_eq!(seen[15..], [0; 5]);
}

#[test]
fn the_same_seed_gives_the_same_windows_also_after_a_stop() {
    let tokens: Vec<usize> = (0..1000).map(|i| i % 7).collect();
    let new = |seed| Windows::new(&tokens[..], 16, 4, Rng::new(seed)).unwrap();
    let (mut a, mut b, mut other) = (new(3), new(3), new(4));
    let first: Vec<_> = a.by_ref().take(5).collect();
    assert_eq!(first, b.by_ref().take(5).collect::<Vec<_>>());
    assert_ne!(first, other.by_ref().take(5).collect::<Vec<_>>());
    let saved = serde_json::to_string(&a.state()).unwrap();
    other.restore(&serde_json::from_str(&saved).unwrap()).unwrap();
    assert_eq!(other.next_batch(), a.next_batch());
}

#[test]
fn in_order_every_token_is_foretold_once() {
    let tokens: Vec<usize> = (0..50).collect();
    for length in [1, 7, 48, 49] {
        let batches = windows_in_order(&tokens, length, 3).unwrap();
        let targets: Vec<usize> = batches.flat_map(|batch| batch.targets).collect();
        let whole = 49 / length * length;
        assert_eq!(targets, (1..=whole).collect::<Vec<_>>());
    }
}

#[test]
fn mistakes_are_named() {
    let error = Windows::new(&[1, 2, 3][..], 3, 1, Rng::new(0)).unwrap_err().to_string();
    assert_eq!(
        error,
        "the number of tokens is 3; it should be more than 3, the length of a window"
    );
    assert!(Windows::new(&[1, 2][..], 0, 1, Rng::new(0)).is_err());
    assert!(Windows::new(&[1, 2][..], 1, 0, Rng::new(0)).is_err());
    assert!(windows_in_order(&[], 1, 1).is_err());
    let mut windows = Windows::new(&[1, 2, 3][..], 1, 1, Rng::new(0)).unwrap();
    let other = Windows::new(&[1, 2, 3][..], 2, 1, Rng::new(0)).unwrap().state();
    let error = windows.restore(&other).unwrap_err().to_string();
    assert_eq!(error, "the state's length is 2; it should be 1, as in this stream");
}
