//! Batches made on another thread, and images changed at random.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use ndarray::Array4;
use proptest::prelude::*;
use seedbed_autodiff::Rng;
use seedbed_data::{Augment, Batches, ImageSet, Prefetch};

fn images() -> ImageSet {
    let images =
        Array4::from_shape_fn((20, 4, 5, 2), |(n, y, x, c)| (n * 40 + y * 10 + x * 2 + c) as u8);
    ImageSet::new(images, (0..20).map(|i| i % 3).collect(), ["a", "b", "c"]).unwrap()
}

#[test]
fn what_is_made_ahead_is_the_same_in_the_same_order() {
    let augment = Augment { shift: 1, flip: true, cutout: 2, fill: 7 };
    let stream = |seed: u64| {
        let (set, mut rng) = (images(), Rng::new(seed));
        let mut batches = Batches::new(set.len(), 6, rng.split()).unwrap();
        std::iter::from_fn(move || {
            let batch = set.select(&batches.next_rows()).augmented(&augment, &mut rng);
            Some((batch, batches.state()))
        })
    };
    for ahead in [1, 2, 7] {
        let here: Vec<_> = stream(3).take(25).collect();
        let there: Vec<_> = Prefetch::new(ahead, stream(3)).take(25).collect();
        assert_eq!(here, there);
    }
    assert_eq!(Prefetch::new(3, 0..5).collect::<Vec<_>>(), [0, 1, 2, 3, 4]);
    // After the end it stays at the end.
    let mut one = Prefetch::new(1, [1]);
    assert_eq!([one.next(), one.next(), one.next()], [Some(1), None, None]);
}

#[test]
fn no_more_is_made_than_may_wait_and_nothing_after_a_drop() {
    let made = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&made);
    let mut prefetch =
        Prefetch::new(3, std::iter::from_fn(move || Some(counter.fetch_add(1, Ordering::SeqCst))));
    assert_eq!(prefetch.next(), Some(0));
    std::thread::sleep(Duration::from_millis(50));
    // One taken, two in the queue, one that waits for room in it, and perhaps none yet.
    let before = made.load(Ordering::SeqCst);
    assert!(before <= 4, "{before}");
    drop(prefetch);
    let after = made.load(Ordering::SeqCst);
    std::thread::sleep(Duration::from_millis(20));
    assert_eq!(made.load(Ordering::SeqCst), after, "the thread has ended");
}

#[test]
#[should_panic(expected = "the third item")]
fn a_panic_comes_through() {
    let items = (0..5).map(|i| if i == 2 { panic!("the third item") } else { i });
    let mut prefetch = Prefetch::new(1, items);
    assert_eq!([prefetch.next(), prefetch.next()], [Some(0), Some(1)]);
    prefetch.next();
}

#[test]
fn the_same_generator_makes_the_same_changes() {
    let set = images();
    let augment = Augment { shift: 2, flip: true, cutout: 3, fill: 0 };
    let [a, b] = [5, 5].map(|seed| set.augmented(&augment, &mut Rng::new(seed)));
    assert_eq!(a, b);
    assert_ne!(a, set.augmented(&augment, &mut Rng::new(6)));
    assert_eq!((a.labels(), a.ids()), (set.labels(), set.ids()));
    assert_eq!(
        set.augmented(&Augment::default(), &mut Rng::new(1)),
        set,
        "by default nothing is changed"
    );
    assert_eq!(set, images(), "the set itself is left alone");
}

proptest! {
    /// Each pixel is one of the image, at one distance from where it was, or the fill.
    #[test]
    fn shifted_images_are_parts_of_themselves(shift in 1..7_usize, seed: u64) {
        let set = images();
        let augment = Augment { shift, fill: 255, ..Augment::default() };
        let moved = set.augmented(&augment, &mut Rng::new(seed));
        for n in 0..20 {
            let (from, to) = (set.images(), moved.images());
            let fits = |down: isize, across: isize| (0..4).all(|y| (0..5).all(|x| (0..2).all(|c| {
                let (y0, x0) = (y as isize - down, x as isize - across);
                let inside = (0..4).contains(&y0) && (0..5).contains(&x0);
                to[[n, y, x, c]] == if inside { from[[n, y0 as usize, x0 as usize, c]] } else { 255 }
            })));
            let s = shift as isize;
            prop_assert!((-s..=s).any(|down| (-s..=s).any(|across| fits(down, across))));
        }
    }

    #[test]
    fn what_is_cut_out_is_a_square(side in 1..7_usize, seed: u64) {
        let set = images();
        let cut = set.augmented(&Augment { cutout: side, fill: 255, ..Augment::default() }, &mut Rng::new(seed));
        for (before, after) in set.images().outer_iter().zip(cut.images().outer_iter()) {
            let gone: Vec<_> = (0..4).flat_map(|y| (0..5).map(move |x| (y, x))).filter(|&(y, x)| before[[y, x, 0]] != after[[y, x, 0]]).collect();
            prop_assert!(!gone.is_empty(), "its middle lies in the image");
            let (ys, xs): (Vec<_>, Vec<_>) = gone.iter().copied().unzip();
            let extent = |v: &[usize]| v.iter().max().unwrap() - v.iter().min().unwrap() + 1;
            prop_assert_eq!(extent(&ys) * extent(&xs), gone.len());
            prop_assert!(extent(&ys) <= side && extent(&xs) <= side);
            prop_assert!(gone.iter().all(|&(y, x)| (0..2).all(|c| after[[y, x, c]] == 255)));
        }
    }
}

#[test]
fn half_of_the_images_are_mirrored_and_all_places_are_cut() {
    let images = Array4::from_shape_fn((4000, 2, 3, 1), |(_, y, x, _)| (y * 3 + x) as u8);
    let set = ImageSet::new(images, vec![0; 4000], ["a"]).unwrap();
    let rng = &mut Rng::new(8);
    let flipped = set.augmented(&Augment { flip: true, ..Augment::default() }, rng);
    let mirrored = flipped.images().outer_iter().filter(|image| image[[0, 0, 0]] == 2).count();
    // 2,000 with a standard deviation of 32.
    assert!((1840..2160).contains(&mirrored), "{mirrored}");
    assert!(
        flipped.images().outer_iter().all(|i| [0, 2].contains(&i[[0, 0, 0]]) && i[[1, 1, 0]] == 4)
    );
    let cut = set.augmented(&Augment { cutout: 1, fill: 9, ..Augment::default() }, rng);
    for (y, x) in [(0, 0), (0, 2), (1, 1), (1, 2)] {
        let gone = cut.images().outer_iter().filter(|image| image[[y, x, 0]] == 9).count();
        // 667 with a standard deviation of 24.
        assert!((547..787).contains(&gone), "{gone}");
    }
}
