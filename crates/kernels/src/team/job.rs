//! A job: calls of a function with every number below a count, each number once.

use std::any::Any;
use std::mem;
use std::panic::resume_unwind;

use super::sync::{AtomicUsize, Mutex, Ordering};

/// Calls of `run` with every number below `count`. It lies on the stack of its owner.
pub(super) struct Job<'a> {
    run: &'a (dyn Fn(usize) + Sync),
    count: usize,
    next: AtomicUsize,
    /// The first panic of a helper.
    panic: Mutex<Option<Box<dyn Any + Send>>>,
}

impl<'a> Job<'a> {
    pub(super) fn new(count: usize, run: &'a (dyn Fn(usize) + Sync)) -> Self {
        Job { run, count, next: AtomicUsize::new(0), panic: Mutex::new(None) }
    }

    /// Takes numbers and calls `run` with them, until none is left.
    pub(super) fn work(&self) {
        loop {
            let i = self.next.fetch_add(1, Ordering::Relaxed);
            if i >= self.count {
                return;
            }
            (self.run)(i);
        }
    }

    /// Leaves the numbers that nobody has taken: the job has failed.
    pub(super) fn stop(&self) {
        self.next.store(self.count, Ordering::Relaxed);
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
