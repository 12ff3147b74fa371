//! What each thread knows about its open transforms.

use std::cell::Cell;

/// What a thread knows about its open transforms.
#[derive(Clone, Copy)]
pub(crate) struct State {
    /// Open transforms.
    pub(crate) level: u8,
    /// Nothing is recorded up to this level.
    pub(crate) floor: u8,
    /// The last number given.
    pub(crate) number: u32,
    /// Variables of levels from 1 to this one must not be used.
    pub(crate) forbidden: u8,
    /// Whether every value is looked at for NaN.
    pub(crate) debug_nan: bool,
}

const CLOSED: State = State { level: 0, floor: 0, number: 0, forbidden: 0, debug_nan: false };

thread_local! {
    static STATE: Cell<State> = const { Cell::new(CLOSED) };
}

/// Puts the thread's state back when dropped, also after a panic.
struct Restore(State);

impl Drop for Restore {
    fn drop(&mut self) {
        // The numbers go on, so that graphs that outlive their transform stay in order.
        let number = if self.0.level == 0 { 0 } else { STATE.get().number.max(self.0.number) };
        STATE.set(State { number, ..self.0 });
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
    with_state(|s| s.floor = u8::MAX, f)
}

/// As [`no_grad`], until the guard is dropped: for a call whose caller's line must stay known, which a closure hides.
pub(crate) fn no_grad_guard() -> impl Drop {
    let state = STATE.get();
    STATE.set(State { floor: u8::MAX, ..state });
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

/// Runs `f` no_grad, and panics if it uses a variable of a transform that is open already.
pub(crate) fn without_captures<R>(f: impl FnOnce() -> R) -> R {
    with_state(|s| (s.floor, s.forbidden) = (u8::MAX, s.level), f)
}

pub(crate) fn debug_nan_is_on() -> bool {
    STATE.get().debug_nan
}

/// How many transforms are open on this thread.
pub(crate) fn open_transforms() -> u8 {
    STATE.get().level
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
