//! Independent trainings side by side.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context as _, Result, anyhow};
use rayon::ThreadPoolBuilder;

/// As many jobs at a time as there are threads.
pub(crate) fn side_by_side<J: Sync, T: Send>(
    jobs: &[J],
    run: impl Fn(&J) -> Result<T> + Sync,
) -> Result<Vec<T>> {
    at_most(rayon::current_num_threads(), jobs, run)
}

/// Runs every job, so many at a time, each on one thread: small networks gain little from a second one, and a training's bits do not
/// depend on their number. Results come in the order of the jobs.
pub(crate) fn at_most<J: Sync, T: Send>(
    at_once: usize,
    jobs: &[J],
    run: impl Fn(&J) -> Result<T> + Sync,
) -> Result<Vec<T>> {
    let next = AtomicUsize::new(0);
    let results: Vec<Mutex<Option<Result<T>>>> = jobs.iter().map(|_| Mutex::new(None)).collect();
    let work = || -> Result<()> {
        let one = ThreadPoolBuilder::new().num_threads(1).build().context("starting a thread")?;
        one.install(|| {
            while let Some((i, job)) =
                jobs.iter().enumerate().nth(next.fetch_add(1, Ordering::Relaxed))
            {
                *results[i].lock().expect("no other thread has this job") = Some(run(job));
            }
        });
        Ok(())
    };
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..at_once.min(jobs.len())).map(|_| scope.spawn(work)).collect();
        threads
            .into_iter()
            .try_for_each(|t| t.join().map_err(|_| anyhow!("a training panicked"))?)
    })?;
    let result = |slot: Mutex<Option<Result<T>>>| {
        slot.into_inner().expect("nobody panicked").expect("every job was run")
    };
    results.into_iter().map(result).collect()
}
