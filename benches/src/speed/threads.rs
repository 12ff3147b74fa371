//! Rows that run the same work on one thread and on two.

use anyhow::{Context as _, Result, anyhow};
use rayon::{ThreadPool, ThreadPoolBuilder};

use super::Work;
use super::timing::{Contestant, Plan, Rounds, interleave};
use super::work::mlp::{Mlp, Training};
use crate::experiment::{Context, Experiment, Outcome};
use crate::row::{Goal, Kind, Row};

fn pool(threads: usize) -> Result<ThreadPool> {
    ThreadPoolBuilder::new().num_threads(threads).build().context("starting threads")
}

/// The work within a pool of so many threads. A turn is one errand there: the way in and out is
/// not timed with every step.
fn within(threads: usize, mut work: Work) -> Result<Contestant<'static>> {
    let (pool, label) = (pool(threads)?, format!("{threads} threads"));
    Ok(Contestant::timed(&label, move |times| {
        pool.install(|| super::timing::time(times, &mut work))
    }))
}

/// Lets two take turns.
fn pair(context: &Context, mut both: [Contestant<'_>; 2]) -> Result<[Rounds; 2]> {
    let rounds = interleave(&mut both, Plan::of(context))?;
    rounds.try_into().map_err(|_| anyhow!("two contestants give two results"))
}

/// `scaling`: data-parallel training on one thread and on two.
pub(super) struct Scaling;

impl Scaling {
    /// Whether ten steps end at the same bits on one, two and three threads.
    fn bitwise_equal() -> Result<bool> {
        let train = |threads| -> Result<Mlp> {
            let mut training = Training::large();
            pool(threads)?.install(|| (0..10).for_each(|_| training.data_parallel_step()));
            Ok(training.model)
        };
        let bits = |model: &Mlp| -> Vec<u32> {
            let tensors = model.iter().flat_map(|(w, b)| [w, b]);
            tensors.flat_map(|tensor| tensor.data().iter().map(|x| x.to_bits())).collect()
        };
        let one = bits(&train(1)?);
        Ok(one == bits(&train(2)?) && one == bits(&train(3)?))
    }
}

impl Experiment for Scaling {
    fn name(&self) -> &'static str {
        "scaling"
    }

    fn kind(&self) -> Kind {
        Kind::Speed
    }

    fn about(&self) -> &'static str {
        "Data-parallel training of an MLP 784-512-512-10 with AdamW, four shards of 128, on one thread and on two."
    }

    fn run(&self, context: &Context) -> Result<Outcome> {
        let work = || -> Work {
            let mut training = Training::large();
            Box::new(move || training.data_parallel_step())
        };
        let [one, two] = pair(context, [within(1, work())?, within(2, work())?])?;
        let equal = f64::from(u8::from(Self::bitwise_equal()?));
        Ok(Outcome::new()
            .row(Row::speed("scaling", "ms", "ms", &two.ms()).source("on two threads"))
            .row(
                Row::speed("scaling", "speedup_2", "×", &one.over(&two))
                    .reference(2.0, "one thread ÷ two threads, in turn; 2 is the most possible")
                    .goal(Goal::AtLeast(1.7)),
            )
            .row(
                Row::speed("scaling", "bitwise_equal", "", &[equal])
                    .source("the weights after ten steps on one, two and three threads")
                    .goal(Goal::Equals(1.0)),
            ))
    }
}

/// `small-mlp`: threads must not slow down a model that is too small to profit.
pub(super) struct SmallMlp;

impl Experiment for SmallMlp {
    fn name(&self) -> &'static str {
        "small-mlp"
    }

    fn kind(&self) -> Kind {
        Kind::Speed
    }

    fn about(&self) -> &'static str {
        "A training step of an MLP 64-64-64-10 with AdamW on a batch of 32, with threads and without."
    }

    fn run(&self, context: &Context) -> Result<Outcome> {
        let work = || -> Work {
            let mut training = Training::small();
            Box::new(move || training.step())
        };
        // With threads as a program has them: called from its main thread, outside of the pool.
        let with = Contestant::local("threads", work());
        let [off, on] = pair(context, [within(1, work())?, with])?;
        Ok(Outcome::new()
            .row(Row::speed("small-mlp", "ms", "ms", &on.ms()).source("with threads"))
            .row(
                Row::speed("small-mlp", "threads_ratio", "×", &on.over(&off))
                    .source("with threads ÷ without, in turn")
                    .goal(Goal::AtMost(1.05)),
            ))
    }
}
