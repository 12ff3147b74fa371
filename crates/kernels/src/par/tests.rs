//! What programs may do with threads of their own, pools of their own, panics and forks.

use std::collections::HashSet;
use std::panic::catch_unwind;
#[cfg(all(target_os = "linux", not(miri)))]
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Mutex, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use super::*;
use crate::gemm::{self, Mat};

/// Work that is always worth several threads.
const LARGE: usize = usize::MAX;

/// Runs `f`, and fails if it takes a minute: it hangs.
fn ends<R: Send + 'static>(f: impl FnOnce() -> R + Send + 'static) -> R {
    let (send, receive) = mpsc::channel();
    thread::spawn(move || send.send(catch_unwind(std::panic::AssertUnwindSafe(f))));
    match receive.recv_timeout(Duration::from_secs(if cfg!(miri) { 3600 } else { 60 })) {
        Ok(Ok(result)) => result,
        Ok(Err(panic)) => std::panic::resume_unwind(panic),
        Err(_) => panic!("it hangs"),
    }
}

/// Runs this test in a process of its own, with these environment variables: what threads of other tests hold and have started is not there.
#[cfg(all(target_os = "linux", not(miri)))]
fn alone(name: &str, variables: &[(&str, &str)], test: fn()) {
    const ALONE: &str = "SEEDBED_TEST_ALONE";
    if std::env::var_os(ALONE).is_some() {
        return test();
    }
    let mut run = Command::new(std::env::current_exe().expect("the test's program"));
    run.args([&format!("par::tests::{name}"), "--exact"]).env(ALONE, "");
    let run = run.envs(variables.iter().copied()).output().expect("a process");
    let said = String::from_utf8_lossy(&run.stdout);
    assert!(run.status.success() && said.contains("1 passed"), "{said}");
}

/// Waits until `flag` is set, for at most 20 seconds; gives whether it was.
fn wait_for(flag: &AtomicBool) -> bool {
    let start = Instant::now();
    while !flag.load(SeqCst) {
        if start.elapsed() > Duration::from_secs(if cfg!(miri) { 3600 } else { 20 }) {
            return false;
        }
        thread::sleep(Duration::from_micros(50));
    }
    true
}

fn nap(milliseconds: u64) {
    thread::sleep(Duration::from_millis(milliseconds));
}

/// A product that is cut into pieces.
fn product() {
    let n = if cfg!(miri) { 8 } else { 300 };
    if cfg!(miri) {
        return for_each(n, LARGE, |_| {});
    }
    let a = vec![1.0_f32; n * n];
    let c = gemm::product([n, n, n], Mat::new(&a, n), Mat::new(&a, n));
    assert!(c.iter().all(|&x| x == n as f32));
}

/// How many calls of `enter`ed pieces run at the same time at most, and on which threads.
#[derive(Default)]
struct Census {
    inside: AtomicUsize,
    most: AtomicUsize,
    threads: Mutex<HashSet<thread::ThreadId>>,
}

impl Census {
    fn piece(&self, work: impl FnOnce()) {
        let now = self.inside.fetch_add(1, SeqCst) + 1;
        self.most.fetch_max(now, SeqCst);
        self.threads.lock().unwrap().insert(thread::current().id());
        work();
        self.inside.fetch_sub(1, SeqCst);
    }

    fn threads(&self) -> usize {
        self.threads.lock().unwrap().len()
    }
}

#[test]
fn every_number_is_called_once() {
    for threads in [1, 2, 3, 8] {
        with_threads(threads, || {
            for count in [0, 1, 2, 7, 1000] {
                let calls: Vec<AtomicUsize> = (0..count).map(|_| AtomicUsize::new(0)).collect();
                for_each(count, LARGE, |i| {
                    calls[i].fetch_add(1, SeqCst);
                });
                assert!(calls.iter().all(|c| c.load(SeqCst) == 1), "{count} on {threads}");
            }
        });
    }
}

#[test]
fn a_piece_may_start_a_thread_that_multiplies() {
    for threads in [2, 3, 8] {
        ends(move || {
            with_threads(threads, || {
                for_each(2, LARGE, |i| {
                    nap([50, 100][i]);
                    if i == 1 {
                        thread::spawn(product).join().unwrap();
                    }
                });
            });
        });
    }
    // The thread uses the global pool, and so does this one.
    ends(|| {
        for_each(2, LARGE, |i| {
            nap([50, 100][i]);
            if i == 1 {
                thread::spawn(product).join().unwrap();
            }
        });
    });
}

