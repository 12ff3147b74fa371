//! The worker team of a thread: it shares its kernels with helpers from the thread pool.
//!
//! Every thread that calls kernels owns a team. A [job](Job) is open to the helpers of its owner's team alone, for a limited number of
//! them, and the owner waits for those that have entered, and for nobody else. A helper that comes late finds the job closed.
//!
//! Waking a sleeping thread costs as much as a small kernel. So helpers [stay awake](workers) for a short time, and spin-wait for the
//! next job of their owner.

mod entrants;
mod job;
#[cfg(all(test, loom))]
mod models;
mod sync;
mod workers;

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::{process, ptr};

use entrants::Entrants;
use job::Job;
use sync::{AtomicPtr, AtomicUsize, Ordering, Thread, current, park, spin_loop, yield_now};
pub(super) use workers::{help, is_working, share};

/// Looks at the entrants before the owner gives way to other threads: some ten microseconds.
const SPINS: usize = if cfg!(loom) { 1 } else { 1000 };
/// Looks before the owner sleeps: about a millisecond.
const LOOKS: usize = if cfg!(loom) { 1 } else { 3000 };

/// A thread and its helpers.
pub(super) struct Team {
    entrants: Entrants,
    /// The job that entrants work on; only they may look at it.
    job: AtomicPtr<Job<'static>>,
    owner: Thread,
    /// The process in which the helpers are.
    process: u32,
    /// Helpers that were called and have not gone.
    called: AtomicUsize,
}

impl Team {
    /// The team of the calling thread.
    fn new() -> Self {
        Team {
            entrants: Entrants::new(),
            job: AtomicPtr::new(ptr::null_mut()),
            owner: current(),
            process: process::id(),
            called: AtomicUsize::new(0),
        }
    }

    /// Calls `run` with every number below `count`, on this thread and on at most `limit` helpers. Where fewer were called, it asks `call` to
    /// bring another one.
    ///
    /// The owner calls this, and not within a job.
    ///
    /// # Panics
    /// If `run` does, or if this process was forked from one in which helpers were at work.
    fn run(&self, count: usize, limit: usize, run: &(dyn Fn(usize) + Sync), call: &dyn Fn()) {
        let job = Job::new(count, run);
        self.job.store(ptr::from_ref(&job).cast_mut().cast(), Ordering::Relaxed);
        self.entrants.open(limit);
        let own = catch_unwind(AssertUnwindSafe(|| {
            self.call(limit, call);
            job.work();
        }));
        if own.is_err() {
            job.stop();
        }
        self.entrants.close();
        self.wait();
        match own {
            Ok(()) => job.resume_panic(),
            Err(panic) => resume_unwind(panic),
        }
    }

    /// Calls helpers until there are `limit`.
    fn call(&self, limit: usize, call: &dyn Fn()) {
        let called = self.called.load(Ordering::Relaxed);
        // A forked process has no helpers, and calling them might wait for a lock that one of them held.
        if called < limit && process::id() == self.process {
            self.called.fetch_add(limit - called, Ordering::Relaxed);
            (called..limit).for_each(|_| call());
        }
    }

    /// Waits until the last entrant has left the closed job.
    fn wait(&self) {
        for look in 0..LOOKS {
            if self.entrants.is_empty() {
                return;
            }
            // A helper that lost its core may need this one.
            if look < SPINS { spin_loop() } else { yield_now() }
        }
        assert!(
            process::id() == self.process,
            "this process was forked within a parallel kernel, whose other threads it does not have"
        );
        self.entrants.owner_sleeps();
        while !self.entrants.is_empty() {
            park();
        }
    }

    /// Works on the job, if it is open; gives whether it was.
    fn help(&self) -> bool {
        if !self.entrants.enter() {
            return false;
        }
        // SAFETY: this thread has entered, so the owner stored this job before, and keeps it until this thread leaves.
        let job = unsafe { &*self.job.load(Ordering::Relaxed) };
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| job.help())) {
            job.fail(panic);
        }
        // No number is left: whoever enters now comes in vain.
        self.entrants.close();
        if self.entrants.leave() {
            self.owner.unpark();
        }
        true
    }
}
