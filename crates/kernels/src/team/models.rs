//! The team under every order of its steps that the memory model allows, by loom.
//!
//! `RUSTFLAGS="--cfg loom" cargo test --release --package seedbed-kernels --lib team::models`

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicUsize as Counter, Ordering::SeqCst};

use loom::cell::UnsafeCell;
use loom::sync::Arc;
use loom::thread;

use super::Team;

/// Explores all orders with at most this many preemptions, unless `LOOM_MAX_PREEMPTIONS` says otherwise.
const PREEMPTIONS: usize = 3;

fn explore(f: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = builder.preemption_bound.or(Some(PREEMPTIONS));
    let orders = std::sync::Arc::new(Counter::new(0));
    let counted = orders.clone();
    builder.check(move || {
        counted.fetch_add(1, SeqCst);
        f();
    });
    println!("{} orders", orders.load(SeqCst));
}

/// Data of a job on its owner's stack. Loom fails if two threads use an element at the same time, or one without seeing what another did.
struct Slots<const N: usize>([UnsafeCell<usize>; N]);

// SAFETY: loom watches every access.
unsafe impl<const N: usize> Sync for Slots<N> {}

impl<const N: usize> Slots<N> {
    fn new() -> Self {
        Slots([(); N].map(|()| UnsafeCell::new(0)))
    }

    /// Counts a call with `i`.
    fn call(&self, i: usize) {
        // SAFETY: loom watches every access.
        self.0[i].with_mut(|calls| unsafe { *calls += 1 });
    }

    /// The calls with each number.
    fn calls(&self) -> [usize; N] {
        // SAFETY: as above.
        std::array::from_fn(|i| self.0[i].with(|calls| unsafe { *calls }))
    }
}

/// `helpers` threads that look for a job so many times each, while `owner` runs.
fn with_helpers(helpers: usize, looks: usize, owner: impl FnOnce(&Team)) {
    let team = Arc::new(Team::new());
    let helper = |_| {
        let team = team.clone();
        thread::spawn(move || {
            for _ in 0..looks {
                if !team.help() {
                    thread::yield_now();
                }
            }
        })
    };
    let all: Vec<_> = (0..helpers).map(helper).collect();
    owner(&team);
    all.into_iter().for_each(|helper| helper.join().unwrap());
}

#[test]
fn a_job_is_done_when_its_owner_goes_on() {
    explore(|| {
        with_helpers(1, 2, |team| {
            let slots = Slots::<3>::new();
            team.run(3, 1, &|i| slots.call(i), &|| {});
            assert_eq!(slots.calls(), [1; 3]);
        });
    });
}

#[test]
fn two_helpers_and_two_jobs() {
    explore(|| {
        with_helpers(2, 2, |team| {
            for limit in [2, 1] {
                let slots = Slots::<2>::new();
                team.run(2, limit, &|i| slots.call(i), &|| {});
                assert_eq!(slots.calls(), [1; 2]);
            }
        });
    });
}

#[test]
fn no_more_helpers_than_places() {
    explore(|| {
        with_helpers(2, 1, |team| {
            let inside = Counter::new(0);
            let slots = Slots::<3>::new();
            let run = |i| {
                assert!(inside.fetch_add(1, SeqCst) < 2, "the owner and one helper");
                slots.call(i);
                thread::yield_now();
                inside.fetch_sub(1, SeqCst);
            };
            team.run(3, 1, &run, &|| {});
            assert_eq!(slots.calls(), [1; 3]);
        });
    });
}

#[test]
fn a_panic_reaches_the_owner_after_all_have_left() {
    explore(|| {
        with_helpers(2, 1, |team| {
            let slots = Slots::<2>::new();
            let run = |i| {
                slots.call(i);
                // Without the hook, which would print it.
                resume_unwind(Box::new(i));
            };
            let all = catch_unwind(AssertUnwindSafe(|| team.run(2, 2, &run, &|| {})));
            let i: usize = *all.unwrap_err().downcast().unwrap();
            assert_eq!(slots.calls()[i], 1);
            assert!(slots.calls().iter().all(|&calls| calls <= 1));
        });
    });
}

#[test]
fn teams_do_not_meet() {
    explore(|| {
        // A thread that owns a team and helps another one, as pool threads do.
        with_helpers(1, 1, |first| {
            let slots = Slots::<2>::new();
            let run = |i| {
                let own = Slots::<1>::new();
                let second = Team::new();
                second.run(1, 1, &|i| own.call(i), &|| {});
                assert_eq!(own.calls(), [1]);
                slots.call(i);
            };
            first.run(2, 1, &run, &|| {});
            assert_eq!(slots.calls(), [1; 2]);
        });
    });
}
