//! The only door to rayon.
//!
//! Work is split into chunks that depend on shapes alone, never on the number of threads, so that the
//! same input gives the same bits on any number of threads. Small work runs on the calling thread:
//! waking a second one costs some microseconds, which a small model must not pay.

use std::cell::Cell;
use std::error::Error as _;
use std::sync::LazyLock;

use rayon::ThreadPoolBuilder;

use super::shared::SharedMut;
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
    work >= PARALLEL_FROM && !SERIAL.get() && !team::is_working() && threads() > 1
}

/// The threads of the pool that this thread belongs to, or of the global one: one, if the system does not start threads.
fn threads() -> usize {
    static STARTED: LazyLock<bool> =
        LazyLock::new(|| match ThreadPoolBuilder::new().build_global() {
            Ok(()) => true,
            // The system's error, unless the program has built the pool before.
            Err(error) => error.source().is_none(),
        });
    if rayon::current_thread_index().is_some() || *STARTED {
        rayon::current_num_threads()
    } else {
        1
    }
}

/// Calls `f(i)` for every `i` below `n`; `work` estimates the scalar operations of all calls together.
pub fn for_each(n: usize, work: usize, f: impl Fn(usize) + Send + Sync) {
    if n > 1 && should_parallelize(work) {
        spread(n, &f);
    } else {
        (0..n).for_each(f);
    }
}

/// Calls `f(i)` for every `i` below `n` on this thread and on others of its pool, as far as they are free.
///
/// Not generic: the machinery of threads is compiled once, and not for every kernel.
fn spread(n: usize, f: &(dyn Fn(usize) + Sync)) {
    let helpers = threads().min(n) - 1;
    team::share(n, helpers, f, |team| rayon::spawn(move || team::help(&team)));
}

/// Calls `f(i, chunk)` for the `i`-th chunk of `chunk_len` elements of `out`.
pub fn chunks_mut<T: Send>(
    out: &mut [T],
    chunk_len: usize,
    work: usize,
    f: impl Fn(usize, &mut [T]) + Send + Sync,
) {
    let chunk_len = chunk_len.max(1);
    if out.len() <= chunk_len {
        // A small op is one chunk: an iterator over chunks would cost as much as its loop.
        if !out.is_empty() {
            f(0, out);
        }
    } else if should_parallelize(work) {
        let (chunks, out) = (out.len().div_ceil(chunk_len), SharedMut::new(out));
        // SAFETY: every `i` is passed once, and `out` is borrowed until all calls have returned.
        spread(chunks, &|i| f(i, unsafe { out.chunk(i, chunk_len) }));
    } else {
        out.chunks_mut(chunk_len).enumerate().for_each(|(i, c)| f(i, c));
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
    let chunk_len = chunk_len.max(1);
    if a.len() > chunk_len && should_parallelize(work) {
        let chunks = a.len().div_ceil(chunk_len);
        let (a, b) = (SharedMut::new(a), SharedMut::new(b));
        spread(chunks, &|i| {
            // SAFETY: every `i` is passed once, and both are borrowed until all calls have returned.
            let (a, b) = unsafe { (a.chunk(i, chunk_len), b.chunk(i, chunk_len)) };
            f(i, a, b);
        });
    } else {
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
    let pool = ThreadPoolBuilder::new().num_threads(threads).build();
    pool.expect("a thread pool").install(f)
}

#[cfg(test)]
mod tests;
