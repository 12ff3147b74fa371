//! A speed row made of one piece of work: time, ratios, throughput, memory.

use anyhow::{Result, anyhow};

use super::timing::{Contestant, Plan, Rounds, interleave};
use crate::experiment::{Context, Experiment, Outcome};
use crate::figure::{Bar, Figure};
use crate::row::{Goal, Kind, Row};

/// A closure that does the work once, inputs made beforehand.
pub type Work = Box<dyn FnMut() + Send>;

/// The same work by another crate, in this process.
pub struct Rival {
    /// Names its metric: `matrixmultiply` gives `matrixmultiply_ms`.
    pub name: &'static str,
    /// Prepares the work.
    pub prepare: fn() -> Work,
}

/// One fixed piece of work and what is asked of it.
///
/// Metrics: `ms`; `NAME_ms` for each rival and (with `--peers`) each peer that knows the row, and
/// then `ratio`, the best of those ÷ ours; `gflops` and `peak_share` where `flops` is known;
/// `ns_per_op` where `ops` is; `tokens_per_s` and `bandwidth_share` where `tokens` is; `peak_mb`.
pub struct Timed {
    /// The row's name, the same in the peers.
    pub name: &'static str,
    /// What the work is.
    pub about: &'static str,
    /// Prepares the work.
    pub prepare: fn() -> Work,
    /// Floating-point operations of the work once, if they can be counted.
    pub flops: Option<f64>,
    /// Operations of the engine in the work once, where their overhead is what is measured.
    pub ops: Option<f64>,
    /// Tokens that the work makes once, and the bytes that it reads for them and writes.
    pub tokens: Option<[f64; 2]>,
    /// Others who can do it in this process.
    pub rivals: &'static [Rival],
    /// Goals by metric.
    pub goals: &'static [(&'static str, Goal)],
}

/// The label of our own turns.
const OURS: &str = "seedbed";
/// The label of the turns that measure the machine's peak.
const PEAK: &str = "peak";
/// The label of the turns that measure how fast memory is read.
const MEMORY: &str = "memory";

impl Timed {
    /// Work that is timed, with nothing more asked of it: fill in the rest by `..Timed::new(…)`.
    pub const fn new(name: &'static str, about: &'static str, prepare: fn() -> Work) -> Self {
        Timed {
            name,
            about,
            prepare,
            flops: None,
            ops: None,
            tokens: None,
            rivals: &[],
            goals: &[],
        }
    }

    /// Warms up and takes turns with everybody who knows the row: ours first, then the machine's
    /// peak where FLOPs are counted, then rivals and peers.
    fn rounds(&self, context: &Context) -> Result<Vec<Rounds>> {
        let mut peers = context.speed.peers.lock().map_err(|_| anyhow!("a peer panicked"))?;
        let mut contestants = vec![Contestant::local(OURS, (self.prepare)())];
        if self.flops.is_some() {
            contestants.push(Contestant::local(PEAK, super::peak::work()));
        }
        if self.tokens.is_some() {
            contestants.push(Contestant::local(MEMORY, super::peak::memory()));
        }
        for rival in self.rivals {
            contestants.push(Contestant::local(rival.name, (rival.prepare)()));
        }
        for peer in peers.iter_mut().filter(|peer| peer.knows(self.name)) {
            let label = peer.name().to_owned();
            contestants.push(Contestant::remote(&label, |times| peer.run(self.name, times)));
        }
        interleave(&mut contestants, Plan::of(context))
    }

    fn row(&self, metric: &str, unit: &str, values: &[f64]) -> Row {
        let row = Row::speed(self.name, metric, unit, values);
        match self.goals.iter().find(|(name, _)| *name == metric) {
            Some((_, goal)) => row.goal(*goal),
            None => row,
        }
    }

    /// `gflops` and `peak_share`: throughput, and as a share of a large matrix product's.
    fn throughput(&self, flops: f64, ours: &Rounds, peak: &Rounds, context: &Context) -> [Row; 2] {
        let gflops: Vec<f64> = ours.seconds.iter().map(|s| flops / s / 1e9).collect();
        let peaks: Vec<f64> = peak.seconds.iter().map(|s| super::peak::FLOPS / s / 1e9).collect();
        let share: Vec<f64> = gflops.iter().zip(&peaks).map(|(ours, peak)| ours / peak).collect();
        let best = peaks.iter().copied().fold(0.0, f64::max);
        if let Ok(mut seen) = context.speed.gemm_peak.lock() {
            *seen = Some(seen.unwrap_or(0.0).max(best));
        }
        let in_turn = "large matrix product of ours, timed in turn";
        [
            self.row("gflops", "GFLOP/s", &gflops).reference(best, &format!("best {in_turn}")),
            self.row("peak_share", "", &share).source(&format!("share of a {in_turn}")),
        ]
    }

