//! Threads that stay awake between kernels.
//!
//! Waking a sleeping thread takes from 5 µs to 100 µs (the more so in a virtual machine), as long as a small kernel runs. So a
//! thread that came to help stays for [`LINGER`] and watches for the next job, as the threads of OpenMP do. The first job of
//! a burst pays for the waking, the others find the crew awake.
//!
//! There is one crew in the process and it has one job at a time. Whoever finds it busy has to do without.

use std::any::Any;
use std::cell::Cell;
use std::hint;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::ptr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicPtr, AtomicUsize, Ordering::SeqCst};
use std::thread;
use std::time::{Duration, Instant};

/// How long a helper watches for the next job: about twice what waking it would cost.
const LINGER: Duration = Duration::from_micros(200);
/// Looks at the ticket between two looks at the clock.
const LOOKS: usize = 64;

/// The job on offer, or null.
static JOB: AtomicPtr<Job<'static>> = AtomicPtr::new(ptr::null_mut());
/// Counts the jobs, so that a helper enters each of them once.
static TICKET: AtomicUsize = AtomicUsize::new(0);
/// Helpers between reading [`JOB`] and their last touch of what it points to.
static INSIDE: AtomicUsize = AtomicUsize::new(0);
/// Helpers that watch or work.
static AWAKE: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    /// Whether this thread works on a job.
    static WORKING: Cell<bool> = const { Cell::new(false) };
}

/// Calls of `run` with every number below `count`, each number once.
struct Job<'a> {
    run: &'a (dyn Fn(usize) + Sync),
    count: usize,
    /// Numbers that were taken from the front, and in the upper half those from the back.
    taken: AtomicUsize,
    /// The first panic of a helper.
    panic: Mutex<Option<Box<dyn Any + Send>>>,
}

impl Job<'_> {
    /// The owner takes numbers from the front, helpers from the back: kernels that follow one another find about the same elements in a core's cache.
    fn work(&self, owner: bool) {
        struct Restore;
        impl Drop for Restore {
            fn drop(&mut self) {
                WORKING.set(false);
            }
        }
        WORKING.set(true);
        let _restore = Restore;
        loop {
            let before = self.taken.fetch_add(if owner { 1 } else { 1 << 32 }, SeqCst);
            let (front, back) = (before & 0xFFFF_FFFF, before >> 32);
            if front + back >= self.count {
                return;
            }
            (self.run)(if owner { front } else { self.count - 1 - back });
        }
    }
}

/// Whether this thread works on a piece of a job: whatever it calls runs on it alone.
pub(super) fn is_working() -> bool {
    WORKING.get()
}

/// Calls `run` with every number below `count` on this thread and, as far as they are free, on `helpers` others. Where
/// too few are awake, `call` is asked to have [`watch`] run on another thread.
///
/// Returns false, and has called nothing, if the crew is busy.
///
/// # Panics
/// If `run` does.
pub(super) fn share(
    count: usize,
    helpers: usize,
    run: &(dyn Fn(usize) + Sync),
    call: impl Fn(),
) -> bool {
    /// Takes the job back and waits for the helpers that are inside, also when `run` panics here.
    struct Offer;
    impl Drop for Offer {
        fn drop(&mut self) {
            JOB.store(ptr::null_mut(), SeqCst);
            let mut looks = 0;
            while INSIDE.load(SeqCst) > 0 {
                looks += 1;
                // A helper that lost its core needs this one.
                if looks > 100 * LOOKS { thread::yield_now() } else { hint::spin_loop() }
            }
        }
    }
    let job = Job { run, count, taken: AtomicUsize::new(0), panic: Mutex::new(None) };
    let offer = ptr::from_ref(&job).cast_mut().cast();
    if JOB.compare_exchange(ptr::null_mut(), offer, SeqCst, SeqCst).is_err() {
        return false;
    }
    let offer = Offer;
    TICKET.fetch_add(1, SeqCst);
    for _ in AWAKE.load(SeqCst)..helpers {
        AWAKE.fetch_add(1, SeqCst);
        call();
    }
    job.work(true);
    drop(offer);
    if let Some(panic) = job.panic.into_inner().expect("nothing panics while it holds this") {
        resume_unwind(panic);
    }
    true
}

