//! Forks: the child has one thread, a copy of the one that forked.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::id;

use super::*;

/// Waits for the child, and fails unless it ends by itself with 0.
fn wait_for_child(child: i32) {
    let (mut status, start) = (0, Instant::now());
    // SAFETY: `status` is writable.
    while unsafe { libc::waitpid(child, &mut status, libc::WNOHANG) } == 0 {
        if start.elapsed() > Duration::from_secs(20) {
            // SAFETY: the child is ours.
            unsafe { libc::kill(child, libc::SIGKILL) };
        }
        nap(1);
    }
    assert_eq!(status, 0, "the child hangs, or fails");
}

/// The child runs `child` and ends; it must give true.
fn forked(child: impl FnOnce() -> bool) {
    // SAFETY: the child has what its thread needs, and ends without returning from here.
    let process = unsafe { libc::fork() };
    assert!(process >= 0, "fork");
    if process == 0 {
        exit_with(catch_unwind(AssertUnwindSafe(child)).unwrap_or(false));
    }
    wait_for_child(process);
}

/// Ends this process at once: its destructors belong to the parent.
fn exit_with(good: bool) -> ! {
    // SAFETY: nothing of this process is used afterwards.
    unsafe { libc::_exit(if good { 0 } else { 1 }) }
}

fn sums() -> bool {
    (0..20).all(|_| {
        let sum = AtomicUsize::new(0);
        for_each(100, LARGE, |i| {
            sum.fetch_add(i, SeqCst);
        });
        sum.into_inner() == 4950
    })
}

#[test]
fn a_child_works_alone() {
    alone("fork::a_child_works_alone", &[], || {
        with_threads(3, || {
            assert!(sums());
            // While helpers spin-wait, and when they sleep again.
            forked(sums);
            nap(20);
            forked(sums);
            assert!(sums());
        });
    });
}

#[test]
fn a_child_works_alone_though_others_were_at_work() {
    alone("fork::a_child_works_alone_though_others_were_at_work", &[], || {
        let (begun, done) = (AtomicBool::new(false), AtomicBool::new(false));
        let long = || {
            begun.store(true, SeqCst);
            assert!(wait_for(&done));
        };
        thread::scope(|scope| {
            scope.spawn(|| with_threads(2, || short_and_long(long)));
            assert!(wait_for(&begun));
            nap(20);
            let child = catch_unwind(|| with_threads(2, || forked(sums)));
            done.store(true, SeqCst);
            assert!(child.is_ok());
        });
    });
}

#[test]
fn a_child_that_lost_its_helpers_says_so() {
    alone("fork::a_child_that_lost_its_helpers_says_so", &[], || {
        with_threads(2, || {
            let (caller, parent) = (thread::current().id(), id());
            let (helping, forked) = (AtomicBool::new(false), AtomicBool::new(false));
            let piece = |_| {
                if thread::current().id() != caller {
                    helping.store(true, SeqCst);
                    assert!(wait_for(&forked));
                    return;
                }
                assert!(wait_for(&helping), "nobody helps");
                // SAFETY: the child ends below, when the job has failed.
                let process = unsafe { libc::fork() };
                assert!(process >= 0, "fork");
                if process > 0 {
                    let child = catch_unwind(|| wait_for_child(process));
                    forked.store(true, SeqCst);
                    assert!(child.is_ok());
                }
            };
            let all = catch_unwind(AssertUnwindSafe(|| for_each(2, LARGE, piece)));
            if id() != parent {
                let said = all.err().and_then(|panic| panic.downcast::<&str>().ok());
                exit_with(said.is_some_and(|said| said.contains("forked")));
            }
            all.unwrap();
        });
    });
}
