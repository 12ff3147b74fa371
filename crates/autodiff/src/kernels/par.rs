//! The only door to rayon.
//!
//! Work is split into chunks that depend on shapes alone, never on the number of threads, so that the
//! same input gives the same bits on any number of threads. Small work runs on the calling thread:
//! waking a second one costs some microseconds, which a small model must not pay.

use std::cell::Cell;

use rayon::prelude::*;

/// Below this many scalar operations a kernel stays on the calling thread.
///
/// One operation is about an eighth of a nanosecond in a vectorised loop, so this is about 10 µs of
/// work, several times what waking a worker costs.
pub(crate) const PARALLEL_FROM: usize = 1 << 16;

thread_local! {
    static SERIAL: Cell<bool> = const { Cell::new(false) };
}

/// Runs `f` with every kernel on the calling thread: the shards of a data-parallel step are already
/// spread over the threads.
pub(crate) fn serially<R>(f: impl FnOnce() -> R) -> R {
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
pub(crate) fn worthwhile(work: usize) -> bool {
    work >= PARALLEL_FROM && !SERIAL.get() && rayon::current_num_threads() > 1
}

/// Calls `f(i)` for every `i` below `n`; `work` estimates the scalar operations of all calls together.
pub(crate) fn for_each(n: usize, work: usize, f: impl Fn(usize) + Send + Sync) {
    if n > 1 && worthwhile(work) {
        (0..n).into_par_iter().for_each(f);
    } else {
        (0..n).for_each(f);
    }
}

/// Calls `f(i, chunk)` for the `i`-th chunk of `chunk_len` elements of `out`.
pub(crate) fn chunks_mut<T: Send>(
    out: &mut [T],
    chunk_len: usize,
    work: usize,
    f: impl Fn(usize, &mut [T]) + Send + Sync,
) {
    if out.len() > chunk_len && worthwhile(work) {
        out.par_chunks_mut(chunk_len).enumerate().for_each(|(i, c)| f(i, c));
    } else {
        out.chunks_mut(chunk_len.max(1)).enumerate().for_each(|(i, c)| f(i, c));
    }
}

/// Calls `f(i, chunk of a, chunk of b)` for the `i`-th chunks of `chunk_len` elements of both.
pub(crate) fn zip_chunks_mut<A: Send, B: Send>(
    a: &mut [A],
    b: &mut [B],
    chunk_len: usize,
    work: usize,
    f: impl Fn(usize, &mut [A], &mut [B]) + Send + Sync,
) {
    assert_eq!(a.len(), b.len());
    if a.len() > chunk_len && worthwhile(work) {
        let pairs = a.par_chunks_mut(chunk_len).zip(b.par_chunks_mut(chunk_len));
        pairs.enumerate().for_each(|(i, (a, b))| f(i, a, b));
    } else {
        let chunk_len = chunk_len.max(1);
        let pairs = a.chunks_mut(chunk_len).zip(b.chunks_mut(chunk_len));
        pairs.enumerate().for_each(|(i, (a, b))| f(i, a, b));
    }
}

/// Maps `0..n` to a vector, in order.
pub(crate) fn map<R: Send>(n: usize, work: usize, f: impl Fn(usize) -> R + Send + Sync) -> Vec<R> {
    if n > 1 && worthwhile(work) {
        (0..n).into_par_iter().map(f).collect()
    } else {
        (0..n).map(f).collect()
    }
}

/// Runs both, the second on another thread where that is worth it.
pub(crate) fn join<A: Send, B: Send>(
    work: usize,
    a: impl FnOnce() -> A + Send,
    b: impl FnOnce() -> B + Send,
) -> (A, B) {
    if worthwhile(work) { rayon::join(a, b) } else { (a(), b()) }
}

/// Runs `f` in a pool of its own with this many threads.
#[cfg(test)]
pub(crate) fn with_threads<R: Send>(threads: usize, f: impl FnOnce() -> R + Send) -> R {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
    pool.expect("a thread pool").install(f)
}
