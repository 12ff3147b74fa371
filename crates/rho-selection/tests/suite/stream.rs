//! A stream in chunks gives what all at once would give.

use proptest::prelude::*;
use seedbed_rho_selection::{
    NotFinite, SelectionError, StaleLosses, StreamConfig, StreamSelection, StreamSelector, top_k,
};

/// Scores with ties, without any order.
fn scores(n: usize) -> Vec<f32> {
    (0..n as u64).map(|i| (i.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 48) as f32 / 999.0).collect()
}

fn ids(n: usize) -> Vec<u64> {
    (0..n as u64).map(|i| 3 * i + 1).collect()
}

fn in_chunks(config: StreamConfig, scores: &[f32], size: usize) -> StreamSelection {
    let ids = ids(scores.len());
    StreamSelector::select(config, ids.chunks(size).zip(scores.chunks(size))).unwrap()
}

proptest! {
    #[test]
    fn the_highest_are_those_of_all_at_once(
        scores in prop::collection::vec(prop_oneof![-9.0..9.0_f32, Just(1.0)], 1..6_000),
        share in 0.0..1.0,
        size in 1..500_usize,
    ) {
        let k = 1 + (share * (scores.len() - 1) as f64) as usize;
        let chosen = in_chunks(StreamConfig::top(k), &scores, size);
        let positions: Vec<usize> = chosen.positions.iter().map(|&p| p as usize).collect();
        prop_assert_eq!(&positions, &top_k(&scores, k).unwrap());
        prop_assert!(positions.iter().zip(&chosen.ids).all(|(&p, &id)| id == 3 * p as u64 + 1));
        prop_assert!(positions.iter().zip(&chosen.scores).all(|(&p, &s)| s == scores[p]));
        prop_assert_eq!((chosen.seen, chosen.weights.len()), (scores.len() as u64, k));
    }
}

#[test]
fn chunks_and_interruptions_make_no_difference() {
    let scores = scores(20_000);
    let ids = ids(scores.len());
    for temperature in [None, Some(5.0)] {
        let config = StreamConfig { temperature, seed: 9, ..StreamConfig::top(700) };
        let whole = in_chunks(config, &scores, scores.len());
        assert_eq!(in_chunks(config, &scores, 333), whole);
        let mut selector = StreamSelector::new(config).unwrap();
        for (ids, scores) in ids.chunks(999).zip(scores.chunks(999)) {
            selector.push(ids, scores).unwrap();
            let saved = serde_json::to_string(&selector).unwrap();
            selector = serde_json::from_str(&saved).unwrap();
        }
        assert_eq!(selector.finish().unwrap(), whole);
    }
}

#[test]
fn memory_does_not_grow_with_the_stream() {
    let mut selector = StreamSelector::new(StreamConfig::top(10)).unwrap();
    let mut longest = 0;
    // Ever higher scores: every one is kept for a while.
    for chunk in 0..200_u64 {
        let ids: Vec<u64> = (chunk * 100..(chunk + 1) * 100).collect();
        let scores: Vec<f32> = ids.iter().map(|&id| id as f32).collect();
        selector.push(&ids, &scores).unwrap();
        longest = longest.max(serde_json::to_string(&selector).unwrap().len());
    }
    assert!(longest < 100 * 1_034, "{longest} bytes");
    assert_eq!(selector.finish().unwrap().ids[9], 19_990);
}

#[test]
fn a_temperature_prefers_high_scores_and_depends_on_the_seed() {
    let scores: Vec<f32> = (0..2_000).map(|i| if i % 2 == 0 { 1.0 } else { 0.0 }).collect();
    let draw = |seed| {
        let config = StreamConfig { temperature: Some(0.5), seed, ..StreamConfig::top(200) };
        in_chunks(config, &scores, 100)
    };
    // While few are taken, each is even with probability e² / (e² + 1) = 0.88.
    let even = draw(0).scores.iter().sum::<f32>();
    assert!((160.0..190.0).contains(&even), "{even}");
    assert_ne!(draw(0), draw(1));
}

