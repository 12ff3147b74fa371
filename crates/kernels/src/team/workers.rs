//! Helpers: threads of a pool that work for a team, and stay awake between its jobs.

use std::cell::Cell;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock};
use std::thread;
use std::time::{Duration, Instant};

use super::Team;
use super::sync::{current, spin_loop};

/// How long a helper spin-waits for the next job: about twice what waking it would cost.
const SPIN: Duration = Duration::from_micros(200);
/// After this time a helper goes back to its pool, which may have other tasks.
const STAY: Duration = Duration::from_millis(50);
/// Looks at the team between two looks at the clock.
const LOOKS: usize = 64;

/// Helpers in this process, of all teams.
static HELPERS: AtomicUsize = AtomicUsize::new(0);
/// More helpers than this do not spin-wait: their owners need a core, too.
static MOST_SPINNING: LazyLock<usize> =
    LazyLock::new(|| thread::available_parallelism().map_or(0, |cores| cores.get() - 1));

thread_local! {
    static TEAM: Arc<Team> = Arc::new(Team::new());
    /// Whether this thread works on a job.
    static WORKING: Cell<bool> = const { Cell::new(false) };
}

/// Whether this thread works on a piece of a job: whatever it calls runs on it alone.
pub(crate) fn is_working() -> bool {
    WORKING.get()
}

/// Runs `f`, which works on a job.
fn working<R>(f: impl FnOnce() -> R) -> R {
    struct Restore(bool);
    impl Drop for Restore {
        fn drop(&mut self) {
            WORKING.set(self.0);
        }
    }
    let _restore = Restore(WORKING.replace(true));
    f()
}

/// Calls `run` with every number below `count` on this thread and, as far as they are free, on at most `limit` helpers. `spawn` has a task run on
/// another thread of the pool; the task is [`help`].
///
/// # Panics
/// If `run` does.
pub(crate) fn share(
    count: usize,
    limit: usize,
    run: &(dyn Fn(usize) + Sync),
    spawn: fn(Arc<Team>),
) {
    let shared = !is_working()
        && TEAM
            .try_with(|team| working(|| team.run(count, limit, run, &|| spawn(Arc::clone(team)))))
            .is_ok();
    // Within a job, or while the thread ends.
    if !shared {
        (0..count).for_each(run);
    }
}

/// What a helper does: it works on the jobs of `team`, until none has come for some time.
pub(crate) fn help(team: &Team) {
    HELPERS.fetch_add(1, Ordering::Relaxed);
    // A thread that waits within its own piece of work does not begin another one, and an owner does not wait for itself.
    if !is_working() && team.owner.id() != current().id() {
        working(|| stay(team));
    }
    team.called.fetch_sub(1, Ordering::Relaxed);
    HELPERS.fetch_sub(1, Ordering::Relaxed);
}

fn stay(team: &Team) {
    let came = Instant::now();
    let mut idle_since = came;
    loop {
        for _ in 0..LOOKS {
            if team.help() {
                idle_since = Instant::now();
            }
            spin_loop();
        }
        let now = Instant::now();
        let crowded = HELPERS.load(Ordering::Relaxed) > *MOST_SPINNING;
        if crowded || now - idle_since > SPIN || now - came > STAY {
            return;
        }
    }
}