/// A job of two pieces: the caller's ends as soon as a helper has begun with the other one, which is `long`.
fn short_and_long(long: impl Fn() + Sync) {
    let (caller, helping) = (thread::current().id(), AtomicBool::new(false));
    for_each(2, LARGE, |_| {
        if thread::current().id() == caller {
            assert!(wait_for(&helping), "nobody helps");
        } else {
            helping.store(true, SeqCst);
            long();
        }
    });
}

#[test]
fn a_piece_may_take_a_mutex_that_is_held_around_a_product() {
    for threads in [2, 3, 8] {
        ends(move || {
            let (mutex, waits, held) =
                (Mutex::new(()), AtomicBool::new(false), AtomicBool::new(false));
            thread::scope(|scope| {
                scope.spawn(|| {
                    let _guard = mutex.lock().unwrap();
                    held.store(true, SeqCst);
                    assert!(wait_for(&waits));
                    nap(20);
                    product();
                });
                assert!(wait_for(&held));
                let piece = || {
                    waits.store(true, SeqCst);
                    drop(mutex.lock().unwrap());
                };
                with_threads(threads, || short_and_long(piece));
            });
        });
    }
}

#[test]
fn a_product_does_not_wait_for_the_pieces_of_another_thread() {
    for threads in [2, 3, 8] {
        ends(move || {
            let (begun, done) = (AtomicBool::new(false), AtomicBool::new(false));
            // This piece ends after the product.
            let long = || {
                begun.store(true, SeqCst);
                assert!(wait_for(&done), "the product waits");
            };
            thread::scope(|scope| {
                scope.spawn(|| with_threads(threads, || short_and_long(long)));
                assert!(wait_for(&begun));
                nap(20);
                product();
                done.store(true, SeqCst);
            });
        });
    }
}

#[test]
fn two_callers_at_once_in_the_same_pool() {
    let rounds = if cfg!(miri) { 3 } else { 300 };
    for threads in [1, 2, 3, 8] {
        let caller = move || {
            for count in 0..rounds {
                let sum = AtomicUsize::new(0);
                for_each(count, LARGE, |i| {
                    sum.fetch_add(i + 1, SeqCst);
                });
                assert_eq!(sum.into_inner(), count * (count + 1) / 2);
            }
        };
        ends(move || with_threads(threads, || rayon::join(caller, caller)));
        ends(move || {
            thread::scope(|scope| {
                (0..threads).for_each(|_| drop(scope.spawn(caller)));
            });
        });
    }
}

#[test]
fn calls_within_a_piece_stay_on_its_thread() {
    assert!(should_parallelize(LARGE) || rayon::current_num_threads() == 1);
    with_threads(3, || {
        for_each(6, LARGE, |_| {
            let here = thread::current().id();
            assert!(!should_parallelize(LARGE));
            for_each(4, LARGE, |_| assert_eq!(thread::current().id(), here));
            let ids = map(4, LARGE, |_| thread::current().id());
            assert!(ids.iter().all(|&id| id == here));
            nap(1);
        });
        assert!(should_parallelize(LARGE));
    });
}

#[test]
fn a_job_has_no_more_threads_than_its_pool_and_none_of_another() {
    for threads in [1, 2, 3, 8] {
        let all = Census::default();
        with_threads(threads, || {
            // Two pieces after many: helpers that are still awake must stay out.
            for count in [64, 2, 2, 2, 64, 3, 2] {
                let census = Census::default();
                for_each(count, LARGE, |_| all.piece(|| census.piece(|| nap(1))));
                let most = census.most.load(SeqCst);
                assert!(most <= threads.min(count), "{most} of {threads} at {count} pieces");
            }
        });
        assert!(all.threads() <= threads, "{} threads in a pool of {threads}", all.threads());
    }
}

