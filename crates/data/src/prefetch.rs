//! Work ahead on another thread.

use std::sync::mpsc::{Receiver, sync_channel};
use std::thread::{self, JoinHandle};

/// The items of an iterator, made on another thread while this one does something else: the same items in the same order.
///
/// At most `ahead` items wait to be taken; then the thread waits, too. If making an item panics, so does taking it. When this is dropped, the item that is being made is finished, and no other
/// begun.
///
/// What is ahead is not yet used: a checkpoint must hold the state that belongs to the last item *taken*, so let the items bring it along.
///
/// ```
/// use seedbed_autodiff::Rng;
/// use seedbed_data::{Batches, Prefetch, mnist};
///
/// let digits = mnist::embedded().train;
/// let mut batches = Batches::new(digits.len(), 64, Rng::new(7))?;
/// let source = digits.clone(); // shares the pixels
/// let prefetch = Prefetch::new(2, std::iter::from_fn(move || {
///     let rows = batches.next_rows();
///     Some((source.tensor::<f32>(&rows), source.labels_of(&rows), batches.state()))
/// }));
/// for (images, labels, state) in prefetch.take(3) {
///     assert_eq!((images.shape()[0], labels.len()), (64, 64));
///     let _ = state; // for a checkpoint after this step
/// }
/// # Ok::<(), seedbed_data::DataError>(())
/// ```
#[derive(Debug)]
pub struct Prefetch<T> {
    items: Option<Receiver<T>>,
    thread: Option<JoinHandle<()>>,
}

impl<T: Send + 'static> Prefetch<T> {
    /// Starts to make items.
    ///
    /// # Panics
    /// If `ahead` is 0, or the system starts no thread.
    #[track_caller]
    pub fn new(ahead: usize, items: impl IntoIterator<Item = T, IntoIter: Send + 'static>) -> Self {
        assert!(ahead > 0, "Prefetch: ahead must be at least 1");
        let (sender, receiver) = sync_channel(ahead - 1);
        let items = items.into_iter();
        let work = move || {
            for item in items {
                // Nobody takes them any more.
                if sender.send(item).is_err() {
                    break;
                }
            }
        };
        let thread = match thread::Builder::new().name("prefetch".into()).spawn(work) {
            Ok(thread) => thread,
            Err(error) => panic!("Prefetch: the system starts no thread: {error}"),
        };
        Self { items: Some(receiver), thread: Some(thread) }
    }
}

impl<T> Iterator for Prefetch<T> {
    type Item = T;

    /// # Panics
    /// If making the item did.
    fn next(&mut self) -> Option<T> {
        let item = self.items.as_ref()?.recv().ok();
        if item.is_none()
            && let Some(Err(panic)) = self.thread.take().map(JoinHandle::join)
        {
            std::panic::resume_unwind(panic);
        }
        item
    }
}

impl<T> Drop for Prefetch<T> {
    fn drop(&mut self) {
        // The thread sees that nobody takes its items. A panic that nobody saw is not this one's.
        self.items = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