    /// `tokens_per_s` and `bandwidth_share`: bytes a second, as a share of what reading memory takes in turn.
    fn tokens([tokens, bytes]: [f64; 2], ours: &Rounds, memory: &Rounds) -> [Vec<f64>; 2] {
        let share = |(ours, memory): (&f64, &f64)| (bytes / ours) / (super::peak::BYTES / memory);
        let per_second = ours.seconds.iter().map(|s| tokens / s).collect();
        [per_second, ours.seconds.iter().zip(&memory.seconds).map(share).collect()]
    }

    /// A row for each of `others` and one for the ratio to the best of them.
    fn compare(&self, ours: &Rounds, others: &[&Rounds]) -> Vec<Row> {
        let Some(best) = others.iter().min_by(|a, b| a.median().total_cmp(&b.median())) else {
            return Vec::new();
        };
        let mut rows: Vec<Row> = others
            .iter()
            .map(|o| {
                let said = format!("{}, same work in turn", o.label);
                self.row(&format!("{}_ms", o.label), "ms", &o.ms()).source(&said)
            })
            .collect();
        let ratio = |metric: &str, other: &Rounds| {
            let said = format!("{} ÷ ours, round by round", other.label);
            self.row(metric, "×", &other.over(ours)).source(&said)
        };
        rows.push(ratio("ratio", best));
        // One of them alone, where the row has a goal for it.
        let own = others.iter().map(|o| (format!("{}_ratio", o.label), o));
        let own = own.filter(|(metric, _)| self.goals.iter().any(|(goal, _)| goal == metric));
        rows.extend(own.map(|(metric, other)| ratio(&metric, other)));
        rows
    }
}

impl Experiment for Timed {
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
        let rounds = self.rounds(context)?;
        let ours = &rounds[0];
        let others: Vec<&Rounds> =
            rounds[1..].iter().filter(|r| r.label != PEAK && r.label != MEMORY).collect();
        let mut outcome = Outcome::new().row(self.row("ms", "ms", &ours.ms()));
        outcome.rows.extend(self.compare(ours, &others));
        if let (Some(flops), Some(peak)) = (self.flops, rounds.iter().find(|r| r.label == PEAK)) {
            outcome.rows.extend(self.throughput(flops, ours, peak, context));
        }
        if let Some(ops) = self.ops {
            let nanoseconds: Vec<f64> = ours.seconds.iter().map(|s| s * 1e9 / ops).collect();
            outcome.rows.push(self.row("ns_per_op", "ns", &nanoseconds));
        }
        if let (Some(tokens), Some(memory)) =
            (self.tokens, rounds.iter().find(|r| r.label == MEMORY))
        {
            let [per_second, share] = Self::tokens(tokens, ours, memory);
            outcome.rows.push(self.row("tokens_per_s", "1/s", &per_second));
            let said = "share of the speed at which all threads read memory, timed in turn";
            outcome.rows.push(self.row("bandwidth_share", "", &share).source(said));
        }
        if let Some(program) = &context.speed.memory_probe
            && let Some(megabytes) = super::peak_megabytes(program, self.name)?
        {
            let said = "a whole process that does the work three times";
            outcome.rows.push(self.row("peak_mb", "MB", &[megabytes]).source(said));
        }
        if !others.is_empty() {
            outcome = outcome.figure(bars(self.name, ours, &others));
        }
        Ok(outcome)
    }

    fn work(&self) -> Option<Work> {
        Some((self.prepare)())
    }
}

fn bars(name: &str, ours: &Rounds, others: &[&Rounds]) -> Figure {
    let bar = |rounds: &Rounds| {
        let row = Row::speed(name, "ms", "ms", &rounds.ms());
        Bar::new(&rounds.label, row.measured).spread(row.spread)
    };
    let bars = std::iter::once(ours).chain(others.iter().copied()).map(bar).collect();
    Figure::bars(name, "milliseconds (shorter is better)", bars)
}