/// What a helper does: it works on every job that is offered, until none has come for [`LINGER`]. `pause` runs now and then
/// while it watches.
pub(super) fn watch(pause: impl Fn()) {
    let mut served = None;
    let mut idle_since = Instant::now();
    while idle_since.elapsed() < LINGER {
        pause();
        for _ in 0..LOOKS {
            let ticket = TICKET.load(SeqCst);
            if served != Some(ticket) {
                served = Some(ticket);
                help();
                idle_since = Instant::now();
            }
            hint::spin_loop();
        }
    }
    AWAKE.fetch_sub(1, SeqCst);
}

/// Works on the job that is on offer, if there is one.
fn help() {
    INSIDE.fetch_add(1, SeqCst);
    let job = JOB.load(SeqCst);
    // SAFETY: whoever offered the job took it back before it ended, and then waited until nobody was inside; this thread was
    // inside before it read the pointer.
    if let Some(job) = unsafe { job.as_ref() }
        && let Err(panic) = catch_unwind(AssertUnwindSafe(|| job.work(false)))
    {
        job.panic.lock().expect("nothing panics while it holds this").get_or_insert(panic);
    }
    INSIDE.fetch_sub(1, SeqCst);
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicBool;
    use std::time::Duration;

    use super::*;

    fn call() {
        thread::spawn(|| watch(|| {}));
    }

    /// Shares a job as soon as no other test has the crew.
    fn share_at_last(count: usize, helpers: usize, run: &(dyn Fn(usize) + Sync)) {
        while !share(count, helpers, run, call) {
            thread::yield_now();
        }
    }

    #[test]
    fn every_number_is_called_once() {
        for (count, helpers) in [(1, 0), (1, 3), (2, 1), (1000, 1), (1000, 7)] {
            let calls: Vec<AtomicUsize> = (0..count).map(|_| AtomicUsize::new(0)).collect();
            share_at_last(count, helpers, &|i| {
                calls[i].fetch_add(1, SeqCst);
            });
            assert!(calls.iter().all(|c| c.load(SeqCst) == 1), "{count} on {helpers}");
        }
    }

    #[test]
    fn a_helper_does_work() {
        let caller = thread::current().id();
        let helped = AtomicBool::new(false);
        // The caller's piece waits for a helper's, for at most a minute.
        share_at_last(2, 1, &|_| {
            if thread::current().id() == caller {
                let start = Instant::now();
                while !helped.load(SeqCst) && start.elapsed() < Duration::from_secs(60) {
                    thread::yield_now();
                }
            } else {
                helped.store(true, SeqCst);
            }
        });
        assert!(helped.load(SeqCst));
    }

    #[test]
    fn whoever_works_is_known_to_and_the_crew_is_busy() {
        assert!(!is_working());
        share_at_last(8, 1, &|_| {
            assert!(is_working());
            assert!(!share(1, 1, &|_| {}, call));
        });
        assert!(!is_working());
    }

    #[test]
    fn a_panic_reaches_the_caller_and_the_crew_goes_on() {
        for bad in [0, 99] {
            let all = catch_unwind(|| {
                share_at_last(100, 3, &|i| {
                    thread::sleep(Duration::from_micros(20));
                    assert!(i != bad, "piece {i} failed");
                });
            });
            let panic = all.expect_err("one piece panics");
            let message = panic.downcast_ref::<String>().expect("a message");
            assert_eq!(*message, format!("piece {bad} failed"));
            assert!(!is_working());
        }
        let sum = AtomicUsize::new(0);
        share_at_last(10, 3, &|i| {
            sum.fetch_add(i, SeqCst);
        });
        assert_eq!(sum.load(SeqCst), 45);
    }
}
