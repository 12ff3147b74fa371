//! Notices statistics of batches that nobody takes over.

/// Goes with the statistics of a batch: dropped without [`taken`](Self::taken), it warns, once a process. Release builds have none of it.
#[derive(Clone, Debug, Default)]
pub(super) struct Handover {
    #[cfg(debug_assertions)]
    pending: Option<std::sync::Arc<Pending>>,
}

impl Handover {
    /// Of statistics that wait to be taken over.
    pub(super) fn pending() -> Self {
        Self {
            #[cfg(debug_assertions)]
            pending: Some(std::sync::Arc::default()),
        }
    }

    /// They were taken over, or are not wanted.
    pub(super) fn taken(&self) {
        #[cfg(debug_assertions)]
        if let Some(pending) = &self.pending {
            pending.0.store(true, std::sync::atomic::Ordering::Relaxed);
        }
    }
}

/// Whether they were taken over; shared by all clones.
#[cfg(debug_assertions)]
#[derive(Debug, Default)]
struct Pending(std::sync::atomic::AtomicBool);

#[cfg(debug_assertions)]
impl Drop for Pending {
    fn drop(&mut self) {
        static ONCE: std::sync::Once = std::sync::Once::new();
        if !*self.0.get_mut() && !std::thread::panicking() {
            ONCE.call_once(|| {
                crate::warn::warn(
                    "the statistics of a batch were dropped: the running statistics of its batch normalisation, by which \
                     forward() normalises, did not change. Give what forward_train returns to update(), or call discard() on it",
                );
            });
        }
    }
}
