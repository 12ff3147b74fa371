//! Who may enter a job, and who is inside.

use super::sync::{AtomicU32, Ordering};

/// One helper inside.
const ONE: u32 = 1;
/// The helpers inside.
const INSIDE: u32 = (1 << 15) - 1;
/// The owner sleeps until the last helper leaves.
const OWNER_SLEEPS: u32 = 1 << 15;
/// One free place. A job without free places is closed.
const PLACE: u32 = 1 << 16;
/// Most places.
const MOST: usize = INSIDE as usize;

/// The free places of a job and the helpers inside, in one word, so that nobody enters a job that is closed.
///
/// The owner opens a job, works, closes it, and waits until the last helper has left. A helper that finds a free place takes it for
/// good. So a job never has more helpers than it had places.
pub(super) struct Entrants(AtomicU32);

impl Entrants {
    /// Closed, and nobody inside.
    pub(super) fn new() -> Self {
        Entrants(AtomicU32::new(0))
    }

    /// Lets up to `places` helpers in. Only the owner calls this, when nobody is inside.
    pub(super) fn open(&self, places: usize) {
        // What the owner wrote before is seen by whoever enters.
        self.0.store(places.min(MOST) as u32 * PLACE, Ordering::Release);
    }

    /// Takes a place, if one is free.
    pub(super) fn enter(&self) -> bool {
        let mut now = self.0.load(Ordering::Relaxed);
        while now >= PLACE {
            let next = now - PLACE + ONE;
            match self.0.compare_exchange_weak(now, next, Ordering::Acquire, Ordering::Relaxed) {
                Ok(_) => return true,
                Err(other) => now = other,
            }
        }
        false
    }

    /// Takes the free places away.
    pub(super) fn close(&self) {
        self.0.fetch_and(PLACE - 1, Ordering::Relaxed);
    }

    /// Gives whether the owner must be woken: it sleeps, and this helper is the last. The job is gone after this call.
    #[must_use]
    pub(super) fn leave(&self) -> bool {
        // What the helper wrote is seen by the owner.
        let before = self.0.fetch_sub(ONE, Ordering::Release);
        before & (INSIDE | OWNER_SLEEPS) == ONE | OWNER_SLEEPS
    }

    /// Whether nobody is inside.
    pub(super) fn is_empty(&self) -> bool {
        self.0.load(Ordering::Acquire) & INSIDE == 0
    }

    /// The owner says that it will sleep until [`is_empty`](Self::is_empty).
    pub(super) fn owner_sleeps(&self) {
        self.0.fetch_or(OWNER_SLEEPS, Ordering::Relaxed);
    }
}
