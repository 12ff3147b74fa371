//! A job: calls of a function with every number below a count, each number once.

use std::any::Any;
use std::mem;
use std::panic::resume_unwind;

use super::sync::{AtomicUsize, Mutex, Ordering};

/// Calls of `run` with every number below `count`. It lies on the stack of its owner.
///
/// The owner takes numbers from the front, helpers from the back: kernels that follow one another find about the same elements in a
/// core's cache.
pub(super) struct Job<'a> {
    run: &'a (dyn Fn(usize) + Sync),
    count: usize,
    /// Numbers that were taken, by anyone.
    taken: AtomicUsize,
    /// Numbers of those that helpers took.
    back: AtomicUsize,
    /// The first panic of a helper.
    panic: Mutex<Option<Box<dyn Any + Send>>>,
}

impl<'a> Job<'a> {
    pub(super) fn new(count: usize, run: &'a (dyn Fn(usize) + Sync)) -> Self {
        let [taken, back] = [0; 2].map(AtomicUsize::new);
        Job { run, count, taken, back, panic: Mutex::new(None) }
    }

    /// Whether one more number may be taken. As many are as there are, so that those of the front and those of the back never meet.
    fn take(&self) -> bool {
        self.taken.fetch_add(1, Ordering::Relaxed) < self.count
    }

    /// Calls `run` until no number is left: what the owner does, once.
    pub(super) fn work(&self) {
        for front in 0.. {
            if !self.take() {
                return;
            }
            (self.run)(front);
        }
    }

    /// Calls `run` until no number is left: what helpers do.
    pub(super) fn help(&self) {
        while self.take() {
            let back = self.back.fetch_add(1, Ordering::Relaxed);
            (self.run)(self.count - 1 - back);
        }
    }

    /// Leaves the numbers that nobody has taken: the job has failed.
    pub(super) fn stop(&self) {
        self.taken.store(self.count, Ordering::Relaxed);
    }

    /// Keeps the panic of a helper, and [stops](Self::stop).
    pub(super) fn fail(&self, panic: Box<dyn Any + Send>) {
        self.stop();
        let mut first = self.panic.lock().expect("nothing panics while it holds this");
        if first.is_none() {
            *first = Some(panic);
        } else {
            // Dropping it may panic, and then the owner would wait for this helper for ever.
            mem::forget(panic);
        }
    }

    /// Goes on with the panic of a helper, if there was one.
    pub(super) fn resume_panic(self) {
        if let Some(panic) = self.panic.into_inner().expect("nothing panics while it holds this") {
            resume_unwind(panic);
        }
    }
}
