//! Rows that run the same work on one thread and on two.

use anyhow::{Context as _, Result, anyhow};
use rayon::{ThreadPool, ThreadPoolBuilder};

use super::timing::{Contestant, Plan, Rounds, interleave};
use super::work::mlp::Training;
use super::work::ntm;
use super::{Work, registers};
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

/// Lets some take turns.
fn rounds<const N: usize>(context: &Context, mut all: [Contestant<'_>; N]) -> Result<[Rounds; N]> {
    let rounds = interleave(&mut all, Plan::of(context))?;
    rounds.try_into().map_err(|_| anyhow!("each contestant gives a result"))
}

/// Data-parallel training that can be watched.
trait DataParallel: Send {
    /// One step, its shards spread over the threads.
    fn step(&mut self);

    /// The bits of all parameters.
    fn bits(&self) -> Vec<u32>;
}

impl DataParallel for Training {
    fn step(&mut self) {
        self.data_parallel_step();
    }

    fn bits(&self) -> Vec<u32> {
        let tensors = self.model.iter().flat_map(|(w, b)| [w, b]);
        tensors.flat_map(|tensor| tensor.data().iter().map(|x| x.to_bits())).collect()
    }
}

impl DataParallel for ntm::Training {
    fn step(&mut self) {
        self.data_parallel_step(4);
    }

    fn bits(&self) -> Vec<u32> {
        ntm::Training::bits(self)
    }
}

/// `scaling…`: data-parallel training on one thread and on two.
pub(super) struct Scaling {
    name: &'static str,
    about: &'static str,
    training: fn() -> Box<dyn DataParallel>,
}

impl Scaling {
    /// Of a large MLP.
    pub(super) const MLP: Self = Self {
        name: "scaling",
        about: "Data-parallel training of an MLP 784-512-512-10 with AdamW, four shards of 128, on one thread and on two.",
        training: || Box::new(Training::large()),
    };

    /// Of the machine of `ntm-train-16`.
    pub(super) const NTM: Self = Self {
        name: "scaling-ntm",
        about: "Data-parallel training of the Neural Turing Machine of ntm-train-16, four shards of 4, on one thread and on two.",
        training: || Box::new(ntm::Training::new(16)),
    };

    /// Whether ten steps end at the same bits on one, two and three threads.
    fn bitwise_equal(&self) -> Result<bool> {
        let train = |threads| -> Result<Vec<u32>> {
            let mut training = (self.training)();
            pool(threads)?.install(|| (0..10).for_each(|_| training.step()));
            Ok(training.bits())
        };
        let one = train(1)?;
        Ok(one == train(2)? && one == train(3)?)
    }
}

impl Experiment for Scaling {
    fn name(&self) -> &'static str {
        self.name
    }

    fn kind(&self) -> Kind {
        Kind::Speed
    }

    fn about(&self) -> &'static str {
        self.about
    }

    fn run(&self, context: &Context) -> Result<Outcome> {
        let work = || -> Work {
            let mut training = (self.training)();
            Box::new(move || training.step())
        };
        // The turns that measure the machine lie between those of the work.
        let registers = |label, threads| -> Result<_> {
            Ok(Contestant::local(label, registers::on_threads(threads)?))
        };
        let contestants = [
            within(1, work())?,
            registers("registers, 1 thread", 1)?,
            registers("registers, 2 threads", 2)?,
            within(2, work())?,
        ];
        let [one, one_core, two_cores, two] = rounds(context, contestants)?;
        let speedup = one.over(&two);
        // Each of the two threads does as much as the one did alone.
        let possible: Vec<f64> = one_core.over(&two_cores).iter().map(|gain| 2.0 * gain).collect();
        let share: Vec<f64> =
            speedup.iter().zip(&possible).map(|(gain, most)| gain / most).collect();
        let equal = f64::from(u8::from(self.bitwise_equal()?));
        Ok(Outcome::new()
            .row(Row::speed(self.name, "ms", "ms", &two.ms()).source("on two threads"))
            .row(
                Row::speed(self.name, "speedup_2", "×", &speedup)
                    .reference(2.0, "one thread ÷ two threads, in turn; 2 is the most possible")
                    .goal(Goal::AtLeast(1.7)),
            )
            .row(Row::speed(self.name, "registers_2", "×", &possible).source(
                "what two threads gain with multiply-adds in registers, in turn with the work",
            ))
            .row(
                Row::speed(self.name, "speedup_share", "", &share)
                    .source("speedup_2 ÷ registers_2, round by round")
                    .goal(Goal::AtLeast(0.9)),
            )
            .row(
                Row::speed(self.name, "bitwise_equal", "", &[equal])
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
        let [off, on] = rounds(context, [within(1, work())?, with])?;
        Ok(Outcome::new()
            .row(Row::speed("small-mlp", "ms", "ms", &on.ms()).source("with threads"))
            .row(
                Row::speed("small-mlp", "threads_ratio", "×", &on.over(&off))
                    .source("with threads ÷ without, in turn")
                    .goal(Goal::AtMost(1.05)),
            ))
    }
}
