//! What each thread knows about its open transforms.
//!
//! The levels of transforms are counted through the whole process: a transform has a higher level than all that were opened before it, on
//! any thread. So one that is opened on another thread, inside of this one's function, is an inner one there, too.

use std::cell::Cell;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};

/// What a thread knows about its open transforms.
#[derive(Clone, Copy)]
pub(crate) struct State {
    /// The level of the innermost open transform, 0 if none is.
    pub(crate) level: u64,
    /// The level of the outermost transform that is open on this thread.
    pub(crate) outermost: u64,
    /// Nothing is recorded up to this level.
    pub(crate) floor: u64,
    /// The last number given.
    pub(crate) number: u32,
    /// Variables of open transforms up to this level must not be used …
    pub(crate) forbidden: u64,
    /// … in the function of this op.
    pub(crate) forbidden_by: &'static str,
    /// Whether a variable of a transform that is open on another thread was used: it differentiates what is computed here.
    pub(crate) watched: bool,
    /// Whether every value is looked at for NaN.
    pub(crate) debug_nan: bool,
}

const CLOSED: State = State {
    level: 0,
    outermost: 0,
    floor: 0,
    number: 0,
    forbidden: 0,
    forbidden_by: "",
    watched: false,
    debug_nan: false,
};

thread_local! {
    static STATE: Cell<State> = const { Cell::new(CLOSED) };
}

/// The last level given.
static NEWEST: AtomicU64 = AtomicU64::new(0);

/// The levels of all open transforms of the process.
static OPEN: Mutex<Vec<u64>> = Mutex::new(Vec::new());

/// A transform that is open until this is dropped.
pub(crate) struct Open(u64);

impl Open {
    /// A new one, above all others.
    pub(crate) fn new() -> Self {
        let level = NEWEST.fetch_add(1, Relaxed) + 1;
        OPEN.lock().unwrap_or_else(PoisonError::into_inner).push(level);
        Self(level)
    }

    pub(crate) fn level(&self) -> u64 {
        self.0
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        let mut open = OPEN.lock().unwrap_or_else(PoisonError::into_inner);
        let at = open.iter().rposition(|&level| level == self.0);
        open.swap_remove(at.expect("it was put there"));
    }
}

/// The last level given: every value so far has this one at most.
pub(crate) fn newest_level() -> u64 {
    NEWEST.load(Relaxed)
}

/// Whether the transform of this level is open, on any thread.
fn is_open(level: u64) -> bool {
    OPEN.lock().unwrap_or_else(PoisonError::into_inner).contains(&level)
}

impl State {
    /// Looks at the level of a tensor that is used by `op`: a variable may be forbidden here, or belong to a transform that is open on another
    /// thread.
    #[inline(always)]
    #[track_caller]
    pub(crate) fn look_at_use(&self, op: impl FnOnce() -> &'static str, level: u64) {
        let foreign = level < self.outermost && !self.watched;
        if level != 0 && (foreign || level <= self.forbidden) {
            self.look_closely(op(), level);
        }
    }

    #[cold]
    #[track_caller]
    fn look_closely(&self, op: &str, level: u64) {
        if !is_open(level) {
            return;
        }
        if level <= self.forbidden {
            let function = self.forbidden_by;
            panic!(
                "{function}: the function uses a variable of an open transform (in {op}) that is not among what is \
                 given to {function}, so that its gradient would be lost"
            );
        }
        STATE.set(State { watched: true, ..STATE.get() });
    }
}

/// Puts the thread's state back when dropped, also after a panic.
struct Restore(State);

impl Drop for Restore {
    fn drop(&mut self) {
        let now = STATE.get();
        // The numbers go on, so that graphs that outlive their transform stay in order.
        let number = if self.0.level == 0 { 0 } else { now.number.max(self.0.number) };
        // What an inner function used, the outer one has used.
        let watched = self.0.level != 0 && now.watched;
        STATE.set(State { number, watched, ..self.0 });
    }
}

pub(crate) fn with_state<R>(change: impl FnOnce(&mut State), f: impl FnOnce() -> R) -> R {
    let mut state = STATE.get();
    let _restore = Restore(state);
    change(&mut state);
    STATE.set(state);
    f()
}

/// The thread's state.
pub(crate) fn state() -> State {
    STATE.get()
}

/// Runs `f` without recording anything: kernels may use tensor ops.
pub(crate) fn no_grad<R>(f: impl FnOnce() -> R) -> R {
    with_state(|s| s.floor = u64::MAX, f)
}

/// As [`no_grad`], until the guard is dropped: for a call whose caller's line must stay known, which a closure hides.
pub(crate) fn no_grad_guard() -> impl Drop {
    let state = STATE.get();
    STATE.set(State { floor: u64::MAX, ..state });
    Restore(state)
}

/// Runs `f` as if no transform were open; for work that another thread took over.
pub(crate) fn isolated<R>(debug_nan: bool, f: impl FnOnce() -> R) -> R {
    with_state(|s| *s = State { debug_nan, ..CLOSED }, f)
}

/// Runs `f` looking at every value for NaN.
pub(crate) fn looking_for_nan<R>(f: impl FnOnce() -> R) -> R {
    with_state(|s| s.debug_nan = true, f)
}

/// As [`no_grad`] until the guard is dropped, and a variable of a transform that is open already makes a panic; `op` is whose function runs.
pub(crate) fn no_captures_guard(op: &'static str) -> impl Drop {
    let state = STATE.get();
    let forbidden = newest_level();
    STATE.set(State { floor: u64::MAX, forbidden, forbidden_by: op, ..state });
    Restore(state)
}

pub(crate) fn debug_nan_is_on() -> bool {
    STATE.get().debug_nan
}

/// Whether results that depend on the innermost transform's variables are recorded.
pub(crate) fn recording() -> bool {
    let s = STATE.get();
    s.floor < s.level
}

/// The next number of this thread, above `newest` (an input may come from another thread).
pub(crate) fn next_number(newest: u32) -> u32 {
    let mut state = STATE.get();
    let number = state.number.max(newest).checked_add(1).expect("more than 2^32 ops in one graph");
    if state.level > 0 {
        state.number = number;
        STATE.set(state);
    }
    number
}