#[test]
fn helpers_of_a_larger_pool_stay_out() {
    let (census, done) = (Census::default(), AtomicBool::new(false));
    let rounds = if cfg!(miri) { 2 } else { 50 };
    thread::scope(|scope| {
        // Keeps seven helpers awake.
        scope.spawn(|| {
            with_threads(8, || {
                while !done.load(SeqCst) {
                    for_each(8, LARGE, |_| thread::sleep(Duration::from_micros(10)));
                }
            });
        });
        with_threads(2, || {
            for _ in 0..rounds {
                let piece = || thread::sleep(Duration::from_micros(100));
                for_each(8, LARGE, |_| census.piece(piece));
            }
        });
        done.store(true, SeqCst);
    });
    assert!(census.threads() <= 2, "{} threads", census.threads());
}

#[test]
fn all_threads_of_a_pool_help() {
    for threads in [2, 3, 8] {
        // As many pieces as threads, which wait for one another.
        let (here, all) = (AtomicUsize::new(0), AtomicBool::new(false));
        with_threads(threads, || {
            for_each(threads, LARGE, |_| {
                if here.fetch_add(1, SeqCst) + 1 == threads {
                    all.store(true, SeqCst);
                }
                assert!(wait_for(&all), "{} of {threads}", here.load(SeqCst));
            });
        });
    }
}

#[test]
fn many_more_threads_than_cores() {
    let rounds = if cfg!(miri) { 2 } else { 200 };
    ends(move || {
        with_threads(if cfg!(miri) { 8 } else { 64 }, || {
            for _ in 0..rounds {
                let sum = AtomicUsize::new(0);
                for_each(100, LARGE, |i| {
                    sum.fetch_add(i, SeqCst);
                });
                assert_eq!(sum.into_inner(), 4950);
            }
        });
    });
}

#[test]
fn a_panic_reaches_the_caller_and_the_team_goes_on() {
    for threads in [1, 2, 3, 8] {
        with_threads(threads, || {
            // Of the caller's piece or a helper's, and of all of them.
            for bad in [0..1, 99..100, 0..100] {
                let all = catch_unwind(|| {
                    for_each(100, LARGE, |i| {
                        thread::sleep(Duration::from_micros(20));
                        assert!(!bad.contains(&i), "piece failed");
                    });
                });
                let panic = all.expect_err("one piece panics");
                assert_eq!(panic.downcast_ref::<&str>(), Some(&"piece failed"));
                assert_eq!(should_parallelize(LARGE), threads > 1);
            }
            let sum = AtomicUsize::new(0);
            for_each(10, LARGE, |i| {
                sum.fetch_add(i, SeqCst);
            });
            assert_eq!(sum.into_inner(), 45);
        });
    }
}

#[test]
fn panics_of_the_caller_of_a_helper_and_of_both_reach_the_caller() {
    for threads in [2, 8] {
        with_threads(threads, || {
            let caller = thread::current().id();
            for (callers, helpers) in [(true, false), (false, true), (true, true)] {
                let (begun, both) = (AtomicUsize::new(0), AtomicBool::new(false));
                let all = catch_unwind(|| {
                    for_each(2, LARGE, |_| {
                        if begun.fetch_add(1, SeqCst) == 1 {
                            both.store(true, SeqCst);
                        }
                        assert!(wait_for(&both), "nobody helps");
                        match thread::current().id() == caller {
                            true if callers => panic!("the caller's"),
                            false if helpers => panic!("a helper's"),
                            _ => {}
                        }
                    });
                });
                let expected = if callers { "the caller's" } else { "a helper's" };
                assert_eq!(all.unwrap_err().downcast_ref::<&str>(), Some(&expected));
            }
        });
    }
}

/// The system refuses threads where there is no memory for their stacks.
#[cfg(all(target_os = "linux", not(miri)))]
#[test]
fn a_machine_that_starts_no_threads_works_alone() {
    alone("a_machine_that_starts_no_threads_works_alone", &[("RUST_MIN_STACK", NO_STACK)], || {
        assert!(thread::Builder::new().spawn(|| {}).is_err(), "threads start");
        assert!(!should_parallelize(LARGE));
        product();
        assert_eq!(map(5, LARGE, |i| i), [0, 1, 2, 3, 4]);
    });
}

/// Bytes that no machine has.
#[cfg(all(target_os = "linux", not(miri)))]
const NO_STACK: &str = "100000000000000000";

#[cfg(all(target_os = "linux", not(miri)))]
mod fork;
