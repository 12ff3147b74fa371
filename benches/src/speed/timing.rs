//! Turns, rounds and medians.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use crate::experiment::{Context, Profile};

/// Someone who can do the work: this workspace's code, another crate, a peer process.
pub struct Contestant<'a> {
    label: String,
    time: Box<dyn FnMut(usize) -> Result<f64> + 'a>,
    remote: bool,
}

impl<'a> Contestant<'a> {
    /// Work done in this process, once a call.
    pub fn local(label: &str, mut work: impl FnMut() + 'a) -> Self {
        Self::timed(label, move |times| time(times, &mut work))
    }

    /// Work done in this process that times itself: `time(n)` does it `n` times and gives the
    /// seconds of all together.
    pub fn timed(label: &str, mut time: impl FnMut(usize) -> f64 + 'a) -> Self {
        let time = move |times| Ok(time(times));
        Contestant { label: label.into(), time: Box::new(time), remote: false }
    }

    /// Work done elsewhere: `time(n)` does it `n` times and gives the seconds of all together.
    pub fn remote(label: &str, time: impl FnMut(usize) -> Result<f64> + 'a) -> Self {
        Contestant { label: label.into(), time: Box::new(time), remote: true }
    }
}

impl Contestant<'_> {
    /// What it does; `None`, and why on stderr, where that fails.
    fn attempt<T>(&mut self, act: impl FnOnce(&mut Self) -> Result<T>) -> Option<T> {
        act(self)
            .inspect_err(|error| eprintln!("{}: {error:#}; left out of this row", self.label))
            .ok()
    }
}

/// The seconds that `times` runs of the work take.
pub(super) fn time(times: usize, work: &mut impl FnMut()) -> f64 {
    let start = Instant::now();
    (0..times).for_each(|_| work());
    start.elapsed().as_secs_f64()
}

/// How many rounds, and how long a turn takes.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// Rounds: each contestant has one turn in each.
    pub rounds: usize,
    /// The work is repeated within a turn until it takes about this long.
    pub turn: Duration,
    /// Rest before a turn where a peer takes part, so that its idle threads, which spin for a
    /// while before they sleep, do not disturb the next contestant.
    pub rest: Duration,
}

impl Plan {
    /// The plan that the context names, or else its profile's.
    pub fn of(context: &Context) -> Self {
        if let Some(plan) = context.speed.plan {
            return plan;
        }
        let (rounds, turn) = match context.profile {
            Profile::Quick => (11, 60),
            Profile::Full => (41, 100),
        };
        Plan { rounds, turn: Duration::from_millis(turn), rest: Duration::from_millis(20) }
    }
}

/// The seconds that one contestant took for the work once: one figure a round.
#[derive(Clone, Debug)]
pub struct Rounds {
    /// The contestant's.
    pub label: String,
    /// One figure a round.
    pub seconds: Vec<f64>,
}

impl Rounds {
    /// Milliseconds, a figure a round.
    pub fn ms(&self) -> Vec<f64> {
        self.seconds.iter().map(|s| s * 1e3).collect()
    }

    /// How many times longer `self` took than `other`, round by round.
    pub fn over(&self, other: &Rounds) -> Vec<f64> {
        self.seconds.iter().zip(&other.seconds).map(|(a, b)| a / b).collect()
    }

    /// The median of the rounds, in seconds.
    pub fn median(&self) -> f64 {
        let mut sorted = self.seconds.clone();
        sorted.sort_by(f64::total_cmp);
        crate::row::quantile(&sorted, 0.5)
    }
}

/// Warms everybody up, then lets them take turns, round after round. One elsewhere that fails is said to, and left out.
///
/// # Errors
/// If nobody is left.
pub fn interleave(contestants: &mut [Contestant<'_>], plan: Plan) -> Result<Vec<Rounds>> {
    let rest = if contestants.iter().any(|c| c.remote) { plan.rest } else { Duration::ZERO };
    let mut running: Vec<(&mut Contestant<'_>, usize, Vec<f64>)> = Vec::new();
    for contestant in contestants {
        std::thread::sleep(rest);
        if let Some(times) = contestant.attempt(|c| warm_up(c, plan.turn)) {
            running.push((contestant, times, Vec::with_capacity(plan.rounds)));
        }
    }
    for _ in 0..plan.rounds {
        running.retain_mut(|(contestant, times, seconds)| {
            std::thread::sleep(rest);
            let turn = contestant.attempt(|c| (c.time)(*times));
            seconds.extend(turn.map(|turn| turn / *times as f64));
            turn.is_some()
        });
    }
    ensure!(!running.is_empty(), "nobody did the work");
    let rounds =
        |(c, _, seconds): (&mut Contestant<'_>, _, _)| Rounds { label: c.label.clone(), seconds };
    Ok(running.into_iter().map(rounds).collect())
}

/// Repeats the work, twice as often each time, until it fills a turn; gives how often that is.
fn warm_up(contestant: &mut Contestant<'_>, turn: Duration) -> Result<usize> {
    (contestant.time)(1)?;
    let mut times = 1;
    loop {
        let seconds = (contestant.time)(times)?;
        if seconds >= turn.as_secs_f64() / 2.0 {
            let fill = turn.as_secs_f64() / (seconds / times as f64);
            return Ok((fill.round() as usize).max(1));
        }
        times *= 2;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::RefCell;

    const PLAN: Plan = Plan { rounds: 3, turn: Duration::from_millis(4), rest: Duration::ZERO };

    #[test]
    fn contestants_take_turns_and_fill_them() {
        let order = RefCell::new(Vec::new());
        let clock = |name: &'static str, each: f64| {
            let order = &order;
            move |times: usize| {
                order.borrow_mut().push((name, times));
                Ok(times as f64 * each)
            }
        };
        let mut both =
            [Contestant::remote("a", clock("a", 1e-3)), Contestant::remote("b", clock("b", 2e-3))];
        let rounds = interleave(&mut both, PLAN).unwrap();
        assert_eq!(rounds[1].over(&rounds[0]), [2.0; 3]);
        assert_eq!(rounds[0].median(), 1e-3);
        let order = order.borrow();
        let turns = &order[order.len() - 6..];
        assert_eq!(turns, [("a", 4), ("b", 2), ("a", 4), ("b", 2), ("a", 4), ("b", 2)]);
    }

    #[test]
    fn local_work_is_timed_a_run() {
        let nap = || std::thread::sleep(Duration::from_millis(2));
        let rounds = interleave(&mut [Contestant::local("nap", nap)], PLAN).unwrap();
        assert!(rounds[0].seconds.iter().all(|&s| s >= 0.002), "{rounds:?}");
    }

    #[test]
    fn one_that_fails_is_left_out() {
        let nap = || std::thread::sleep(Duration::from_millis(2));
        let mut turns = 0;
        let fails_later = |times: usize| {
            turns += 1;
            if turns > 4 { anyhow::bail!("the peer is gone") } else { Ok(times as f64) }
        };
        let mut both = [Contestant::remote("x", fails_later), Contestant::local("nap", nap)];
        let rounds = interleave(&mut both, PLAN).unwrap();
        assert_eq!((rounds.len(), rounds[0].label.as_str()), (1, "nap"));
        assert_eq!(rounds[0].seconds.len(), PLAN.rounds);
        let fails = |_| anyhow::bail!("the peer is gone");
        let nobody = interleave(&mut [Contestant::remote("x", fails)], PLAN);
        assert_eq!(nobody.unwrap_err().to_string(), "nobody did the work");
    }
}
