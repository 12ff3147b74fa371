//! The best assignment of samples to experts of which none takes more than so many.
//!
//! Kuhn's method for the assignment problem with places of more than one sample: samples are placed one after the other, each along a cheapest path
//! on which others move over, until an expert has a place free. Every expert has a price, so that a sample of an expert finds score − price
//! nowhere higher; then no step of a path costs less than nothing and Dijkstra's search finds it (Ahuja, Magnanti and Orlin, "Network flows", 1993, sections 9.7 and
//! 12.4). The work is bounded by the numbers of samples and experts, whatever the scores are.

use std::cmp::Ordering;
use std::ops::{Add, Sub};

/// A score, or a difference of scores: NaN is worse than any number of −∞, that than any finite sum, and ∞ is better than any.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Value {
    /// Minus the NaN.
    numbers: i64,
    /// The ∞ less the −∞.
    infinite: i64,
    finite: f64,
}

impl Value {
    fn of(score: f64, scale: f64) -> Self {
        match score {
            s if s.is_nan() => Self { numbers: -1, ..Self::default() },
            f64::INFINITY => Self { infinite: 1, ..Self::default() },
            f64::NEG_INFINITY => Self { infinite: -1, ..Self::default() },
            s => Self { finite: s * scale, ..Self::default() },
        }
    }

    fn order(&self, other: &Self) -> Ordering {
        (self.numbers.cmp(&other.numbers))
            .then(self.infinite.cmp(&other.infinite))
            .then(self.finite.total_cmp(&other.finite))
    }

    fn is_less(&self, other: &Self) -> bool {
        self.order(other).is_lt()
    }

    /// What rounding made smaller than nothing is nothing.
    fn at_least_nothing(self) -> Self {
        if self.is_less(&Self::default()) { Self::default() } else { self }
    }
}

impl Add for Value {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self {
            numbers: self.numbers + other.numbers,
            infinite: self.infinite + other.infinite,
            finite: self.finite + other.finite,
        }
    }
}

impl Sub for Value {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self {
            numbers: self.numbers - other.numbers,
            infinite: self.infinite - other.infinite,
            finite: self.finite - other.finite,
        }
    }
}

/// How an expert is reached: at what cost, by which sample that moves there, and from which expert. A new sample comes from none.
#[derive(Clone, Copy)]
struct Reached {
    cost: Value,
    sample: usize,
    from: Option<usize>,
}

/// The expert of each sample, where no expert has more than `capacity`; `capacity` times the experts are at least the samples. Of all such assignments one
/// with the fewest scores of NaN, then of −∞ less those of ∞, then with the highest sum of the others.
pub(super) fn assign(rows: &[Vec<f64>], capacity: usize) -> Vec<usize> {
    let experts = rows[0].len();
    let finite = rows.iter().flatten().copied().filter(|score| score.is_finite());
    // So that no sum along a path overflows.
    let scale = if finite.fold(0.0_f64, |m, x| m.max(x.abs())) > 1e200 { 1e-100 } else { 1.0 };
    let values: Vec<Value> = rows.iter().flatten().map(|&x| Value::of(x, scale)).collect();
    let value = |sample: usize, expert: usize| values[sample * experts + expert];

    let mut prices = vec![Value::default(); experts];
    let mut places: Vec<Vec<usize>> = vec![Vec::new(); experts];
    for new in 0..rows.len() {
        let gain =
            |sample: usize, expert: usize, prices: &[Value]| value(sample, expert) - prices[expert];
        let best = (1..experts).fold(gain(new, 0, &prices), |best, expert| {
            let other = gain(new, expert, &prices);
            if best.is_less(&other) { other } else { best }
        });
        let first =
            |expert| Reached { cost: best - gain(new, expert, &prices), sample: new, from: None };
        let mut reached: Vec<Reached> = (0..experts).map(first).collect();
        let mut settled = vec![false; experts];
        let end = loop {
            let nearest = (0..experts)
                .filter(|&expert| !settled[expert])
                .min_by(|&a, &b| reached[a].cost.order(&reached[b].cost))
                .expect("the places are at least as many as the samples");
            if places[nearest].len() < capacity {
                break nearest;
            }
            settled[nearest] = true;
            for &sample in &places[nearest] {
                let here = gain(sample, nearest, &prices);
                for expert in (0..experts).filter(|&expert| !settled[expert]) {
                    let move_costs = (here - gain(sample, expert, &prices)).at_least_nothing();
                    let cost = reached[nearest].cost + move_costs;
                    if cost.is_less(&reached[expert].cost) {
                        reached[expert] = Reached { cost, sample, from: Some(nearest) };
                    }
                }
            }
        };
        // Along the path the new prices make every move cost nothing.
        let length = reached[end].cost;
        for expert in (0..experts).filter(|&expert| settled[expert]) {
            prices[expert] = prices[expert] + (length - reached[expert].cost).at_least_nothing();
        }
        let mut expert = end;
        loop {
            let Reached { sample, from, .. } = reached[expert];
            places[expert].push(sample);
            let Some(from) = from else { break };
            places[from].retain(|&other| other != sample);
            expert = from;
        }
    }
    let mut winners = vec![0; rows.len()];
    for (expert, places) in places.iter().enumerate() {
        for &sample in places {
            winners[sample] = expert;
        }
    }
    winners
}