#[test]
fn bad_streams_are_refused() {
    let said = |error: SelectionError| error.to_string();
    assert_eq!(
        said(StreamSelector::new(StreamConfig::top(0)).unwrap_err()),
        "k: is 0, must be a finite number above 0"
    );
    let cold = StreamConfig { temperature: Some(0.0), ..StreamConfig::top(1) };
    assert!(StreamSelector::new(cold).is_err());
    let mut selector = StreamSelector::new(StreamConfig::top(2)).unwrap();
    assert!(selector.push(&[1], &[]).is_err());
    assert_eq!(
        said(selector.push(&[4, 5], &[1.0, f32::NAN]).unwrap_err()),
        "score of example 5 is NaN: it must be finite"
    );
    assert_eq!(selector.seen(), 0, "nothing of a bad chunk is taken");
    selector.push(&[4], &[1.0]).unwrap();
    assert_eq!(selector.clone().finish(), Err(SelectionError::TooMany { k: 2, n: 1 }));
    let extreme = StreamConfig { temperature: Some(1e-320), ..StreamConfig::top(1) };
    assert!(StreamSelector::new(extreme).is_err());
    let saved = serde_json::to_string(&StreamSelector::new(StreamConfig::top(5)).unwrap()).unwrap();
    let none = saved.replace("\"k\":5", "\"k\":0");
    let mut none: StreamSelector = serde_json::from_str(&none).unwrap();
    assert!(none.push(&[1], &[1.0]).is_err());
    let mut all = StreamSelector::new(StreamConfig::top(usize::MAX)).unwrap();
    all.push(&[1, 2], &[0.0, 1.0]).unwrap();
    assert!(all.finish().is_err());
}

#[test]
fn an_id_that_comes_twice_is_refused_at_once_and_the_stream_goes_on() {
    let mut selector = StreamSelector::new(StreamConfig::top(2)).unwrap();
    selector.push(&[4], &[1.0]).unwrap();
    for (ids, scores) in [(&[4][..], &[2.0][..]), (&[5, 4], &[3.0, 0.5]), (&[6, 6], &[1.0, 2.0])] {
        let twice = selector.push(ids, scores).unwrap_err();
        assert_eq!(twice, SelectionError::DuplicateId { id: ids[ids.len() - 1] });
        assert_eq!(selector.seen(), 1, "nothing of the chunk is taken");
    }
    // Saved and read back, it knows the ids as before.
    let saved = serde_json::to_string(&selector).unwrap();
    let mut selector: StreamSelector = serde_json::from_str(&saved).unwrap();
    assert!(selector.push(&[4], &[9.0]).is_err());
    assert_eq!(selector.finish(), Err(SelectionError::TooMany { k: 2, n: 1 }));
    selector.push(&[5, 6], &[0.5, 2.0]).unwrap();
    assert_eq!(selector.finish().unwrap().ids, [6, 4]);
    // It can be asked and go on.
    selector.push(&[7], &[1.5]).unwrap();
    assert_eq!(selector.finish().unwrap().ids, [6, 7]);
}

#[test]
fn what_is_not_finite_can_be_dropped() {
    let config = StreamConfig { not_finite: NotFinite::Drop, ..StreamConfig::top(2) };
    let mut selector = StreamSelector::new(config).unwrap();
    selector.push(&[1, 2, 3, 4], &[f32::NAN, 1.0, f32::INFINITY, 2.0]).unwrap();
    let chosen = selector.finish().unwrap();
    assert_eq!((chosen.ids, chosen.seen, chosen.dropped), (vec![4, 2], 4, 2));
}

#[test]
fn old_losses_are_scored_again() {
    let mut stale = StaleLosses::new(0);
    stale.update(&[1, 2], &[0.5, 0.7], 3).unwrap();
    assert_eq!(stale.outdated(&[2, 1, 5], 3), [2]);
    assert_eq!(stale.outdated(&[2, 1, 5], 4), [0, 1, 2]);
    assert!(stale.update(&[1, 2], &[0.1, f32::NAN], 4).is_err());
    assert_eq!(stale.of(&[2, 1]).unwrap(), [0.7, 0.5], "nothing of a bad update is noted");
    assert_eq!(stale.of(&[9]), Err(SelectionError::NeverScored { id: 9 }));
    let saved = serde_json::to_string(&stale).unwrap();
    assert_eq!(serde_json::from_str::<StaleLosses>(&saved).unwrap(), stale);
}
