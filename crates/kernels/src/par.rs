//! The only door to rayon.
//!
//! Work is split into chunks that depend on shapes alone, never on the number of threads, so that the
//! same input gives the same bits on any number of threads. Small work runs on the calling thread:
//! waking a second one costs some microseconds, which a small model must not pay.

use std::cell::Cell;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::team;

/// Below this many scalar operations a kernel stays on the calling thread.
///
/// One operation is about an eighth of a nanosecond in a vectorised loop, so this is about 10 µs of
/// work, several times what waking a worker costs.
pub const PARALLEL_FROM: usize = 1 << 16;

thread_local! {
    static SERIAL: Cell<bool> = const { Cell::new(false) };
}

/// Runs `f` with every kernel on the calling thread: the shards of a data-parallel step are already
/// spread over the threads.
pub fn serially<R>(f: impl FnOnce() -> R) -> R {
    struct Restore(bool);
    impl Drop for Restore {
        fn drop(&mut self) {
            SERIAL.set(self.0);
        }
    }
    let _restore = Restore(SERIAL.replace(true));
    f()
}

/// Whether work of this many scalar operations is worth a second thread here and now.
pub fn should_parallelize(work: usize) -> bool {
    work >= PARALLEL_FROM
        && !SERIAL.get()
        && !team::is_working()
        && rayon::current_num_threads() > 1
}

/// Calls `f(i)` for every `i` below `n`; `work` estimates the scalar operations of all calls together.
pub fn for_each(n: usize, work: usize, f: impl Fn(usize) + Send + Sync) {
    if n > 1 && should_parallelize(work) {
        spread(n, &f);
    } else {
        (0..n).for_each(f);
    }
}

/// Calls `f(i)` for every `i` below `n` on all threads, this one among them.
///
/// The calling thread works as well, where rayon's iterators would put it to sleep: waking it again costs as
/// much as a small kernel. The others come from the [`team`], or, if another thread of the program has it, straight from
/// rayon. Not generic: the machinery of threads is compiled once, and not for every kernel.
fn spread(n: usize, f: &(dyn Fn(usize) + Sync)) {
    let helpers = rayon::current_num_threads().min(n) - 1;
    // A helper that has nothing to do leaves its thread to other tasks of the pool.
    let pause = || {
        rayon::yield_now();
    };
    let call = || rayon::spawn(move || team::watch(pause));
    if team::share(n, helpers, f, call) {
        return;
    }
    let next = AtomicUsize::new(0);
    let take = || {
        loop {
            let i = next.fetch_add(1, Ordering::Relaxed);
            if i >= n {
                return;
            }
            f(i);
        }
    };
    rayon::in_place_scope(|scope| {
        for _ in 0..helpers {
            scope.spawn(|_| take());
        }
        take();
    });
}

/// The start of a slice whose chunks are handed to several threads, each to one.
struct Start<T>(*mut T);

// SAFETY: every chunk is used by one thread at a time, which `T: Send` allows.
unsafe impl<T: Send> Sync for Start<T> {}

impl<T> Start<T> {
    /// The `i`-th chunk of `chunk_len` elements of the slice of `len` elements.
    ///
    /// # Safety
    /// The slice must outlive the chunk, `i * chunk_len < len`, and nobody else may use this chunk.
    unsafe fn chunk<'a>(&self, i: usize, chunk_len: usize, len: usize) -> &'a mut [T] {
        let start = i * chunk_len;
        // SAFETY: the caller promises that the chunk lies in the slice and is used only here.
        unsafe { std::slice::from_raw_parts_mut(self.0.add(start), chunk_len.min(len - start)) }
    }
}

/// Calls `f(i, chunk)` for the `i`-th chunk of `chunk_len` elements of `out`.
pub fn chunks_mut<T: Send>(
    out: &mut [T],
    chunk_len: usize,
    work: usize,
    f: impl Fn(usize, &mut [T]) + Send + Sync,
) {
    if out.len() > chunk_len && should_parallelize(work) {
        let (len, start) = (out.len(), Start(out.as_mut_ptr()));
        // SAFETY: every `i` is passed once, and `out` is borrowed until all calls have returned.
        spread(len.div_ceil(chunk_len), &|i| f(i, unsafe { start.chunk(i, chunk_len, len) }));
    } else {
        out.chunks_mut(chunk_len.max(1)).enumerate().for_each(|(i, c)| f(i, c));
    }
}

/// Calls `f(i, chunk of a, chunk of b)` for the `i`-th chunks of `chunk_len` elements of both.
pub fn zip_chunks_mut<A: Send, B: Send>(
    a: &mut [A],
    b: &mut [B],
    chunk_len: usize,
    work: usize,
    f: impl Fn(usize, &mut [A], &mut [B]) + Send + Sync,
) {
    assert_eq!(a.len(), b.len());
    if a.len() > chunk_len && should_parallelize(work) {
        let (len, a, b) = (a.len(), Start(a.as_mut_ptr()), Start(b.as_mut_ptr()));
        spread(len.div_ceil(chunk_len), &|i| {
            // SAFETY: every `i` is passed once, and both are borrowed until all calls have returned.
            let (a, b) = unsafe { (a.chunk(i, chunk_len, len), b.chunk(i, chunk_len, len)) };
            f(i, a, b);
        });
    } else {
        let chunk_len = chunk_len.max(1);
        let pairs = a.chunks_mut(chunk_len).zip(b.chunks_mut(chunk_len));
        pairs.enumerate().for_each(|(i, (a, b))| f(i, a, b));
    }
}

/// Maps `0..n` to a vector, in order.
pub fn map<R: Send>(n: usize, work: usize, f: impl Fn(usize) -> R + Send + Sync) -> Vec<R> {
    let mut out: Vec<Option<R>> = (0..n).map(|_| None).collect();
    chunks_mut(&mut out, 1, work, |i, slot| slot[0] = Some(f(i)));
    out.into_iter().map(|r| r.expect("every slot is filled")).collect()
}

/// Runs `f` in a pool of its own with this many threads.
#[cfg(test)]
pub fn with_threads<R: Send>(threads: usize, f: impl FnOnce() -> R + Send) -> R {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
    pool.expect("a thread pool").install(f)
}
